"""`conservax bench`: what stands on divergence-free fields, and equations for densities."""

from pathlib import Path

import pandas as pd
import typer
from rich.console import Group
from rich.table import Table as Grid

from conservax.bench import (
    HODGE_LIMITS,
    PLANE_DENSITIES,
    Findings,
    bench_divfree,
    bench_fluids,
    bench_fokker_planck,
    bench_hodge,
    bench_transport2d,
)
from conservax.check import digits_apart
from conservax.cli._app import BadInput, answer, say
from conservax.data import check_out_folder

FIELD_BENCHES = {
    "divfree": bench_divfree,
    "fluids": bench_fluids,
    "fokker-planck": bench_fokker_planck,
    "hodge": bench_hodge,
    "transport2d": bench_transport2d,
}
ROWS = {"hodge": tuple(map(str, HODGE_LIMITS)), "transport2d": PLANE_DENSITIES}
FIGURES, PICTURE = "figures.csv", "picture.png"


def bench_fields_command(
    name: str, rows: list[str] | None, *, quick: bool, out: Path, force: bool, as_json: bool
) -> None:
    """Figures and a picture in the folder `out`; figures and claims on the terminal.

    `rows` are dimensions of hodge, or densities of transport2d, pair by pair. Exit code 1 if a
    claim of the full form is missed.
    """
    chosen = {"rows": _known_rows(name, rows)} if rows else {}
    check_out_folder(out, force)
    found = FIELD_BENCHES[name](**chosen, quick=quick, say=say)
    out.mkdir(parents=True, exist_ok=True)
    found.frame.to_csv(out / FIGURES, index=False)
    found.draw(out / PICTURE)
    claims = [
        {"name": claim.name, "value": claim.value, "limit": claim.limit, "holds": claim.holds}
        for claim in found.claims
    ]
    result = {
        "out": str(out),
        "quick": quick,
        "rows": found.frame.to_dict("records"),
        "claims": claims,
        "published": found.published,
    }
    answer(result, as_json, Group(_figures(found), _claims(found), f"[dim]{found.published}[/]"))
    if not quick and not all(claim.holds for claim in found.claims):
        raise typer.Exit(1)


def _known_rows(name: str, rows: list[str]) -> tuple[str, ...]:
    if name not in ROWS:
        raise BadInput(f"expected no --rows for {name}. Leave them out.")
    unknown = [row for row in rows if row not in ROWS[name]]
    if unknown:
        raise BadInput(f"expected --rows of {', '.join(ROWS[name])}; got {unknown}.")
    return tuple(dict.fromkeys(rows))


def _figures(found: Findings) -> Grid:
    grid = Grid(*map(str, found.frame.columns))
    for line in found.frame.to_dict("records"):
        grid.add_row(*(_cell(value) for value in line.values()))
    return grid


def _cell(value) -> str:
    if pd.isna(value):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _claims(found: Findings) -> Grid:
    grid = Grid("claim", "figure", "at most", "")
    for claim in found.claims:
        passed = "[green]holds[/]" if claim.holds else "[red]missed[/]"
        digits = digits_apart(claim.value, claim.limit)
        figures = (f"{figure:.{digits}g}" for figure in (claim.value, claim.limit))
        grid.add_row(claim.name, *figures, passed)
    return grid
