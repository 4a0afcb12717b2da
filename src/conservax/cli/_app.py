"""The command line: what all commands share."""

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


def _show_version(asked: bool) -> None:
    if asked:
        print(f"conservax {version('conservax')}")
        raise typer.Exit


@app.callback()
def common(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Learn how a population moves: a density over time and the field that moves it."""


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
SeedOption = Annotated[
    int, typer.Option("--seed", help="Decides everything random.", rich_help_panel="Training")
]
MemoryRowsOption = Annotated[
    int, typer.Option(min=0, help="Stream Parquet files of more rows instead of holding them.")
]

stderr = Console(stderr=True, highlight=False)


class BadInput(Exception):  # noqa: N818
    """Something the user can mend, with the words to say it."""


def say(text: str) -> None:
    """Tell the user something on standard error."""
    stderr.print(escape(text), soft_wrap=True)


def given(context: typer.Context) -> set[str]:
    """Names of the options and arguments that somebody gave."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name != "DEFAULT"}


def flags(names: Iterable[str]) -> str:
    """Names of options as they are typed."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def answer(result: dict[str, Any], as_json: bool, human: str | Grid | Group) -> None:
    """Print the result of a command on standard output."""
    if as_json:
        print(json.dumps(_plain(result), allow_nan=False))
    elif isinstance(human, str):
        print(human)
    else:
        Console(highlight=False).print(human)


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
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
        warnings.showwarning = lambda message, *_, **__: say(f"warning: {message}")
        try:
            for flag in _of_several_words():
                arguments = repeat_flag(flag, arguments)
            app(args=arguments, prog_name="conservax")
        except (DataError, CodecError, CheckpointError, BadInput) as error:
            text = str(error) if isinstance(error, BadInput) else as_flags(str(error))
            stderr.print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
            raise SystemExit(2) from None
        except (DivergedError, EquinoxRuntimeError) as error:
            stderr.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
            raise SystemExit(3) from None


def _of_several_words() -> list[str]:
    """The options of all commands that take several words."""
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
    """A message of the library, which names arguments, with the options of the command line.

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
    """`--columns x y` as `--columns x --columns y`: words up to the next option belong to it."""
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
