"""The loss of [richterpowell2022, (18)]: densities at both ends, and energy between them."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from benchmarks.papers._named_densities import NamedDensity
from conservax.law import ConservationLaw
from conservax.objective import AbstractObjective

HALF_SIDE = 3.0  # half a side of the square that points are spread evenly over, centred at 0
MIN_DENSITY = 1e-8  # lower bound of the density that a flux is divided by


class EndRows(NamedTuple):
    """Points drawn in equal numbers from the density at their end (0 or 1) and from the square.

    `target` is the density at that end, `spread` that which points of both ends are drawn from.
    """

    t: Float[Array, " rows"]
    x: Float[Array, "rows 2"]
    target: Float[Array, " rows"]
    spread: Float[Array, " rows"]


class EndError(AbstractObjective):
    """Sum over both ends of E |rho(end, x) - target(x)|; rows are half at each end."""

    name: ClassVar[str] = "ends"

    def __call__(self, key: Array, law: ConservationLaw, rows: EndRows) -> Float[Array, ""]:
        """Estimate of the error over the rows."""
        del key
        density = jnp.exp(jax.vmap(law.log_prob)(rows.t, rows.x))
        return 2 * jnp.mean(jnp.abs(density - rows.target))


class SpreadEnergy(AbstractObjective):
    """The integral of |flux|^2 / rho over time and space, by points that need not come from rho.

    Each stands for 1 / spread of space, so that no draw has to have a gradient.
    """

    name: ClassVar[str] = "energy"

    def __call__(self, key: Array, law: ConservationLaw, rows: EndRows) -> Float[Array, ""]:
        """Estimate of the energy at the points of the rows, and times of its own."""
        count = len(rows.t)
        order_key, time_key = jax.random.split(key)
        order = jax.random.permutation(order_key, count)
        t = (order + jax.random.uniform(time_key, (count,))) / count

        def energy(t, x, spread):
            density = jnp.exp(law.log_prob(t, x))
            return jnp.sum(law.flux(t, x) ** 2) / jnp.maximum(density, MIN_DENSITY) / spread

        return jnp.mean(jax.vmap(energy)(t, rows.x, rows.spread))


def end_rows(ends: tuple[NamedDensity, NamedDensity], count: int, key: Array) -> EndRows:
    """`count` rows per end, and as many of the square beside each."""
    draw_keys, even_keys = (jax.random.split(k, (2, count)) for k in jax.random.split(key))
    x, t = [], []
    for end, density in enumerate(ends):
        even = jax.vmap(
            lambda key: jax.random.uniform(key, (2,), minval=-HALF_SIDE, maxval=HALF_SIDE)
        )(even_keys[end])
        x += [jax.vmap(density.sample)(draw_keys[end]), even]
        t += [jnp.full(2 * count, float(end))]
    x, t = jnp.concatenate(x), jnp.concatenate(t)
    first, second = (densities_of(density.log_prob, x) for density in ends)
    inside = jnp.all(jnp.abs(x) <= HALF_SIDE, axis=1) / (2 * HALF_SIDE) ** 2
    spread = (first + second + 2 * inside) / 4
    return EndRows(t, x, jnp.where(t == 0, first, second), spread)


@eqx.filter_jit
def densities_of(log_prob: Callable, x: Float[Array, "rows 2"]) -> Float[Array, " rows"]:
    """exp of a function at every row, few rows at a time."""
    return jnp.exp(jax.lax.map(log_prob, x, batch_size=512))


def excess(log_prob: Callable, density: NamedDensity, x: Float[Array, "rows 2"]) -> float:
    """Kullback-Leibler divergence of a law from the density of the draws x, estimated on them, nats."""
    truth = np.log(np.asarray(densities_of(density.log_prob, x)))
    return float(np.mean(truth - np.asarray(jax.jit(jax.vmap(log_prob))(x))))
