"""What a benchmark of fields comes to: figures, the claims they are held to, and a picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import pandas as pd

from conservax.objective import Rows


@dataclass(frozen=True)
class Claim:
    """A figure that must stay at or below its limit."""

    name: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it does; a figure that is no number does not."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Findings:
    """Figures of a benchmark, a line each; claims; what was published; and how to draw them."""

    frame: pd.DataFrame
    claims: tuple[Claim, ...]
    published: str
    draw: Callable[[Path], None]


def no_rows(dim: int) -> Rows:
    """One row that nobody looks at, for objectives that draw their points themselves."""
    return Rows(jnp.zeros(1), jnp.zeros((1, dim)))
