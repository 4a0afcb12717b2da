"""Registry of file formats, and the lists in help and documents that follow it."""

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

import conservax
from conservax.cli import main
from conservax.data import FORMATS, readable_formats, writable_formats

FOLDER = Path(conservax.__file__).parent / "data" / "read" / "formats"
ROOT = Path(__file__).parents[2]
WRITABLE = [each for each in FORMATS if each.write is not None]


def test_every_module_is_in_the_registry():
    modules = {path.stem for path in FOLDER.glob("_*.py")} - {"__init__"}
    assert {each.read.__module__.rsplit(".", 1)[-1] for each in FORMATS} == modules


def test_a_suffix_stands_for_one_format():
    suffixes = [each.suffix for each in FORMATS]
    for suffix in suffixes:
        assert suffix == suffix.lower()
        assert [other for other in suffixes if suffix.endswith(other)] == [suffix]


def test_extras_can_be_installed():
    known = metadata("conservax").get_all("Provides-Extra") or []
    assert {each.extra for each in FORMATS if each.extra} <= set(known)


@pytest.mark.parametrize(
    ("words", "formats"), [(readable_formats, FORMATS), (writable_formats, WRITABLE)]
)
def test_lists_in_words_have_each_name_once(words, formats):
    assert re.split(", | or ", words()) == list(dict.fromkeys(each.name for each in formats))


@pytest.mark.parametrize(
    ("command", "words"),
    [("fit", readable_formats), ("sample", writable_formats), ("transport", writable_formats)],
)
def test_the_help_of_a_command_lists_formats(command, words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert words() in capsys.readouterr().out


@pytest.mark.parametrize("page", ["README.md", "docs/fitting.md"])
def test_documents_name_every_format(page):
    text = (ROOT / page).read_text()
    assert [each.name for each in FORMATS if each.name not in text] == []
