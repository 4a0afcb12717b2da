"""Results of a benchmark of fields: metrics, claims, and a picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.claim import Claim, Findings
from conservax.data import check_output_folder

METRICS, PICTURE = "metrics.csv", "picture.png"


@dataclass(frozen=True)
class Drawn:
    """Metrics of a benchmark, one row each; claims; published results; and how to draw them."""

    frame: pd.DataFrame
    claims: tuple[Claim, ...]
    published: str
    draw: Callable[[Path], None]


def keep(work: Callable[[], Drawn], out: Path, force: bool) -> Findings:
    """Do the work, if a folder of this name may be made, and write its metrics and picture there."""
    check_output_folder(out, force)
    found = work()
    out.mkdir(parents=True, exist_ok=True)
    found.frame.to_csv(out / METRICS, index=False)
    found.draw(out / PICTURE)
    return Findings(
        found.frame.to_dict("records"),
        found.claims,
        {"out": out, "published": found.published},
    )
