"""The drift of a reference process."""

import abc
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import Point, Time, Vector

PACE = 10.0  # logarithms of rates change by ten where weights of a network change by one


class AbstractReference(eqx.Module):
    """Drift v(t, x) of the process that a population is taken to follow as closely as it can.

    Among all dynamics with the observed marginals, the one closest to dX = v dt + g dW is the
    (multi-marginal) Schroedinger bridge with this reference. Array leaves are parameters, learned
    along with the law: then the population is explained by the closest member of the family.

    The optimiser moves every parameter by about its learning rate per step, in all by about one: a
    family of few parameters does well to hold each in units so large (see `PACE`).

    A new family is one class with a `__call__`, in the units of the data; `conservax.fit` converts.
    """

    @abc.abstractmethod
    def __call__(self, t: Time, x: Point) -> Vector:
        """Drift at time t and position x, shape `(dim,)`, units of x per unit of t."""


def paced_log(values: Sequence[float], count: int) -> Float[Array, " count"]:
    """Logarithms of positive parameters, in units of `PACE`."""
    positive = jnp.asarray(values, float)
    if positive.shape != (count,) or not bool(jnp.all((positive > 0) & jnp.isfinite(positive))):
        raise ValueError(f"expected {count} positive parameters; got {values}.")
    return jnp.log(positive) / PACE
