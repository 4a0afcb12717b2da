"""Command line: one file per command."""

from conservax.cli import (
    _annotate,
    _check,
    _demo,
    _fit,
    _info,
    _plan,
    _report,
    _sample,
    _score,
    _transport,
)
from conservax.cli._app import main as main

__all__ = [
    "_annotate",
    "_check",
    "_demo",
    "_fit",
    "_info",
    "_plan",
    "_report",
    "_sample",
    "_score",
    "_transport",
    "main",
]
