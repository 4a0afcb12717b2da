"""Objectives of a control problem, estimated from exact draws of the law [hua2025, (34)]."""

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
    """Units of a problem and its law: x = shift + scale * z, with one scale for all coordinates."""

    shift: np.ndarray
    scale: float = eqx.field(static=True)

    def points(self, z: Float[Array, "*batch dim"]) -> Float[Array, "*batch dim"]:
        """Positions in the units of the problem."""
        shift = jnp.broadcast_to(self.shift.astype(z.dtype), z.shape)
        return shift + self.scale * z


class ControlCost(AbstractObjective):
    """Control cost: the integral over t of E control_weight / 2 |u - v|^2, over `unit`.

    **Arguments:**

    - `problem`, `scale`: the problem, and the units of the law.
    - `points`: draws per step.
    - `unit`: the cost that counts as 1.
    - `fixed`: which endpoints of Fourier trajectories have no gradient, so that the likelihood alone
      determines them.
    """

    problem: Problem
    scale: Scale
    points: int = eqx.field(static=True)
    unit: float = eqx.field(static=True)
    fixed: tuple[bool, bool] = eqx.field(static=True)
    name: ClassVar[str] = "control"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        del rows
        at = weighted_draws(key, fix_endpoints(law, self.fixed), self.points)
        return control_cost(self.problem, self.scale, at) / self.unit


class SteeringCost(AbstractObjective):
    """Total cost of a `Problem`: control, running and terminal costs, over `unit`.

    Its arguments are those of `ControlCost`. All costs are averaged over the same draws.
    """

    problem: Problem
    scale: Scale
    points: int = eqx.field(static=True)
    unit: float = eqx.field(static=True)
    fixed: tuple[bool, bool] = eqx.field(static=True)
    name: ClassVar[str] = "steering"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, with the gradient through the draws."""
        del rows
        law = fix_endpoints(law, self.fixed)
        parts = estimate_costs(key, self.problem, self.scale, law, points=self.points)
        return sum(parts.values(), start=jnp.zeros(())) / self.unit


def estimate_costs(
    key: PRNGKey, problem: Problem, scale: Scale, law: ConservationLaw, *, points: int
) -> dict[str, Scalar]:
    """Control, running and terminal cost, estimated from `points` draws each."""
    key, end_key = jax.random.split(key)
    at = weighted_draws(key, law, points)
    parts = {"control": control_cost(problem, scale, at)}
    if problem.costs:
        parts["running"] = _running_cost(problem, scale, law, at)
    if problem.terminal is not None:
        z = jax.vmap(lambda k: law.sample(k, jnp.ones(())))(jax.random.split(end_key, points))
        parts["terminal"] = jnp.mean(jax.vmap(problem.terminal)(scale.points(z)))
    return parts


def control_cost(problem: Problem, scale: Scale, at: WeightedDraws) -> Scalar:
    """The control cost of weighted draws."""
    cost = jax.vmap(problem.control)(at.t, scale.points(at.x), scale.scale * at.drift)
    return jnp.mean(at.weight * cost)


def _running_cost(
    problem: Problem, scale: Scale, law: ConservationLaw, at: WeightedDraws
) -> Scalar:
    volume = law.dim * float(np.log(scale.scale))

    population = law
    if problem.mean_field_game:  # an individual takes the distribution of the others as fixed
        fixed = lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_array(leaf) else leaf  # noqa: E731
        population = jax.tree.map(fixed, law)

    def cost(t: Time, z: Point) -> Scalar:
        log_prob, mean = jnp.zeros(()), jnp.zeros_like(z)
        if problem.needs_log_prob:
            log_prob = population.log_prob(t, z) - volume
        if problem.needs_mean:
            mean = scale.points(mean_position(population, t))
        return problem.running(t, scale.points(z), log_prob, mean)

    return jnp.mean(at.weight * jax.vmap(cost)(at.t, at.x))


def fix_endpoints(law: ConservationLaw, fixed: tuple[bool, bool]) -> ConservationLaw:
    """Stop the gradient at the fixed endpoints of Fourier trajectories; leave other laws as they are."""
    density = law.density
    if not any(fixed) or not (
        isinstance(density, Mixture) and isinstance(density.components, FourierTrajectory)
    ):
        return law
    free = 1.0 - np.asarray(fixed, float)[:, None]

    def fix(values: Array) -> Array:
        constant = jax.lax.stop_gradient(values)
        mask = jnp.broadcast_to(free.astype(values.dtype), values.shape)
        return constant + mask * (values - constant)

    where: Any = lambda law: (law.density.components.endpoints, law.density.components.raw_scales)  # noqa: E731
    return eqx.tree_at(where, law, tuple(map(fix, where(law))))
