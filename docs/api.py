"""Writes docs/api.md: every public name with what it is for. Run: python docs/api.py."""

import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType

import conservax

PAGE = Path(__file__).with_name("api.md")


def text() -> str:
    """The page, from the docstrings of the package."""
    parts = [(name, getattr(conservax, name)) for name in sorted(vars(conservax))]
    rooms = [
        (f"conservax.{n}", p) for n, p in parts if inspect.ismodule(p) and not n.startswith("_")
    ]
    return "\n".join(
        [
            "# Reference",
            "",
            "Every public name, and the first sentence of its documentation; `help(name)` shows the whole. Written by `python docs/api.py`.",
            *(
                line
                for name, room in [("conservax", conservax), *rooms]
                for line in section(name, room)
            ),
            "",
        ]
    )


def section(name: str, part: ModuleType) -> list[str]:
    """A heading, what the part is, and a row per public name of it."""
    names = [public for public in part.__all__ if not inspect.ismodule(getattr(part, public))]
    rows = [f"| `{public}` | {first_sentence(getattr(part, public))} |" for public in names]
    return [
        "",
        f"## {name}",
        "",
        first_sentence(part),
        "",
        "| name | what it is |",
        "|---|---|",
        *rows,
    ]


def first_sentence(thing: object) -> str:
    """Of the docstring, on one line; empty for a constant, which has none of its own."""
    if not (inspect.ismodule(thing) or inspect.isclass(thing) or inspect.isroutine(thing)):
        return ""
    paragraph = textwrap.dedent(thing.__doc__ or "").strip().split("\n\n")[0]
    line = " ".join(paragraph.split()).replace("|", "\\|")
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", line)[0]


if __name__ == "__main__":
    PAGE.write_text(text())
