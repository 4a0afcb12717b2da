"""All checks of a law, in one report."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey
from conservax.check._calibration import check_calibration
from conservax.check._draws import draw_rows, law_dtype, random_times
from conservax.check._flux_at_infinity import check_flux_at_infinity
from conservax.check._mass import check_mass
from conservax.check._residual import check_residual
from conservax.check._result import CheckReport
from conservax.check._samples import check_samples
from conservax.density import AbstractAutoregressiveDensity
from conservax.law import ConservationLaw

FEWEST = 100  # points that still distinguish a law from a broken one
WITHOUT_CONDITIONALS = (
    "Not checked: mass, samples and calibration. They need conditional distributions, which the "
    "density does not have (it is not an AbstractAutoregressiveDensity)."
)


def check(
    law: ConservationLaw,
    *,
    key: PRNGKey,
    t: Float[Array | np.ndarray, " rows"] | None = None,
    x: Float[Array | np.ndarray, "rows dim"] | None = None,
    condition: Float[Array | np.ndarray, "rows condition_dim"] | None = None,
    points: int = 1000,
) -> CheckReport:
    """Check what a law claims, without using how it is built.

    Continuity and Fokker-Planck residuals, total mass, spurious flux, samples against CDFs and, with
    held-out rows, their calibration. Mass, samples and calibration need conditionals:
    they are left out, and the notes say so, where the density is not an
    `AbstractAutoregressiveDensity`.

    **Arguments:**

    - `law`: at most autoregressive densities above two dimensions.
    - `key`: for the points that are probed.
    - `t`, `x`: held-out rows, in law units: times in [0, 1], standardised positions.
    - `condition`: of the rows; without rows, the conditions to probe. Needed by laws that have one.
    - `points`: drawn from the law. Above ten dimensions fewer are differentiated, for their cost.

    **Returns:** a `CheckReport`; `print` shows a table.

    **Raises:** `ValueError` for shapes that do not fit the law, or fewer than 100 points.
    """
    if points < FEWEST:
        raise ValueError(f"expected points >= {FEWEST}; got {points}.")
    held_out = _rows(law, t, x, condition)
    conditions = None if condition is None else jnp.asarray(condition, law_dtype(law))
    times_key, draw_key, mass_key, far_key = jax.random.split(key, 4)
    times = jnp.asarray(random_times(times_key, points, law))
    rows = draw_rows(law, draw_key, times, conditions)
    differentiated = min(points, max(64, 10 * points // law.dim))
    few = jax.tree.map(lambda leaf: leaf[:differentiated], rows)
    ranked = isinstance(law.density, AbstractAutoregressiveDensity)
    results = list(check_residual(law, few))
    if ranked:
        results.append(check_mass(law, rows, mass_key))
    results += check_flux_at_infinity(law, rows, far_key)
    if ranked:
        results.append(check_samples(law, rows))
    if ranked and held_out is not None:
        results.append(check_calibration(law, held_out))
    return CheckReport(tuple(results), () if ranked else (WITHOUT_CONDITIONALS,))


def _rows(law, t, x, condition):
    """The held-out rows as arrays of the law's precision, or None."""
    if (t is None) != (x is None):
        raise ValueError("expected t and x together; got one of them.")
    if condition is not None and not law.condition_dim:
        raise ValueError(f"expected no condition for this law; got {jnp.shape(condition)}.")
    got = None if condition is None else jnp.shape(condition)
    if law.condition_dim and (got is None or got[1:] != (law.condition_dim,)):
        raise ValueError(
            f"expected conditions of shape (rows, {law.condition_dim}); got {got}. "
            "Pass some that occur in the data."
        )
    if t is None or x is None:
        return None
    dtype = law_dtype(law)
    t, x = jnp.asarray(t, dtype), jnp.asarray(x, dtype)
    shapes = (t.shape, x.shape)
    rows = t.shape[0] if t.ndim == 1 else -1
    if shapes != ((rows,), (rows, law.dim)) or rows == 0:
        raise ValueError(f"expected t (rows,) and x (rows, {law.dim}); got {shapes}.")
    if condition is not None and len(condition) != rows:
        raise ValueError(f"expected a condition for each of {rows} rows; got {len(condition)}.")
    return t, x, None if condition is None else jnp.asarray(condition, dtype)
