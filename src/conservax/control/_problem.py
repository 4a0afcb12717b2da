"""A problem of steering a population, as data."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from conservax._types import Point, Scalar, Time, Vector
from conservax.control._boundaries import AbstractBoundary, Points, as_boundary
from conservax.control._costs import Cost, asked_for, name_of
from conservax.control._obstacles import AbstractObstacles, not_negative, positive
from conservax.data import DataError

_PROBES = 256  # places on straight lines from start to goal where costs are tried
_DRAWS, _MOST_INSIDE = 1024, 0.1  # a tail of start or goal may be inside obstacles, no more

Law = Callable[[Time, Point], Vector]


class Problem:
    """Bring a population from a start to a goal over the times [0, 1], at the least cost.

    Minimise the integral over t of

        E [ control_weight / 2 |u_t(x) - reference(t, x)|^2 + sum of costs(t, x, ...) ]

    plus E terminal(x) at t = 1, over all drifts u with dX = u dt + diffusion dW and X_0 from the
    start; X_1 is to have the distribution of the goal, if there is one [hua2025, (1), (34)]. The
    paper's sigma is control_weight^(-1/2). Time is measured in the length of the journey.

    **Arguments:**

    - `start`: where everybody is at t = 0: `GaussianMixture`, an array of samples, shape `(rows, dim)`, or
      a density.
    - `goal`: where everybody is to be at t = 1, likewise; None to leave it to `terminal`.
    - `costs`: functions of (t, x), or of (t, x, log_prob), (t, x, mean) or (t, x, log_prob, mean)
      where the crowd matters: log density at x in nats, and the mean position at t. They take one
      point, shape `(dim,)`, and give a number. Ready ones are `Circles`, `Boxes`, `Polygons`,
      `Entropy`, `Congestion`, `Potential`, `Flocking` and `Workspace`.
    - `terminal`: a function of x, for a soft goal.
    - `reference`: drift (t, x) -> `(dim,)` that costs nothing; at rest by default.
    - `control_weight`: above 0.
    - `diffusion`: g, in units of x over the square root of time.
    - `game`: everybody looks after himself (a Nash equilibrium, the mean-field game) instead of
      all after the total cost: mean and density in the costs are taken as given.
    - `columns`: names of the coordinates.

    **Raises:** `DataError` for dimensions that differ, negative weights, a start or goal inside an
    obstacle, and costs that do not give one finite number; always before anything is solved.
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
        game: bool = False,
        columns: Sequence[str] | None = None,
    ):
        self.start: AbstractBoundary = as_boundary(start)
        self.goal: AbstractBoundary | None = None if goal is None else as_boundary(goal)
        self.costs, self.terminal, self.reference = tuple(costs), terminal, reference
        self.control_weight = positive("control_weight", control_weight)
        self.diffusion = not_negative("diffusion", diffusion)
        self.game = game
        if self.goal is None and terminal is None:
            raise DataError("expected a goal or a terminal cost; got neither. Give one.")
        if self.goal is not None and self.goal.dim != self.start.dim:
            raise DataError(
                f"expected start and goal of one dimension; got {self.start.dim} and "
                f"{self.goal.dim}."
            )
        names = [f"x{i + 1}" for i in range(self.dim)] if columns is None else columns
        if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
            raise DataError(f"columns: expected names, one a coordinate; got {names!r}.")
        self.columns = tuple(names)
        if len(set(self.columns)) != self.dim or len(self.columns) != self.dim:
            raise DataError(
                f"columns: expected {self.dim} different names, one a coordinate; got {names}."
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
        """Those of the costs that are solid."""
        return tuple(cost for cost in self.costs if isinstance(cost, AbstractObstacles))

    @property
    def needs_mean(self) -> bool:
        """Whether a cost looks at the mean of the crowd."""
        return any("mean" in asked_for(cost) for cost in self.costs)

    @property
    def needs_log_prob(self) -> bool:
        """Whether a cost looks at the density of the crowd."""
        return any("log_prob" in asked_for(cost) for cost in self.costs)

    def running(self, t: Time, x: Point, log_prob: Scalar, mean: Vector) -> Scalar:
        """The sum of the costs at one point, in the units of the problem."""
        crowd = {"log_prob": log_prob, "mean": mean}
        total = jnp.zeros((), x.dtype)
        for cost in self.costs:
            total = total + cost(t, x, *(crowd[name] for name in asked_for(cost)))
        return total

    def control(self, t: Time, x: Point, drift: Vector) -> Scalar:
        """control_weight / 2 |drift - reference|^2."""
        off = drift if self.reference is None else drift - self.reference(t, x)
        return 0.5 * self.control_weight * jnp.sum(off**2)

    def weighed(self, deepest: float) -> "Problem":
        """The same problem, with a weight for every obstacle that has none: what its middle costs."""
        same = copy.copy(self)
        same.costs = tuple(
            cost.weighed(deepest) if isinstance(cost, AbstractObstacles) else cost
            for cost in self.costs
        )
        return same

    def ends(self) -> tuple[AbstractBoundary, ...]:
        """Start, and goal if there is one."""
        return (self.start,) if self.goal is None else (self.start, self.goal)

    def _check_obstacles(self) -> None:
        for obstacles in self.obstacles:
            if obstacles.dim > self.dim:
                raise DataError(
                    f"expected {name_of(obstacles)} of at most {self.dim} coordinates, as the start "
                    f"has; got {obstacles.dim}."
                )
        for name, end in zip(("start", "goal"), self.ends(), strict=False):
            share = float(np.mean(inside(self.obstacles, end.draw(0, _DRAWS))))
            if share > _MOST_INSIDE:
                raise DataError(
                    f"{name}: expected a place outside the obstacles; {share:.0%} of it is inside. "
                    "Move it, or the obstacle."
                )

    def _check_functions(self) -> None:
        t, x = self._probes()
        log_prob, mean = jnp.zeros(len(t)), jnp.asarray(x)
        crowd = {"log_prob": log_prob, "mean": mean}
        for cost in self.costs:
            arguments = [crowd[name] for name in asked_for(cost)]
            _tried(f"cost {name_of(cost)}", cost, (), t, x, *arguments)
        if self.terminal is not None:
            _tried("terminal cost", self.terminal, (), x)
        if self.reference is not None:
            _tried("reference", self.reference, (self.dim,), t, x)

    def _probes(self) -> tuple[jax.Array, jax.Array]:
        """Times, and places between start and goal."""
        begin = self.start.draw(0, _PROBES)
        end = begin if self.goal is None else self.goal.draw(1, _PROBES)
        t = (np.arange(_PROBES) + 0.5) / _PROBES
        return jnp.asarray(t), jnp.asarray(begin + t[:, None] * (end - begin))


def inside(obstacles: Sequence[AbstractObstacles], x: Points) -> np.ndarray:
    """Which rows are inside a shape."""
    found = np.zeros(len(x), bool)
    for shapes in obstacles:
        distances = jax.vmap(shapes.signed_distances)(jnp.asarray(x))
        found |= np.asarray(distances.min(axis=1) < 0)
    return found


def _tried(what: str, function: Callable, shape: tuple[int, ...], *rows: jax.Array) -> None:
    """Call a function at one point, then at all.

    **Raises:** `DataError` if it does not give finite numbers of this shape.
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
        where = [np.asarray(row[bad.argmax()]).tolist() for row in rows]
        names = ("t", "x", *asked_for(function)) if len(rows) > 1 else ("x",)
        at = ", ".join(f"{name} = {value}" for name, value in zip(names, where, strict=True))
        raise DataError(f"{what}: expected finite numbers; got {values[bad.argmax()]} at {at}.")
