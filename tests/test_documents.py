"""What the documents show is true: their Python runs, their command lines parse, their links lead somewhere."""

import re
import shlex
import warnings
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import pytest

from conservax.cli._app import repeat_flag
from conservax.cli._commands import COMMANDS, load_command
from conservax.control import ObstacleWarning
from conservax.train import Stage

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = [*PAGES, ROOT / "CONTRIBUTING.md"]
QUICK = {"README.md"}
STEPS = 3  # of training, in every document
UNCUT = {"divergence_free.md"}  # its law is held to a closed solution at the end
FENCE = re.compile(r"(?:<!-- not run: (?P<why>.+?) -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


class Block(NamedTuple):
    """Python of a document, the line that it begins at, and why it is not run if it is not."""

    code: str
    line: int
    why: str | None


def blocks_of(text):
    return [
        Block(found["code"], text[: found.start("code")].count("\n"), found["why"])
        for found in FENCE.finditer(text)
    ]


def test_a_reason_leaves_a_block_out():
    text = "```python\na\n```\n\n<!-- not run: needs a file -->\n```python\nb\n```\n"
    assert blocks_of(text) == [Block("a\n", 1, None), Block("b\n", 6, "needs a file")]


def pages_with_python():
    for page in PAGES:
        if blocks_of(page.read_text()):
            marks = [] if page.name in QUICK else [pytest.mark.slow]
            yield pytest.param(page, id=page.name, marks=marks)


@pytest.fixture
def few_steps(monkeypatch):
    """All training ends after few steps: what a document shows is that it runs, not how well."""
    made = Stage.__init__
    short = lambda self, steps, objective: made(self, min(steps, STEPS), objective)  # noqa: E731
    monkeypatch.setattr(Stage, "__init__", short)


def run(page, folder):
    """The names that the Python of a page leaves behind, run in order in a folder of its own."""
    names = {"__name__": page.stem}
    for block in blocks_of(page.read_text()):
        if block.why is None:
            code = compile("\n" * block.line + block.code, str(page), "exec")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ObstacleWarning)  # plans of few steps hit them
                warnings.filterwarnings("ignore", "trips.parquet: .* a batch at a time")
                exec(code, names)
    return names


@pytest.mark.parametrize("page", list(pages_with_python()))
def test_python_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    if page.name not in UNCUT:
        request.getfixturevalue("few_steps")
    names = run(page, tmp_path)
    if page.name == "README.md":
        assert (tmp_path / "streamlines.png").stat().st_size > 10_000
    if page.name == "divergence_free.md":
        found = names["law"].log_prob(jnp.array(1.0), jnp.array([0.5]))
        truth = names["solution"].log_prob(1.0, jnp.array([0.5]))
        assert float(found) == pytest.approx(float(truth), abs=0.05)


def test_few_blocks_are_left_out():
    left_out = [block for page in PAGES for block in blocks_of(page.read_text()) if block.why]
    assert len(left_out) <= 4


# ---- command lines


def command_lines():
    """`conservax ...` in code blocks, whole; and in running text, where words may be left out."""
    for page in TEXTS:
        text = page.read_text()
        for line in re.findall(r"^ {4}(conservax .+)$", text, flags=re.MULTILINE):
            yield pytest.param(line, True, id=f"{page.name}: {line}")
        for line in re.findall(r"`(conservax [^`]+)`", text):
            yield pytest.param(" ".join(line.split()), False, id=f"{page.name}: `{line}`")


def refusal(line, whole):
    """Why the command line would refuse these words, before it does anything; None if it would not."""
    words = shlex.split(line.split("  #")[0].replace("[--json]", "--json"))[1:]
    if words[0].startswith("-"):
        return None if words[0] in ("--help", "--version") else f"no option {words[0]}"
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    command = load_command(words[0])
    flags = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    unknown = [w for w in words[1:] if re.match(r"--?[a-z]", w) and w not in {*flags, "--help"}]
    if unknown:
        return f"no option {unknown[0]}"
    if not whole or "--help" in words:
        return None
    for option in command.params:
        if getattr(option, "multiple", False):
            for flag in option.opts:
                words = repeat_flag(flag, words)
    try:
        command.make_context("conservax", words[1:])
    except Exception as error:  # of the copy of click that typer brings along
        return getattr(error, "message", "") or str(error) or type(error).__name__
    return None


@pytest.mark.parametrize(
    ("line", "whole", "found"),
    [
        ("conservax fit a.csv --columns x y --test 0.2 --out run", True, None),
        ("conservax fit ... --window 10d", False, None),
        ("conservax fit a.csv --history", False, "no option --history"),
        ("conservax bench", True, "no command bench"),
        ("conservax fit a.csv --test much", True, "number"),
        ("conservax fit a.csv --model bumps", True, "bumps"),
        ("conservax score run", True, "Missing"),
    ],
)
def test_words_are_refused_for_a_reason(line, whole, found):
    error = refusal(line, whole)
    assert error is None if found is None else found.lower() in error.lower()


@pytest.mark.parametrize(("line", "whole"), list(command_lines()))
def test_a_command_line_of_a_document_parses(line, whole):
    assert refusal(line, whole) is None


def test_there_are_command_lines_to_parse():
    assert len(list(command_lines())) > 20


# ---- links


def anchors_of(text):
    """What GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for name, anchor in LINK.findall(page.read_text()):
        there = page.parent / name if name else page
        assert there.exists(), name
        assert not anchor or anchor in anchors_of(there.read_text()), f"{name}#{anchor}"


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 90
