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
from conservax.check._draws import Rows, draw_rows, law_dtype
from conservax.check._quadrature import cuts, integrate
from conservax.check._result import CheckResult
from conservax.density import AbstractAutoregressiveDensity, AbstractDensity
from conservax.law import ConservationLaw

TIMES = (0.0, 0.5, 1.0)
SAMPLES = 4096
LINES = 24
CHUNK = 1 << 14  # points evaluated at once: one compiled shape for all refinements


def check_mass(law: ConservationLaw, rows: Rows, key: PRNGKey) -> CheckResult:
    """|mass - 1|, the worst of several times."""
    single = jnp.finfo(law_dtype(law)).bits <= 32
    limit = 1e-4 if single else 1e-6
    way = _mass_of_space if law.dim <= 2 else _mass_of_conditionals
    value, error, detail = way(law, rows, key, limit / 10)
    if error > limit:
        detail += f"; NOT resolved, quadrature error {error:.0e}"
    return CheckResult("mass", value, limit, bool(value <= limit), detail)


def _mass_of_space(
    law: ConservationLaw, rows: Rows, key: PRNGKey, tolerance: float
) -> tuple[float, float, str]:
    """Integral of rho over the line or the plane."""
    conditions, masses = rows[2], []
    for i, time in enumerate(TIMES):
        t = jnp.asarray(time, rows[1].dtype)
        condition = None if conditions is None else conditions[i : i + 1]
        _, x, _ = draw_rows(law, jax.random.fold_in(key, i), jnp.full(SAMPLES, t), condition)
        edges = [cuts(column, 16) for column in np.asarray(x, np.float64).T]
        rho = _on_host(
            lambda points, t=t, c=condition: _density(law.density, t, points, c), rows[1].dtype
        )
        masses.append(integrate(rho, edges, tolerance))
    worst = max(masses, key=lambda mass: abs(mass.value - 1))
    shown = ", ".join(f"{m.value:.8f} at t = {t:g}" for m, t in zip(masses, TIMES, strict=True))
    return abs(worst.value - 1), max(m.error for m in masses), f"|integral of rho - 1|: {shown}"


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
            lambda points, row=row, i=i: _conditional(density, *row, i, points), rows[1].dtype
        )
        # The conditional may be far narrower than the marginal, but not empty at its own point.
        reach = np.ptp(x[:, i]) * 2.0 ** -np.arange(14)
        here = float(row[1][i])
        edges = np.unique(np.concatenate([cuts(x[:, i], 32), here - reach, [here], here + reach]))
        masses.append(integrate(along, [edges], tolerance))
    factor = float(_largest_misfit(density, *rows))
    deviation = max(abs(m.value - 1) for m in masses)
    detail = (
        f"|integral of a conditional - 1| at most {deviation:.1e} along {LINES} lines, plus "
        f"|log rho - sum of log f_i| at most {factor:.1e} at {x.shape[0]} points"
    )
    return deviation + factor, max(m.error for m in masses), detail


def _on_host(
    function: Callable[[Float[Array, "points dim"]], Array], dtype: jnp.dtype
) -> Callable[[np.ndarray], np.ndarray]:
    """The function on any number of points, through chunks of one shape."""

    def evaluate(points):
        count = -(-points.shape[0] // CHUNK) * CHUNK
        padded = np.concatenate([points, np.repeat(points[:1], count - points.shape[0], axis=0)])
        chunks = jnp.asarray(padded, dtype).reshape(-1, CHUNK, points.shape[1])
        values = [np.asarray(function(chunk), np.float64) for chunk in chunks]
        return np.concatenate(values)[: points.shape[0]]

    return evaluate


@eqx.filter_jit
def _density(density: AbstractDensity, t, points, condition):
    condition = None if condition is None else condition[0]
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
