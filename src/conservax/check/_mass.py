"""Does the density integrate to one? By quadrature that knows nothing of CDFs.

In one and two dimensions rho itself is integrated. Above, an integral over all of space would be a
rough guess; but the density is a product of conditionals (11), and its mass is one if the integral
of every conditional over its own coordinate is one, wherever the coordinates before it are. So
conditionals are integrated along lines through points of the law, and their product is held against
`log_prob`.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey
from conservax.check._draws import Rows
from conservax.check._quadrature import cuts, integrate
from conservax.check._result import CheckResult
from conservax.density import AbstractAutoregressiveDensity, AbstractDensity
from conservax.law import ConservationLaw

TIMES = (0.0, 0.5, 1.0)
LINES = 24
SPACE_CHUNK, LINE_CHUNK = 1 << 14, 1 << 11  # points evaluated at once: one compiled shape each
LIMIT = {32: 1e-4, 64: 1e-6}  # by bits of the law's precision
UNRESOLVED = 5e-3  # quadrature error that is forgiven at most: a mass of 1.01 always fails


def check_mass(law: ConservationLaw, rows: Rows, key: PRNGKey) -> CheckResult:
    """|mass - 1|, the worst of several times or lines.

    The limit grows by what the quadrature leaves open: nothing but on the roughest laws, and never
    more than 0.005.
    """
    limit = LIMIT[jnp.finfo(rows[1].dtype).bits]
    way = _mass_of_space if law.dim <= 2 else _mass_of_conditionals
    value, error, detail = way(law, rows, key, limit / 10)
    if not error <= limit:
        detail += f"; quadrature error {error:.0e}"
        limit += min(error, UNRESOLVED)
    return CheckResult("mass", value, limit, bool(value <= limit), detail)


def _mass_of_space(
    law: ConservationLaw, rows: Rows, key: PRNGKey, tolerance: float
) -> tuple[float, float, str]:
    """Integral of rho over the line or the plane, at the first, the middle and the last time."""
    del key
    edges = [cuts(column, 16) for column in np.asarray(rows[1], np.float64).T]
    masses = []
    for i, time in enumerate(TIMES):
        t = jnp.asarray(time, rows[1].dtype)
        condition = None if rows[2] is None else rows[2][i]
        rho = _on_host(
            lambda points, t=t, c=condition: _density(law.density, t, points, c),
            rows[1].dtype,
            SPACE_CHUNK,
        )
        masses.append(integrate(rho, edges, tolerance))
    worst = max(masses, key=lambda mass: abs(mass.value - 1))
    shown = ", ".join(f"{m.value:.8f} at t = {t:g}" for m, t in zip(masses, TIMES, strict=True))
    return abs(worst.value - 1), max(m.error for m in masses), f"integral of rho {shown}"


def _mass_of_conditionals(
    law: ConservationLaw, rows: Rows, key: PRNGKey, tolerance: float
) -> tuple[float, float, str]:
    """Integrals of conditionals along random lines, and their product against `log_prob`."""
    density = law.density
    if not isinstance(density, AbstractAutoregressiveDensity):
        raise TypeError(
            "expected an AbstractAutoregressiveDensity above two dimensions; got "
            f"{type(density).__name__}. There is no quadrature for its mass."
        )
    x = np.asarray(rows[1], np.float64)
    coordinates = np.asarray(jax.random.permutation(key, LINES)) % law.dim
    masses = []
    for line, i in enumerate(coordinates):
        row = jax.tree.map(lambda leaf, line=line: leaf[line % leaf.shape[0]], rows)
        along = _on_host(
            lambda points, row=row, i=i: _conditional(density, *row, i, points),
            rows[1].dtype,
            LINE_CHUNK,
        )
        # The conditional may be far narrower than the marginal, but not empty at its own point.
        reach = np.ptp(x[:, i]) * 2.0 ** -np.arange(14)
        here = float(row[1][i])
        edges = np.unique(np.concatenate([cuts(x[:, i], 32), here - reach, [here], here + reach]))
        masses.append(integrate(along, [edges], tolerance))
    factor = float(_largest_misfit(density, *rows))
    deviation = max(abs(m.value - 1) for m in masses)
    detail = (
        f"conditionals integrate to 1 within {deviation:.1e} along {LINES} lines, "
        f"and multiply to rho within {factor:.1e}"
    )
    return deviation + factor, max(m.error for m in masses), detail


def _on_host(
    function: Callable[[Float[Array, "points dim"]], Array], dtype: jnp.dtype, chunk: int
) -> Callable[[np.ndarray], np.ndarray]:
    """The function on any number of points, through chunks of one shape."""

    def evaluate(points):
        count = -(-points.shape[0] // chunk) * chunk
        padded = np.concatenate([points, np.repeat(points[:1], count - points.shape[0], axis=0)])
        chunks = padded.astype(dtype).reshape(-1, chunk, points.shape[1])
        values = [np.asarray(function(part), np.float64) for part in chunks]
        return np.concatenate(values)[: points.shape[0]]

    return evaluate


@eqx.filter_jit
def _density(density: AbstractDensity, t, points, condition):
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
