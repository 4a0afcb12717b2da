"""The HTML page that reports share: its frame and style, and the scripts of a picture."""

import json
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files
from string import Template
from typing import Any

SCRIPTS = ("drawing.js", "pictures.js", "page.js")


def page(
    *,
    title: str,
    heading: str,
    lead: str,
    key_metrics: str,
    sections: Sequence[str],
    picture: dict[str, Any] | None = None,
) -> str:
    """A page that opens offline; all arguments but `picture` are HTML.

    **Arguments:**

    - `sections`: in order; empty ones are left out.
    - `picture`: what the scripts draw on the canvas of one of the sections; without it the page has
      no script, and its policy allows none.
    """
    script = ""
    if picture is not None:
        code = "\n".join(map(read_part, SCRIPTS))
        script = Template(read_part("script.html")).substitute(data=_for_script(picture), code=code)
    return Template(read_part("page.html")).substitute(
        policy="" if picture is None else "script-src 'unsafe-inline'; ",
        title=title,
        css=read_part("page.css"),
        heading=heading,
        lead=lead,
        key_metrics=key_metrics,
        sections="\n\n".join(filter(None, sections)),
        version=escape(version("conservax")),
        script=script,
    )


def read_part(name: str) -> str:
    """The text of a file beside this one."""
    return files("conservax.report").joinpath(name).read_text(encoding="utf-8")


def _for_script(value: Any) -> str:
    """JSON in which no name can end the script element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
