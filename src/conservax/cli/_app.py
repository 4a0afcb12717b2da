"""Command line: the application, common options, messages and exit codes."""

import json
import math
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table as Grid

import conservax
from conservax.cli._commands import COMMANDS, app, load_command


def _show_version(requested: bool) -> None:
    if requested:
        print(f"conservax {version('conservax')}")
        raise typer.Exit


@app.callback()
def common(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Learn how a population moves: its density over time and its velocity field."""


OUTPUT = "Output"
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object and nothing else on standard output.",
        rich_help_panel=OUTPUT,
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace what is at --out.", rich_help_panel=OUTPUT)
]
SeedOption = Annotated[int, typer.Option("--seed", help="Random seed.", rich_help_panel="Training")]
MemoryRowsOption = Annotated[
    int, typer.Option(min=0, help="Stream Parquet files of more rows instead of holding them.")
]

stderr = Console(stderr=True, highlight=False)


class BadInput(Exception):  # noqa: N818
    """An error in the input, with a message for the user."""


def log(text: str) -> None:
    """Print a message on standard error."""
    stderr.print(escape(text), soft_wrap=True)


def explicit(context: typer.Context) -> set[str]:
    """Names of the explicit options and arguments, those that are not defaults."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name != "DEFAULT"}


def flags(names: Iterable[str]) -> str:
    """Names of options as flags."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def answer(result: dict[str, Any], as_json: bool, text: str | Grid | Group) -> None:
    """Print the result of a command on standard output, as JSON or as text."""
    if as_json:
        print(json.dumps(_plain(result), allow_nan=False))
    elif isinstance(text, str):
        print(text)
    else:
        Console(highlight=False).print(text)


def _plain(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not have, by None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Exit code 0 done, 1 a check failed, 2 bad input, 3 numbers broke."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    with warnings.catch_warnings():
        warnings.filterwarnings("always", message="extrapolation")
        warnings.showwarning = lambda message, *_, **__: log(f"warning: {message}")
        try:
            for flag in _multiple_flags(arguments):
                arguments = repeat_flag(flag, arguments)
            app(args=arguments, prog_name="conservax")
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            text = as_flags(str(error)) if code == 2 else str(error)
            stderr.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
            raise SystemExit(code) from None


def _exit_code(error: Exception) -> int | None:
    """2 for bad input, 3 for numbers that broke, None for a fault of the program."""
    from equinox import EquinoxRuntimeError

    bad_input = (conservax.DataError, conservax.CodecError, conservax.train.CheckpointError)
    broken = (conservax.train.DivergedError, EquinoxRuntimeError, FloatingPointError)
    return (
        2 if isinstance(error, (BadInput, *bad_input)) else 3 if isinstance(error, broken) else None
    )


def _multiple_flags(arguments: Sequence[str]) -> list[str]:
    """Flags of the command that is called which take several values."""
    called = next((word for word in arguments if not word.startswith("-")), None)
    options = load_command(called).params if called in COMMANDS else []
    return sorted(
        flag for option in options if getattr(option, "multiple", False) for flag in option.opts
    )


def as_flags(text: str) -> str:
    """Replace names of arguments in a message of the library by flags of the command line.

    `growth_weight=0.1` becomes `--growth-weight 0.1`, and `growth_weight` `--growth-weight`.
    """
    names = {option.name for name in COMMANDS for option in load_command(name).params}
    for name in sorted(filter(None, names), key=len, reverse=True):
        flag = f"--{name.replace('_', '-')}"
        text = re.sub(rf"\b{name}=(?=True\b)True", flag, text)
        text = re.sub(rf"\b{name}=", f"{flag} ", text)
        if "_" in name:
            text = re.sub(rf"\b{name}\b", flag, text)
    return text


def repeat_flag(flag: str, arguments: Sequence[str]) -> list[str]:
    """Expand `--columns x y` to `--columns x --columns y`, up to the next option."""
    result: list[str] = []
    taking = first = False
    for word in arguments:
        if word == flag:
            taking, first = True, True
            continue
        if taking and word.startswith("-") and not word[1:2].isdigit():
            taking = False
            if first:
                result.append(flag)
        result += [flag, word] if taking else [word]
        first = False
    return [*result, flag] if taking and first else result
