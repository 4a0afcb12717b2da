"""Total mass of a density, by quadrature of its conditionals.

The density is a product of conditionals (11), and its mass is one if the integral of every
conditional over its own coordinate is one, wherever the coordinates before it are. So conditionals
are integrated along lines through points of the law, and their product is compared with `log_prob`:
in any dimension as sharp as on the line, where quadrature or importance sampling over all of space
would be a rough guess. The CDFs only guide the quadrature.
"""

import jax
import jax.numpy as jnp
import numpy as np

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.check._draws import LawPoints, generator
from conservax.check._quadrature import Integral, Points, integrate
from conservax.check._result import CheckResult
from conservax.density import AbstractAutoregressiveDensity
from conservax.law import ConservationLaw

LINES = 24
FARTHEST = 20.0  # log-odds: 4e-9 of the mass lies beyond, and three times that range is searched
CHUNK = 128  # points evaluated at once: one compiled shape
LIMIT = {32: 1e-4, 64: 1e-6}  # by bits of the law's precision


def check_mass(law: ConservationLaw, rows: LawPoints, key: PRNGKey) -> CheckResult:
    """Largest |integral of a conditional - 1|, plus largest |log rho - sum of log conditionals|.

    **Raises:** `TypeError` if the density has no conditionals.
    """
    density = law.density
    if not isinstance(density, AbstractAutoregressiveDensity):
        raise TypeError(
            f"expected an AbstractAutoregressiveDensity; got {type(density).__name__}. "
            "There is no quadrature for the mass of another."
        )
    limit = LIMIT[jnp.finfo(rows[1].dtype).bits]
    deviations, errors = [], []
    for line, i in enumerate(_coordinates(key, law.dim)):
        t, x, condition = jax.tree.map(lambda leaf, line=line: leaf[line], rows)
        mass = _mass_along(density, t, x, condition, i, limit / 10)
        deviations.append(abs(mass.value - 1))
        errors.append(mass.error)
    product = float(_largest_misfit(density, *rows))
    value = float(np.max(deviations)) + product
    detail = (
        f"conditionals integrate to 1 within {np.max(deviations):.1e} (quadrature "
        f"{np.max(errors):.0e}) along {LINES} lines, and multiply to rho within {product:.1e}"
    )
    return CheckResult("mass", value, limit, bool(value <= limit), detail)


def _coordinates(key: PRNGKey, dim: int) -> np.ndarray:
    """A coordinate for every line: all of them as often, as far as the lines go."""
    return generator(key).permutation(max(LINES, dim))[:LINES] % dim


def _mass_along(
    density: AbstractAutoregressiveDensity, t, x, condition, i: int, tolerance: float
) -> Integral:
    """Integral of conditional i along the line through x."""

    def evaluate(points: Points) -> tuple[Points, Points]:
        room = np.pad(points, (0, -points.size % CHUNK), mode="edge").astype(x.dtype)
        chunks = room.reshape(-1, CHUNK)
        values = [_conditional(density, t, x, condition, i, chunk) for chunk in chunks]
        pdf, cdf = np.concatenate(values, axis=1).astype(np.float64)[:, : points.size]
        return pdf, cdf

    low, high = (float(end) for end in _ends(density, t, x, condition, i))
    return integrate(
        lambda points: evaluate(points)[0],
        lambda points: evaluate(points)[1],
        2 * low - high,
        2 * high - low,
        tolerance=tolerance,
    )


@program(effort="least")
def _ends(density: AbstractAutoregressiveDensity, t, x, condition, i):
    conditional = jax.tree.map(lambda leaf: leaf[i], density.conditionals(t, x, condition))
    return jax.vmap(conditional.from_log_odds)(FARTHEST * jnp.array([-1, 1], x.dtype))


@program(effort="least")
def _conditional(density: AbstractAutoregressiveDensity, t, x, condition, i, points):
    """f_i and F_i where coordinate i is moved to `points`, shape `(2, points)`."""

    def at(x_i):
        moved = (t, x.at[i].set(x_i), condition)
        return density.conditional_pdf(*moved)[i], density.conditional_cdf(*moved)[i]

    return jnp.stack(jax.vmap(at)(points))


@program(effort="least")
def _largest_misfit(density: AbstractAutoregressiveDensity, t, x, condition):
    def misfit(t, x, condition):
        factors = jnp.log(density.conditional_pdf(t, x, condition))
        return density.log_prob(t, x, condition) - jnp.sum(factors)

    return jnp.max(jnp.abs(jax.vmap(misfit)(t, x, condition)))
