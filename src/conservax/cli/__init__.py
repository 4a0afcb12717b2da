"""Command line: one file per command."""

from conservax.cli._app import main as main

__all__ = ["main"]
