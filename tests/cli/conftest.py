"""The command line, driven as a user does."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from conservax.cli import main

TINY = "--kinetic-weight 0 --steps 30 --width 16 --depth 1 --components 3 --batch-size 32"


@pytest.fixture(scope="session")
def run() -> Callable[..., int]:
    """Exit code of a command."""

    def command(*arguments):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            return stop.code or 0
        return 0

    return command


@pytest.fixture
def answer(run, capsys) -> Callable[..., tuple[int, Any]]:
    """Exit code, and the JSON object that a command prints and nothing else on standard output."""

    def command(*arguments):
        capsys.readouterr()
        code = run(*arguments, "--json")
        return code, json.loads(capsys.readouterr().out)

    return command


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Options of a small fit; the first two are the kinetic weight."""
    return TINY.split()
