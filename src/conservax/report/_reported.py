"""What a model must offer to be reported on."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from jaxtyping import Float

from conservax.data import Split, Table, Units


class CheckResult(Protocol):
    """One figure of the check, and the limit it was held to."""

    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float: ...

    @property
    def limit(self) -> float: ...

    @property
    def passed(self) -> bool: ...

    @property
    def detail(self) -> str: ...


class CheckReport(Protocol):
    """All figures of the check."""

    @property
    def results(self) -> Sequence[CheckResult]: ...

    @property
    def passed(self) -> bool: ...


class ReportedModel(Protocol):
    """A model in the units of its data: rows in, rows out; times one a row."""

    @property
    def units(self) -> Units:
        """Names, time axis, standardisation."""
        ...

    @property
    def split(self) -> Split | None:
        """The rows it was made from, None if they are not at hand."""
        ...

    @property
    def history(self) -> pd.DataFrame:
        """Columns step, train, validation, and one a term of the objective; may be empty."""
        ...

    @property
    def settings(self) -> dict[str, Any]:
        """How it was fitted: plain JSON."""
        ...

    def log_prob(self, t: Any, x: Any) -> Float[np.ndarray, " rows"]:
        """log rho_t(x), nats, in data units."""
        ...

    def sample(self, t: Any, n: int, *, seed: int = 0) -> Float[np.ndarray, "n dim"]:
        """One draw at each of `n` times."""
        ...

    def velocity(self, t: Any, x: Any) -> Float[np.ndarray, "rows dim"]:
        """Data units per unit of time (a day for timestamps)."""
        ...

    def calibration(self, table: Table) -> Float[np.ndarray, "rows dim"]:
        """Rosenblatt values in [0, 1]."""
        ...

    def check(self) -> CheckReport:
        """Conservation, mass, goodness of fit."""
        ...
