"""Command line of a benchmark, and its findings on a terminal or as JSON."""

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from benchmarks.claim import Benchmark, Claim, Findings, Option

WIDE = 8  # metrics of a row that are shown side by side; more are shown below each other
PAGE = 140  # columns without a terminal


def run_benchmark(name: str, about: str, benchmark: Benchmark, words: Sequence[str]) -> int:
    """Run a benchmark with the options in `words`, and print its results.

    **Returns:** the exit code: 0, or 1 if a claim is missed that was made for this form.
    """
    parser = parser_of(name, about, benchmark.options)
    chosen = vars(parser.parse_args(words))
    quick, as_json = chosen.pop("quick"), chosen.pop("json")
    for option, value in chosen.items():
        _check(parser, option, value, benchmark.options[option])
        if isinstance(value, list):
            chosen[option] = tuple(dict.fromkeys(value))  # each name once
    with contextlib.redirect_stdout(sys.stderr):  # what is printed meanwhile is progress
        found = benchmark(quick=quick, **chosen)
    if as_json:
        print(json.dumps(_plain(_object(found, quick)), allow_nan=False))
    else:
        _show(found, quick)
    made = [claim for claim in found.claims if claim.also_quick or not quick]
    return int(not all(claim.passed for claim in made))


# ---- options


def parser_of(name: str, about: str, options: Mapping[str, Option]) -> argparse.ArgumentParser:
    """The command line of one benchmark, with the options that it declares and no other."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=about,
        epilog=_known_names(options),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--quick", action="store_true", help="smaller and faster, no verdict")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    for option, known in options.items():
        flag, default = f"--{option.replace('_', '-')}", argparse.SUPPRESS
        if known.default is False:
            parser.add_argument(flag, action="store_true", help=known.help, default=default)
            continue
        several = isinstance(known.default, tuple)
        parser.add_argument(
            flag,
            type=str if several else type(known.default),
            nargs="+" if several else None,
            default=default,
            metavar="NAME" if several or known.among else option.upper(),
            help=_help(known),
        )
    return parser


def _help(option: Option) -> str:
    """Help of an option, and its defaults where they are not a list of names."""
    if isinstance(option.default, tuple):
        return option.help
    quick = "" if option.quick is None else f", {option.quick} with --quick"
    return f"{option.help} ({option.default}{quick})".replace("%", "%%")


def _known_names(options: Mapping[str, Option]) -> str:
    """Names that options choose among."""
    parts = []
    for option, known in options.items():
        if isinstance(known.among, Mapping):
            lines = "\n".join(f"  {name}: {what}" for name, what in known.among.items())
            parts.append(f"--{option}:\n{lines}")
        elif known.among:
            parts.append(f"--{option}: {', '.join(known.among)}")
    return "\n\n".join(parts)


def _check(parser: argparse.ArgumentParser, name: str, value: Any, option: Option) -> None:
    """Refuse names that are not known, and numbers below the least."""
    names = value if isinstance(value, list) else [value]
    unknown = [word for word in names if option.among and word not in option.among]
    if unknown:
        parser.error(f"expected --{name} of {', '.join(option.among)}; got {unknown}.")
    if isinstance(value, int | float) and value < option.least:
        parser.error(f"expected --{name} of at least {option.least}; got {value}.")


# ---- results


def _object(found: Findings, quick: bool) -> dict[str, Any]:
    claims = [
        {"name": claim.name, "value": claim.value, "limit": claim.limit, "passed": claim.passed}
        for claim in found.claims
    ]
    return {"rows": list(found.rows), "claims": claims, "quick": quick, **found.more}


def _plain(value: Any) -> Any:
    """Value as JSON: numbers of Python, text for paths, and null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # a number of NumPy
        value = value.item()
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(found: Findings, quick: bool) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PAGE)
    if found.shown is not None:
        console.print(found.shown)
    else:
        console.print(_grid(found.rows))
        for name, what in found.more.items():
            if isinstance(what, list):
                console.print(f"\n{escape(name)}", _grid(what), sep="\n")
            else:
                console.print(f"[dim]{escape(f'{name}: {what}')}[/]")
    if found.claims:
        console.print(_claims(found.claims, quick))


def _grid(rows: Sequence[Mapping[str, Any]]) -> Grid:
    """Table of a line per row; where a row has many metrics and rows are fewer, a line per metric."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if len(columns) > max(WIDE, len(rows)):
        grid = Grid(show_header=False)
        for name in columns:
            grid.add_row(escape(name), *(_cell(row.get(name)) for row in rows))
        return grid
    grid = Grid(*map(escape, columns))
    for row in rows:
        grid.add_row(*(_cell(row.get(name)) for name in columns))
    return grid


def _cell(value: Any) -> str:
    value = value.item() if hasattr(value, "item") else value
    if value is None or value != value:
        return ""
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))


def _claims(claims: Sequence[Claim], quick: bool) -> Grid:
    grid = Grid("claim", "value", "limit", "")
    for claim in claims:
        sign = "≥" if claim.at_least else "≤"
        verdict = "[green]PASS[/]" if claim.passed else "[red]FAIL[/]"
        if quick and not claim.also_quick:
            verdict += ", of the full form"
        grid.add_row(escape(claim.name), f"{claim.value:.4g}", f"{sign} {claim.limit:.4g}", verdict)
    return grid
