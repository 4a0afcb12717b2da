"""The objective of a problem, for a law in other units than its own [hua2025, (34)]."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Point, PRNGKey, Scalar, Time
from conservax.control._problem import Problem
from conservax.control._weighted_draws import WeightedDraws, mean_position, weighted_draws
from conservax.density import FourierTrajectory, Mixture
from conservax.law import ConservationLaw
from conservax.objective import AbstractObjective, Rows


class Scale(eqx.Module):
    """x = shift + scale * z between a problem and its law; one scale, so that circles stay round."""

    shift: np.ndarray
    scale: float = eqx.field(static=True)

    def points(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """Positions in the units of the problem."""
        shift = jnp.broadcast_to(self.shift.astype(z.dtype), z.shape)
        return shift + self.scale * z


class ControlCost(AbstractObjective):
    """The integral over t of E control_weight / 2 |u - v|^2, over `unit`; see `Problem`.

    **Arguments:**

    - `problem`, `scale`: and how the law sees it.
    - `points`: draws a step.
    - `unit`: what the cost is measured in.
    - `held`: which ends of curves this cost does not pull at: the likelihood alone decides there.
    """

    problem: Problem
    scale: Scale
    points: int = eqx.field(static=True)
    unit: float = eqx.field(static=True)
    held: tuple[bool, bool] = eqx.field(static=True)
    name: ClassVar[str] = "control"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        del rows
        at = weighted_draws(key, hold_ends(law, self.held), self.points)
        return control_of(self.problem, self.scale, at) / self.unit


class SteeringCost(AbstractObjective):
    """The whole of `Problem`: control, running and terminal costs, over `unit`.

    Its arguments are those of `ControlCost`. All costs are averaged over the same draws.
    """

    problem: Problem
    scale: Scale
    points: int = eqx.field(static=True)
    unit: float = eqx.field(static=True)
    held: tuple[bool, bool] = eqx.field(static=True)
    name: ClassVar[str] = "steering"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        del rows
        parts = costs_of(
            key, self.problem, self.scale, hold_ends(law, self.held), points=self.points
        )
        return sum(parts.values(), start=jnp.zeros(())) / self.unit


def costs_of(
    key: PRNGKey, problem: Problem, scale: Scale, law: ConservationLaw, *, points: int
) -> dict[str, Scalar]:
    """Control, running and terminal cost, estimated from `points` draws each."""
    key, end_key = jax.random.split(key)
    at = weighted_draws(key, law, points)
    parts = {"control": control_of(problem, scale, at)}
    if problem.costs:
        parts["running"] = _running(problem, scale, law, at)
    if problem.terminal is not None:
        ends = jax.vmap(lambda k: law.sample(k, jnp.ones(())))(jax.random.split(end_key, points))
        parts["terminal"] = jnp.mean(jax.vmap(problem.terminal)(scale.points(ends)))
    return parts


def control_of(problem: Problem, scale: Scale, at: WeightedDraws) -> Scalar:
    """The control cost of draws."""
    cost = jax.vmap(problem.control)(at.t, scale.points(at.x), scale.scale * at.drift)
    return jnp.mean(at.weight * cost)


def _running(problem: Problem, scale: Scale, law: ConservationLaw, at: WeightedDraws) -> Scalar:
    volume = law.dim * float(np.log(scale.scale))

    crowd_law = law
    if problem.game:  # nobody counts on moving the others
        still = lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_array(leaf) else leaf  # noqa: E731
        crowd_law = jax.tree.map(still, law)

    def cost(t: Time, z: Point) -> Scalar:
        log_prob, mean = jnp.zeros(()), jnp.zeros_like(z)
        if problem.needs_log_prob:
            log_prob = crowd_law.log_prob(t, z) - volume
        if problem.needs_mean:
            mean = scale.points(mean_position(crowd_law, t))
        return problem.running(t, scale.points(z), log_prob, mean)

    return jnp.mean(at.weight * jax.vmap(cost)(at.t, at.x))


def hold_ends(law: ConservationLaw, held: tuple[bool, bool]) -> ConservationLaw:
    """The law whose curves have no gradient at the held ends; other laws as they are."""
    density = law.density
    if not any(held) or not (
        isinstance(density, Mixture) and isinstance(density.laws, FourierTrajectory)
    ):
        return law
    free = 1.0 - np.asarray(held, float)[:, None]

    def hold(ends: Array) -> Array:
        fixed = jax.lax.stop_gradient(ends)
        return fixed + jnp.broadcast_to(free.astype(ends.dtype), ends.shape) * (ends - fixed)

    where: Any = lambda law: (law.density.laws.ends, law.density.laws.raw_scales)  # noqa: E731
    return eqx.tree_at(where, law, tuple(map(hold, where(law))))
