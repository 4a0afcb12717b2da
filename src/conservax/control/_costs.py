"""Running costs of a control problem: functions of time, position and the population."""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Point, Scalar, Time
from conservax.control._obstacles import not_negative, positive
from conservax.data import DataError

Cost = Callable[..., Scalar]
POPULATION = ("log_prob", "mean")  # arguments of the population, after t and x


class Entropy(eqx.Module):
    """Entropy cost, weight * E log rho_t(x): it spreads the population [hua2025, (35)]."""

    weight: float = eqx.field(static=True, converter=lambda w: not_negative("weight", w))

    def __call__(self, t: Time, x: Point, log_prob: Scalar) -> Scalar:
        """weight * log_prob."""
        return self.weight * log_prob


class Congestion(eqx.Module):
    """Congestion cost, weight * E rho_t(x), with the density per volume of x."""

    weight: float = eqx.field(static=True, converter=lambda w: not_negative("weight", w))

    def __call__(self, t: Time, x: Point, log_prob: Scalar) -> Scalar:
        """weight * rho."""
        return self.weight * jnp.exp(log_prob)


class Potential(eqx.Module):
    """Quadratic potential, weight * sum_i scale_i (x_i - centre_i)^2 / 2.

    **Arguments:**

    - `centre`: its minimum, shape `(dim,)`.
    - `scale`: curvature along each coordinate, one number or shape `(dim,)`.
    """

    centre: np.ndarray
    scale: np.ndarray
    weight: float = eqx.field(static=True)

    def __init__(self, centre: ArrayLike, *, scale: ArrayLike = 1.0, weight: float = 1.0):
        self.centre = np.asarray(centre, float)
        self.scale = np.broadcast_to(np.asarray(scale, float), self.centre.shape)
        self.weight = not_negative("weight", weight)

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Half the scaled squared distance."""
        away = x - self.centre.astype(x.dtype)
        return 0.5 * self.weight * jnp.sum(self.scale.astype(x.dtype) * away**2)


class Flocking(eqx.Module):
    """Attraction to the mean of the population, weight * |x - pull * mean_t|^2 / 2."""

    weight: float = eqx.field(static=True, converter=lambda w: not_negative("weight", w))
    pull: float = eqx.field(static=True, default=1.0)

    def __call__(self, t: Time, x: Point, mean: Float[Array, " dim"]) -> Scalar:
        """Half the squared distance from the mean of the population."""
        return 0.5 * self.weight * jnp.sum((x - self.pull * mean) ** 2)


class Workspace(eqx.Module):
    """Cost of leaving a box: weight * sum of softplus of the distance beyond each of its sides.

    **Arguments:**

    - `low`, `high`: opposite corners, shape `(dim,)`.
    - `softness`: length scale on which the cost decays, in the unit of x.
    """

    low: np.ndarray
    high: np.ndarray
    weight: float = eqx.field(static=True)
    softness: float = eqx.field(static=True)

    def __init__(
        self, low: ArrayLike, high: ArrayLike, *, weight: float = 1.0, softness: float = 0.25
    ):
        self.low, self.high = np.asarray(low, float), np.asarray(high, float)
        if self.low.ndim != 1 or self.low.shape != self.high.shape or np.any(self.low >= self.high):
            raise DataError(
                f"expected a workspace from low to high, shape (dim,); got {low} and {high}."
            )
        self.weight = not_negative("weight", weight)
        self.softness = positive("softness", softness)

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Sum over the sides."""
        x = x[: len(self.low)]
        beyond = jnp.concatenate([self.low.astype(x.dtype) - x, x - self.high.astype(x.dtype)])
        return self.weight * self.softness * jnp.sum(jax.nn.softplus(beyond / self.softness))


def population_arguments(cost: Cost) -> tuple[str, ...]:
    """Arguments that a cost takes after t and x, by the names of its parameters.

    **Raises:** `DataError` for other parameters.
    """
    required = [
        parameter.name
        for parameter in inspect.signature(cost).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    population = tuple(required[2:])
    if len(required) < 2 or not set(population) <= set(POPULATION):
        raise DataError(
            f"cost {name_of(cost)}: expected a function of (t, x), optionally with log_prob and "
            f"mean after them; got one of ({', '.join(required)})."
        )
    return population


def name_of(cost: Any) -> str:
    """Name of a cost in a message."""
    return getattr(cost, "__name__", type(cost).__name__)
