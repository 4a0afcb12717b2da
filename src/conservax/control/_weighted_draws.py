"""Stratified draws of a law over all times, with drifts and weights, for averages of costs."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PRNGKey, Time, Vector
from conservax.density import AbstractFactorizedDensity, Mixture
from conservax.flux import MixtureFlux
from conservax.law import ConservationLaw
from conservax.univariate import AbstractKernelMixture


class WeightedDraws(NamedTuple):
    """Weighted draws: the mean of `weight * f` is the integral over t of E f(t, X_t)."""

    t: Float[Array, " draws"]
    x: Float[Array, "draws dim"]
    drift: Float[Array, "draws dim"]
    weight: Float[Array, " draws"]


def weighted_draws(key: PRNGKey, law: ConservationLaw, points: int) -> WeightedDraws:
    """Stratified draws over [0, 1], about `points` of them, with their pathwise gradient.

    Every component of a mixture with the flux of mixtures has equally many draws, weighted by its
    weight: the choice of the component adds no noise, and the gradient in the weights is exact.
    """
    density = law.density
    if not (isinstance(density, Mixture) and isinstance(law.base_flux, MixtureFlux)):
        t_key, key = jax.random.split(key)
        t = _stratified_times(t_key, (points,))
        x, drift = jax.vmap(law.sample_with_drift)(jax.random.split(key, points), t)
        return WeightedDraws(t, x, drift, jnp.ones_like(t))
    count = len(density.logits)
    each = max(1, points // count)
    t_key, key = jax.random.split(key)
    t = _stratified_times(t_key, (count, each))
    keys = jax.random.split(key, (count, each))
    draw = eqx.filter_vmap(lambda one, keys, t: jax.vmap(one.sample)(keys, t))
    x = draw(density.components, keys, t).reshape(count * each, -1)
    weight = jnp.repeat(count * jax.nn.softmax(density.logits), each)
    t = t.ravel()
    return WeightedDraws(t, x, jax.vmap(law.drift)(t, x), weight)


def mean_position(law: ConservationLaw, t: Time) -> Vector:
    """Mean position at t, in closed form, shape `(dim,)`.

    **Raises:** `TypeError` for a density whose mean is not known.
    """
    density = law.density
    if isinstance(density, AbstractFactorizedDensity):
        return _mean(density, t)
    if isinstance(density, Mixture) and isinstance(density.components, AbstractFactorizedDensity):
        means = eqx.filter_vmap(lambda one: _mean(one, t))(density.components)
        return jnp.exp(density.log_weights(t)) @ means
    raise TypeError(
        f"a cost that takes the mean needs a factorized density or a mixture of such; got "
        f'{type(density).__name__}. Use model="fourier-trajectories" or "factorized".'
    )


def _mean(density: AbstractFactorizedDensity, t: Time) -> Vector:
    marginals = density.marginals(t)
    if not isinstance(marginals, AbstractKernelMixture):
        raise TypeError(f"expected a mixture per coordinate; got {type(marginals).__name__}.")
    return jnp.sum(jnp.exp(marginals.log_weights) * marginals.mean, axis=-1)


def _stratified_times(key: PRNGKey, shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """Stratified draws of times: one in each of equal strata along the last axis."""
    count = shape[-1]
    strata = jnp.broadcast_to(jnp.arange(count, dtype=float), shape)
    return (strata + jax.random.uniform(key, shape)) / count
