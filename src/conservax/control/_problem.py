"""Control problem of a population: boundary distributions, costs, obstacles, units."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from conservax._types import Point, Scalar, Time, Vector
from conservax.control._boundaries import AbstractBoundary, Points, as_boundary
from conservax.control._costs import Cost, name_of, population_arguments
from conservax.control._obstacles import AbstractObstacles, not_negative, positive
from conservax.data import DataError

_PROBES = 256  # points on straight lines from start to goal where costs are evaluated
_DRAWS, _MAX_INSIDE = 1024, 0.1  # a tail of start or goal may be inside obstacles

Law = Callable[[Time, Point], Vector]


class Problem:
    """Optimal control of a population from a start to a goal over the times [0, 1].

    Minimise the integral over t of

        E [ control_weight / 2 |u_t(x) - reference(t, x)|^2 + sum of costs(t, x, ...) ]

    plus E terminal(x) at t = 1, over all drifts u with dX = u dt + diffusion dW and X_0 from the
    start; X_1 is to have the distribution of the goal, if there is one [hua2025, (1), (34)]. The
    paper's sigma is control_weight^(-1/2). The time horizon is 1.

    **Arguments:**

    - `start`: distribution at t = 0: `GaussianMixture`, an array of samples, shape `(rows, dim)`, or
      a density.
    - `goal`: distribution at t = 1, likewise; None to leave it to `terminal`.
    - `costs`: functions of (t, x), or of (t, x, log_prob), (t, x, mean) or (t, x, log_prob, mean)
      where they depend on the population: log density at x in nats, and the mean position at t. They
      take one point, shape `(dim,)`, and return a number. Ready ones are `Circles`, `Boxes`,
      `Polygons`, `Entropy`, `Congestion`, `Potential`, `Flocking` and `Workspace`.
    - `terminal`: a function of x, for a soft goal.
    - `reference`: drift (t, x) -> `(dim,)` that costs nothing; at rest by default.
    - `control_weight`: above 0.
    - `diffusion`: g, in units of x over the square root of time.
    - `mean_field_game`: each individual minimises its own cost, with the mean and density of the
      population taken as fixed (a Nash equilibrium), instead of the total cost.
    - `columns`: names of the coordinates.

    **Raises:** `DataError` for dimensions that differ, negative weights, a start or goal inside an
    obstacle, and costs that do not return one finite number.
    """

    def __init__(
        self,
        start: Any,
        goal: Any = None,
        *,
        costs: Sequence[Cost] = (),
        terminal: Callable[[Point], Scalar] | None = None,
        reference: Law | None = None,
        control_weight: float = 1.0,
        diffusion: float = 0.0,
        mean_field_game: bool = False,
        columns: Sequence[str] | None = None,
    ):
        self.start: AbstractBoundary = as_boundary(start)
        self.goal: AbstractBoundary | None = None if goal is None else as_boundary(goal)
        self.costs, self.terminal, self.reference = tuple(costs), terminal, reference
        self.control_weight = positive("control_weight", control_weight)
        self.diffusion = not_negative("diffusion", diffusion)
        self.mean_field_game = mean_field_game
        if self.goal is None and terminal is None:
            raise DataError("expected a goal or a terminal cost; got neither. Give one.")
        if self.goal is not None and self.goal.dim != self.start.dim:
            raise DataError(
                f"expected start and goal of one dimension; got {self.start.dim} and "
                f"{self.goal.dim}."
            )
        names = [f"x{i + 1}" for i in range(self.dim)] if columns is None else columns
        if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
            raise DataError(f"columns: expected names, one per coordinate; got {names!r}.")
        self.columns = tuple(names)
        if len(set(self.columns)) != self.dim or len(self.columns) != self.dim:
            raise DataError(
                f"columns: expected {self.dim} different names, one per coordinate; got {names}."
            )
        if {"path", "t"} & set(self.columns):
            raise DataError(f"columns: path and t have another meaning in paths; got {names}.")
        self._check_obstacles()
        self._check_functions()

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.start.dim

    @property
    def obstacles(self) -> tuple[AbstractObstacles, ...]:
        """The costs that are obstacles."""
        return tuple(cost for cost in self.costs if isinstance(cost, AbstractObstacles))

    @property
    def needs_mean(self) -> bool:
        """Whether a cost depends on the mean of the population."""
        return any("mean" in population_arguments(cost) for cost in self.costs)

    @property
    def needs_log_prob(self) -> bool:
        """Whether a cost depends on the density of the population."""
        return any("log_prob" in population_arguments(cost) for cost in self.costs)

    def running(self, t: Time, x: Point, log_prob: Scalar, mean: Vector) -> Scalar:
        """The sum of the costs at one point, in the units of the problem."""
        population = {"log_prob": log_prob, "mean": mean}
        total = jnp.zeros((), x.dtype)
        for cost in self.costs:
            total = total + cost(t, x, *(population[name] for name in population_arguments(cost)))
        return total

    def control(self, t: Time, x: Point, drift: Vector) -> Scalar:
        """control_weight / 2 |drift - reference|^2."""
        off = drift if self.reference is None else drift - self.reference(t, x)
        return 0.5 * self.control_weight * jnp.sum(off**2)

    def with_obstacle_weights(self, largest: float) -> "Problem":
        """The same problem, where obstacles without a weight cost at most `largest` at their centres."""
        same = copy.copy(self)
        same.costs = tuple(
            cost.with_weight(largest) if isinstance(cost, AbstractObstacles) else cost
            for cost in self.costs
        )
        return same

    def boundaries(self) -> tuple[AbstractBoundary, ...]:
        """Boundary distributions: the start, and the goal if there is one."""
        return (self.start,) if self.goal is None else (self.start, self.goal)

    def _check_obstacles(self) -> None:
        for obstacles in self.obstacles:
            if obstacles.dim > self.dim:
                raise DataError(
                    f"expected {name_of(obstacles)} of at most {self.dim} coordinates, as the start "
                    f"has; got {obstacles.dim}."
                )
        for name, boundary in zip(("start", "goal"), self.boundaries(), strict=False):
            fraction = float(np.mean(inside(self.obstacles, boundary.draw(0, _DRAWS))))
            if fraction > _MAX_INSIDE:
                raise DataError(
                    f"{name}: expected a location outside the obstacles; {fraction:.0%} of it is "
                    "inside. Move it, or the obstacle."
                )

    def _check_functions(self) -> None:
        t, x = self._probes()
        log_prob, mean = jnp.zeros(len(t)), jnp.asarray(x)
        population = {"log_prob": log_prob, "mean": mean}
        for cost in self.costs:
            arguments = [population[name] for name in population_arguments(cost)]
            _check_function(f"cost {name_of(cost)}", cost, (), t, x, *arguments)
        if self.terminal is not None:
            _check_function("terminal cost", self.terminal, (), x)
        if self.reference is not None:
            _check_function("reference", self.reference, (self.dim,), t, x)

    def _probes(self) -> tuple[jax.Array, jax.Array]:
        """Times, and points between start and goal."""
        x0 = self.start.draw(0, _PROBES)
        x1 = x0 if self.goal is None else self.goal.draw(1, _PROBES)
        t = (np.arange(_PROBES) + 0.5) / _PROBES
        return jnp.asarray(t), jnp.asarray(x0 + t[:, None] * (x1 - x0))


def inside(obstacles: Sequence[AbstractObstacles], x: Points) -> np.ndarray:
    """Whether each row is inside a shape."""
    found = np.zeros(len(x), bool)
    for shapes in obstacles:
        distances = jax.vmap(shapes.signed_distances)(jnp.asarray(x))
        found |= np.asarray(distances.min(axis=1) < 0)
    return found


def _check_function(
    what: str, function: Callable, shape: tuple[int, ...], *rows: jax.Array
) -> None:
    """Call a function at one point, then at all.

    **Raises:** `DataError` if it does not return finite numbers of this shape.
    """
    point = rows[min(1, len(rows) - 1)][0]
    try:
        one = jax.eval_shape(function, *(row[0] for row in rows))
    except (TypeError, ValueError, IndexError) as error:
        raise DataError(f"{what}: it fails at one point, shape {point.shape}: {error}") from error
    if jnp.shape(one) != shape:
        raise DataError(
            f"{what}: expected a value of shape {shape} for one point; got {jnp.shape(one)}."
        )
    values = np.asarray(jax.vmap(function)(*rows))
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        inputs = [np.asarray(row[bad.argmax()]).tolist() for row in rows]
        names = ("t", "x", *population_arguments(function)) if len(rows) > 1 else ("x",)
        at = ", ".join(f"{name} = {value}" for name, value in zip(names, inputs, strict=True))
        raise DataError(f"{what}: expected finite numbers; got {values[bad.argmax()]} at {at}.")
