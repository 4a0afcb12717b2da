"""Does the density integrate to one? By quadrature of `log_prob`.

In one and two dimensions rho itself is integrated. Above, an integral over all of space would be a
rough guess; but the density is a product of conditionals (11), and its mass is one if the integral
of every conditional over its own coordinate is one, wherever the coordinates before it are. So
conditionals are integrated along lines through points of the law, and their product is held against
`log_prob`.

The CDFs only say where to look: points of given log-odds, far into the tails, are landmarks for the
quadrature. Landmarks in the wrong place would lose mass, not hide that it is wrong.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey
from conservax.check._draws import Rows
from conservax.check._quadrature import integrate
from conservax.check._result import CheckResult
from conservax.density import AbstractAutoregressiveDensity
from conservax.law import ConservationLaw

TIMES = (0.0, 0.5, 1.0)
LINES = 24
LANDMARKS = 2048
FARTHEST = 20.0  # log-odds of the landmarks: 4e-9 of the mass lies beyond
CHUNK = 1 << 12  # points evaluated at once: one compiled shape
LIMIT = {32: 1e-4, 64: 1e-6}  # by bits of the law's precision
UNRESOLVED = 5e-3  # quadrature error that is forgiven at most: a mass of 1.01 always fails


def check_mass(law: ConservationLaw, rows: Rows, key: PRNGKey) -> CheckResult:
    """|mass - 1|, the worst of several times or lines.

    The limit grows by what the quadrature leaves open: nothing but on the roughest laws, and never
    more than 0.005.

    **Raises:** `TypeError` if the density has no conditional CDF.
    """
    density = law.density
    if not isinstance(density, AbstractAutoregressiveDensity):
        raise TypeError(
            f"expected an AbstractAutoregressiveDensity; got {type(density).__name__}. "
            "There is no quadrature for its mass."
        )
    limit = LIMIT[jnp.finfo(rows[1].dtype).bits]
    way = _mass_of_space if law.dim <= 2 else _mass_of_conditionals
    value, error, detail = way(density, rows, key, limit / 10)
    if not error <= limit:
        detail += f"; quadrature error {error:.0e}"
        limit += min(error, UNRESOLVED)
    return CheckResult("mass", value, limit, bool(value <= limit), detail)


def _mass_of_space(
    density: AbstractAutoregressiveDensity, rows: Rows, key: PRNGKey, tolerance: float
) -> tuple[float, float, str]:
    """Integral of rho over the line or the plane, at the first, the middle and the last time."""
    masses = []
    for i, time in enumerate(TIMES):
        t = jnp.asarray(time, rows[1].dtype)
        condition = None if rows[2] is None else rows[2][i]
        landmarks = np.asarray(_landmarks(density, t, condition, key), np.float64)
        rho = _on_host(
            lambda points, t=t, c=condition: _density(density, t, points, c), rows[1].dtype
        )
        masses.append(integrate(rho, landmarks, tolerance))
    worst = max(abs(mass.value - 1) for mass in masses)
    shown = ", ".join(f"{m.value:.8f} at t = {t:g}" for m, t in zip(masses, TIMES, strict=True))
    return worst, max(m.error for m in masses), f"integral of rho {shown}"


def _mass_of_conditionals(
    density: AbstractAutoregressiveDensity, rows: Rows, key: PRNGKey, tolerance: float
) -> tuple[float, float, str]:
    """Integrals of conditionals along random lines, and their product against `log_prob`."""
    masses = []
    for line, i in enumerate(np.asarray(jax.random.permutation(key, LINES)) % density.dim):
        row = jax.tree.map(lambda leaf, line=line: leaf[line], rows)
        landmarks = np.asarray(_landmarks_on_line(density, *row, i), np.float64)
        along = _on_host(
            lambda points, row=row, i=i: _conditional(density, *row, i, points), rows[1].dtype
        )
        masses.append(integrate(along, landmarks[:, None], tolerance))
    factors = float(_largest_misfit(density, *rows))
    deviation = max(abs(m.value - 1) for m in masses)
    detail = (
        f"conditionals integrate to 1 within {deviation:.1e} along {LINES} lines, "
        f"and multiply to rho within {factors:.1e}"
    )
    return deviation + factors, max(m.error for m in masses), detail


def _on_host(
    function: Callable[[Float[Array, "points dim"]], Array], dtype: jnp.dtype
) -> Callable[[np.ndarray], np.ndarray]:
    """The function on any number of points, through chunks of one shape."""

    def evaluate(points):
        count = -(-points.shape[0] // CHUNK) * CHUNK
        padded = np.concatenate([points, np.repeat(points[:1], count - points.shape[0], axis=0)])
        chunks = padded.astype(dtype).reshape(-1, CHUNK, points.shape[1])
        values = [np.asarray(function(chunk), np.float64) for chunk in chunks]
        return np.concatenate(values)[: points.shape[0]]

    return evaluate


@eqx.filter_jit
def _landmarks(density: AbstractAutoregressiveDensity, t, condition, key):
    shape = (LANDMARKS, density.dim)
    log_odds = jax.random.uniform(key, shape, t.dtype, -FARTHEST, FARTHEST)
    # Half of them as the law has it, half evenly out into the tails.
    usual = jax.random.logistic(key, shape, t.dtype)
    log_odds = jnp.where((jnp.arange(LANDMARKS) % 2 == 0)[:, None], usual, log_odds)
    return jax.vmap(lambda v: density.from_log_odds(t, v, condition))(log_odds)


@eqx.filter_jit
def _landmarks_on_line(density: AbstractAutoregressiveDensity, t, x, condition, i):
    own = density.log_odds(t, x, condition)
    grid = jnp.linspace(-FARTHEST, FARTHEST, 256, dtype=x.dtype)
    return jax.vmap(lambda v: density.from_log_odds(t, own.at[i].set(v), condition)[i])(grid)


@eqx.filter_jit
def _density(density: AbstractAutoregressiveDensity, t, points, condition):
    return jnp.exp(jax.vmap(lambda x: density.log_prob(t, x, condition))(points))


@eqx.filter_jit
def _conditional(density: AbstractAutoregressiveDensity, t, x, condition, i, points):
    at = lambda point: density.conditional_pdf(t, x.at[i].set(point[0]), condition)[i]  # noqa: E731
    return jax.vmap(at)(points)


@eqx.filter_jit
def _largest_misfit(density: AbstractAutoregressiveDensity, t, x, condition):
    def misfit(t, x, condition):
        factors = jnp.log(density.conditional_pdf(t, x, condition))
        return density.log_prob(t, x, condition) - jnp.sum(factors)

    return jnp.max(jnp.abs(jax.vmap(misfit)(t, x, condition)))
