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
from equinox import EquinoxRuntimeError
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table as Grid

from conservax.data import DataError
from conservax.model import CodecError, ExtrapolationWarning
from conservax.train import CheckpointError, DivergedError

app = typer.Typer(
    name="conservax",
    epilog="Start with: conservax demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
        warnings.filterwarnings("always", category=ExtrapolationWarning)
        warnings.showwarning = lambda message, *_, **__: log(f"warning: {message}")
        try:
            for flag in _multiple_flags():
                arguments = repeat_flag(flag, arguments)
            app(args=arguments, prog_name="conservax")
        except (DataError, CodecError, CheckpointError, BadInput) as error:
            text = str(error) if isinstance(error, BadInput) else as_flags(str(error))
            stderr.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
            raise SystemExit(2) from None
        except (DivergedError, EquinoxRuntimeError) as error:
            stderr.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
            raise SystemExit(3) from None


def _multiple_flags() -> list[str]:
    """Flags of all commands that take several values."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return sorted(
        {
            flag
            for command in commands.values()
            for option in command.params
            if getattr(option, "multiple", False)
            for flag in option.opts
        }
    )


def as_flags(text: str) -> str:
    """Replace names of arguments in a message of the library by flags of the command line.

    `growth_weight=0.1` becomes `--growth-weight 0.1`, and `growth_weight` `--growth-weight`.
    """
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    names = {option.name for command in commands.values() for option in command.params}
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
