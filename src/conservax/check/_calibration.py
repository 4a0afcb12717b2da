"""Calibration by ranks under the law: uniform if points and law agree.

The Rosenblatt transform u_i = F_i(x_i | x_<i, t) sends points of the law to the uniform
distribution on the cube [rosenblatt1952]; users of simulation-based inference know the picture.
"""

import jax
import numpy as np
from jaxtyping import Array, Float

from conservax._programs import padded_length, program
from conservax.check._draws import LawPoints
from conservax.check._result import CheckResult
from conservax.density import AbstractAutoregressiveDensity
from conservax.law import ConservationLaw

LEVEL = 1e-3  # a true law fails once in a thousand
BATCH = 8192  # rows at once, however many there are
SLACK = 0.05  # a fitted law is never exact: Kolmogorov distance that is allowed


def calibration(
    law: ConservationLaw,
    t: Float[Array, " rows"],
    x: Float[Array, "rows dim"],
    condition: Float[Array, "rows condition_dim"] | None = None,
) -> Float[np.ndarray, "rows dim"]:
    """Rank of every coordinate among what the law expects given the coordinates before it.

    **Arguments:**

    - `law`: with an autoregressive density.
    - `t`, `x`, `condition`: rows, in law units.

    **Returns:** u in [0, 1], shape `(rows, dim)`: uniform and independent where the law is right.

    **Raises:** `TypeError` if the density has no conditional CDF.
    """
    if not isinstance(law.density, AbstractAutoregressiveDensity):
        raise TypeError(
            "expected a density with conditional CDFs (AbstractAutoregressiveDensity); got "
            f"{type(law.density).__name__}. Compare samples with `wasserstein` instead."
        )
    rows = (t, x) if condition is None else (t, x, condition)
    if not len(t):
        return np.zeros((0, law.dim))
    index = np.minimum(np.arange(padded_length(len(t))), len(t) - 1)
    padded = (np.asarray(column)[index] for column in rows)
    return np.asarray(_ranks(law.density, *padded))[: len(t)]


def ecdf_band(rows: int, level: float = 0.95) -> float:
    """Half width of the band that holds the whole ECDF of `rows` uniform draws.

    With probability `level`, |ECDF(u) - u| stays below it for all u at once: the exact quantile of
    Kolmogorov's distance.
    """
    from scipy import stats

    return float(stats.kstwo.ppf(level, rows))


def check_calibration(law: ConservationLaw, rows: LawPoints) -> CheckResult:
    """Calibration of held-out rows: Kolmogorov's distance of the worst coordinate.

    The limit is the distance that exact samples of this size exceed once in a thousand, over all
    coordinates, plus 0.05: a law fitted to data is close, never exact.
    """
    return ranks_result(calibration(law, *rows), "calibration", "held-out ranks")


def ranks_result(ranks: Float[np.ndarray, "rows dim"], name: str, what: str) -> CheckResult:
    """Kolmogorov's distance of the worst column of ranks, against the limit above."""
    from scipy import stats

    distances = [stats.kstest(u, "uniform").statistic for u in ranks.T]
    count, dim = ranks.shape
    value, worst = float(np.max(distances)), int(np.argmax(distances))
    limit = float(stats.kstwo.isf(LEVEL / dim, count)) + SLACK
    detail = f"Kolmogorov distance of {count} {what} in coordinate {worst}, the worst"
    return CheckResult(name, value, limit, value <= limit, detail)


@program(effort="least")
def _ranks(density, t, x, condition=None):
    cdf = density.conditional_cdf
    return jax.lax.map(lambda row: cdf(*row), (t, x, condition), batch_size=BATCH)
