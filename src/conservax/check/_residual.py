"""Residuals of the continuity equation (5) and the Fokker-Planck equation (2), by autodiff.

Nothing here knows how a flux is built: `log_prob`, `flux`, `velocity` and `drift` are taken as black
boxes and differentiated by autodiff, so that a wrong formula shows up as a residual.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._programs import program
from conservax._types import Condition, Point, Scalar, Time, Vector
from conservax.check._draws import LawPoints
from conservax.check._result import CheckResult
from conservax.law import ConservationLaw


def continuity_residual(
    law: ConservationLaw, t: Time, x: Point, condition: Condition = None
) -> Scalar:
    """d_t rho + div j (5), less what is born, shape `()`, density per unit time; zero up to rounding.

    It fades with rho, far out and in many dimensions: compare it with rho.
    """
    t = jnp.asarray(t, x.dtype)
    divergence = jnp.sum(diagonal(lambda x: law.flux(t, x, condition), x))
    rho = _density(law, condition)
    return jax.grad(rho)(t, x) + divergence - _born(law, t, x, condition) * rho(t, x)


def fokker_planck_residual(
    law: ConservationLaw, t: Time, x: Point, condition: Condition = None
) -> Scalar:
    """d_t rho + div(drift rho) - g^2 / 2 laplacian rho (2), shape `()`, density per unit time.

    The same as `continuity_residual` where g = 0, except that the velocity stands for the flux.
    """
    t = jnp.asarray(t, x.dtype)
    rho = _density(law, condition)
    moved = diagonal(lambda x: rho(t, x) * law.drift(t, x, condition), x)
    spread = diagonal(lambda x: jax.grad(rho, argnums=1)(t, x), x)
    half = 0.5 * law.diffusion_at(t).astype(x.dtype) ** 2
    born = _born(law, t, x, condition) * rho(t, x)
    return jax.grad(rho)(t, x) + jnp.sum(moved) - half * jnp.sum(spread) - born


def check_residual(law: ConservationLaw, rows: LawPoints) -> tuple[CheckResult, ...]:
    """Residuals of continuity, and with diffusion of Fokker-Planck, at points of the law.

    The value is the mean over the points of |sum of the terms| / sum of |terms|: the fraction of the
    exchange at a point that is unaccounted for. A tenth of its median over the points is added to
    the sum, so that rounding at points where nothing happens does not count.
    """
    limit = 1e-3 if jnp.finfo(rows[1].dtype).bits <= 32 else 1e-8
    equations = [("continuity equation", _continuity_terms)]
    if callable(law.diffusion) or law.diffusion > 0:
        equations.append(("Fokker-Planck equation", _fokker_planck_terms))
    results = []
    for name, terms in equations:
        relative, absolute, typical = (float(v) for v in _evaluate(law, rows, terms))
        detail = (
            f"mean relative residual at {rows[1].shape[0]} points; at most {absolute:.1e} "
            f"per unit time, where rates are {typical:.1e}"
        )
        results.append(CheckResult(name, relative, limit, relative <= limit, detail))
    return tuple(results)


@program(effort="least")
def _evaluate(
    law: ConservationLaw, rows: LawPoints, terms: Callable[..., Vector]
) -> tuple[Scalar, Scalar, Scalar]:
    """Mean relative and largest absolute residual, and the typical size of the terms."""
    rates = jax.vmap(terms, in_axes=(None, 0, 0, 0))(law, *rows)
    size, left = jnp.sum(jnp.abs(rates), axis=1), jnp.abs(jnp.sum(rates, axis=1))
    typical = jnp.median(size)
    tiny = jnp.finfo(size.dtype).tiny
    return jnp.mean(left / (size + 0.1 * typical + tiny)), jnp.max(left), typical


def _continuity_terms(
    law: ConservationLaw, t: Time, x: Point, condition: Condition
) -> Float[Array, " terms"]:
    """d_t log rho, births, d_i v_i and v_i s_i: equation (5) over rho, so that nothing underflows."""
    change, score = jax.grad(law.log_prob, argnums=(0, 1))(t, x, condition)
    velocity = lambda x: law.velocity(t, x, condition)  # noqa: E731
    born = -_born(law, t, x, condition)
    return jnp.concatenate([change[None], born[None], diagonal(velocity, x), velocity(x) * score])


def _fokker_planck_terms(
    law: ConservationLaw, t: Time, x: Point, condition: Condition
) -> Float[Array, " terms"]:
    """d_t log rho, births, d_i u_i, u_i s_i and -g^2 / 2 (d_i s_i + s_i^2): equation (2) over rho."""
    score = lambda x: jax.grad(law.log_prob, argnums=1)(t, x, condition)  # noqa: E731
    drift = lambda x: law.drift(t, x, condition)  # noqa: E731
    change, s = jax.grad(law.log_prob)(t, x, condition), score(x)
    spread = -0.5 * law.diffusion_at(t).astype(x.dtype) ** 2 * (diagonal(score, x) + s * s)
    born = -_born(law, t, x, condition)
    return jnp.concatenate([change[None], born[None], diagonal(drift, x), drift(x) * s, spread])


def diagonal(field: Callable[[Point], Vector], x: Point) -> Vector:
    """d_i field_i for every coordinate i, shape `(dim,)`."""

    def along(direction):
        return jax.jvp(field, (x,), (direction,))[1] @ direction

    return jax.vmap(along)(jnp.eye(x.shape[0], dtype=x.dtype))


def _born(law: ConservationLaw, t: Time, x: Point, condition: Condition) -> Scalar:
    """Births less deaths at x, beyond those that change the total mass, which rho leaves out."""
    t = jnp.asarray(t, x.dtype)
    return law.growth(t, x, condition) - jax.grad(law.log_mass)(t)


def _density(law: ConservationLaw, condition: Condition) -> Callable[[Time, Point], Scalar]:
    return lambda t, x: jnp.exp(law.log_prob(t, x, condition))
