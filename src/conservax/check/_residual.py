"""Is probability conserved? What is left over of (2) and (5) when every term is differentiated.

Nothing here knows how a flux is built: `log_prob`, `flux`, `velocity` and `drift` are taken as black
boxes and differentiated by autodiff, so that a wrong formula shows up as a residual.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Condition, Point, Scalar, Time, Vector
from conservax.law import ConservationLaw


def continuity_residual(
    law: ConservationLaw, t: Time, x: Point, condition: Condition = None
) -> Scalar:
    """d_t rho + div j (5), shape `()`, density per unit time; zero up to rounding.

    It fades with rho: far out, or in many dimensions, see `relative_residual`.
    """
    t = jnp.asarray(t, x.dtype)
    divergence = jnp.sum(diagonal(lambda x: law.flux(t, x, condition), x))
    return jax.grad(_density(law, condition))(t, x) + divergence


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
    return jax.grad(rho)(t, x) + jnp.sum(moved) - half * jnp.sum(spread)


def relative_terms(
    law: ConservationLaw, t: Time, x: Point, condition: Condition = None
) -> Float[Array, " terms"]:
    """The terms of the Fokker-Planck equation over rho: rates that add up to zero.

    d_t log rho, then coordinate by coordinate d_i u_i, u_i s_i and -g^2 / 2 (d_i s_i + s_i^2), with
    the drift u and the score s: equation (2) divided by rho, which neither underflows in the tails
    nor in many dimensions. Shape `(1 + 3 dim,)`, per unit time.
    """
    t = jnp.asarray(t, x.dtype)
    drift = lambda x: law.drift(t, x, condition)  # noqa: E731
    score = lambda x: jax.grad(law.log_prob, argnums=1)(t, x, condition)  # noqa: E731
    half = 0.5 * law.diffusion_at(t).astype(x.dtype) ** 2
    s = score(x)
    growth = jax.grad(law.log_prob)(t, x, condition)
    spread = -half * (diagonal(score, x) + s * s)
    return jnp.concatenate([growth[None], diagonal(drift, x), drift(x) * s, spread])


def diagonal(field: Callable[[Point], Vector], x: Point) -> Vector:
    """d_i field_i for every coordinate i, shape `(dim,)`."""

    def along(direction):
        return jax.jvp(field, (x,), (direction,))[1] @ direction

    return jax.vmap(along)(jnp.eye(x.shape[0], dtype=x.dtype))


def _density(law: ConservationLaw, condition: Condition) -> Callable[[Time, Point], Scalar]:
    return lambda t, x: jnp.exp(law.log_prob(t, x, condition))
