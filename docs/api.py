"""Writes docs/api.md: every public name with what it is for. Run: python docs/api.py."""

import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType

import conservax

PAGE = Path(__file__).with_name("api.md")
HEAD = """# Reference

Every public name, and the first sentence of its documentation; `help(name)` shows the whole.
Written by `python docs/api.py`."""


def text() -> str:
    """The page, from the docstrings of the package."""
    parts = {name: getattr(conservax, name) for name in conservax.__all__}
    rooms = {f"conservax.{name}": p for name, p in parts.items() if inspect.ismodule(p)}
    sections = [section(name, room) for name, room in ({"conservax": conservax} | rooms).items()]
    return "".join([HEAD, "\n", *sections])


def section(name: str, part: ModuleType) -> str:
    """A heading, what the part is, and a row per public name of it; empty if there is none."""
    names = [public for public in part.__all__ if not inspect.ismodule(getattr(part, public))]
    rows = [f"| `{public}` | {first_sentence(getattr(part, public))} |" for public in names]
    table = "\n".join(["| name | what it is |", "|---|---|", *rows])
    return f"\n## {name}\n\n{first_sentence(part)}\n\n{table}\n" if rows else ""


def first_sentence(thing: object) -> str:
    """Of the docstring, on one line; empty for a constant, which has none of its own."""
    if not (inspect.ismodule(thing) or inspect.isclass(thing) or inspect.isroutine(thing)):
        return ""
    paragraph = textwrap.dedent(thing.__doc__ or "").strip().split("\n\n")[0]
    line = " ".join(paragraph.split()).replace("|", "\\|")
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", line)[0]


if __name__ == "__main__":
    PAGE.write_text(text())
