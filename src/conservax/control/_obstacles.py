"""Obstacles: circles, ellipses, boxes and polygons, with signed distances and costs."""

import abc
import copy
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from conservax._types import Point, Scalar, Time
from conservax.data import DataError

_CORNERS = 64  # of a circle that is drawn


class AbstractObstacles(eqx.Module):
    """Obstacles of one kind: signed distances, and a cost inside and near them.

    `weight` multiplies the cost; where it is None `plan` finds one that avoids collisions, and the
    cost by itself has weight 1. `margin`, in the unit of x, moves the boundary of the cost outwards;
    collisions are counted with the shapes themselves.
    """

    weight: eqx.AbstractVar[float | None]
    margin: eqx.AbstractVar[float]

    @property
    def strength(self) -> float:
        """The weight, or 1 if it is None."""
        return 1.0 if self.weight is None else self.weight

    def with_weight(self, largest: float) -> "AbstractObstacles":
        """The same shapes, with a weight if they have none.

        `largest`: the largest cost at the centre of a shape.
        """
        if self.weight is not None:
            return self
        inside = max(float(self(jnp.zeros(()), jnp.asarray(c))) for c in self.centres())
        weighted = copy.copy(self)
        object.__setattr__(weighted, "weight", largest / inside)
        return weighted

    @property
    @abc.abstractmethod
    def dim(self) -> int:
        """Number of coordinates of the shapes, the first ones of x."""

    @abc.abstractmethod
    def signed_distances(self, x: Point) -> Float[Array, " shapes"]:
        """Distance of x from the boundary of each, negative inside, in the unit of x."""

    @abc.abstractmethod
    def __call__(self, t: Time, x: Point) -> Scalar:
        """The running cost at x: smooth, large inside, small outside."""

    @abc.abstractmethod
    def centres(self) -> Float[np.ndarray, "shapes dim"]:
        """A point inside each."""

    @abc.abstractmethod
    def outlines(self) -> list[Float[np.ndarray, "corners 2"]]:
        """Closed lines to draw; empty unless the shapes are in the plane."""


class Circles(AbstractObstacles):
    """Discs, or balls: weight * sum softplus((R + margin)^2 - |x - c|^2) [hua2025, (35)].

    **Arguments:**

    - `centre`: c, shape `(circles, dim)`.
    - `radius`: R, one number or one per circle.
    - `weight`, `margin`: see `AbstractObstacles`.

    **Raises:** `DataError` for other shapes, radii that are not positive, a negative weight.
    """

    centre: np.ndarray
    radius: np.ndarray
    weight: float | None = eqx.field(static=True)
    margin: float = eqx.field(static=True)

    def __init__(
        self,
        centre: ArrayLike,
        radius: ArrayLike,
        *,
        weight: float | None = None,
        margin: float = 0.0,
    ):
        centre = np.asarray(centre, float)
        if centre.ndim != 2:
            raise DataError(f"expected centres of shape (circles, dim); got {centre.shape}.")
        self.centre = centre
        self.radius = np.broadcast_to(np.asarray(radius, float), len(centre))
        if not np.all(self.radius > 0):
            raise DataError(f"expected a radius above 0; got {self.radius.min():g}.")
        self.weight, self.margin = _weight(weight), margin

    @property
    def dim(self) -> int:
        """Coordinates of a centre."""
        return self.centre.shape[1]

    def signed_distances(self, x: Point) -> Float[Array, " shapes"]:
        """|x - c| - R."""
        return _root(self._squared(x)) - self.radius.astype(x.dtype)

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Sum over circles."""
        boundary = (self.radius + self.margin).astype(x.dtype) ** 2
        return self.strength * jnp.sum(jax.nn.softplus(boundary - self._squared(x)))

    def centres(self) -> Float[np.ndarray, "shapes dim"]:
        """The centres."""
        return self.centre

    def outlines(self) -> list[Float[np.ndarray, "corners 2"]]:
        """Polygons of many corners."""
        if self.dim != 2:
            return []
        return [c + r * _circle() for c, r in zip(self.centre, self.radius, strict=True)]

    def _squared(self, x: Point) -> Float[Array, " shapes"]:
        return jnp.sum((x[None, : self.dim] - self.centre.astype(x.dtype)) ** 2, axis=-1)


class Ellipses(AbstractObstacles):
    """Ellipses along the axes: weight * sum softplus((R + margin)^2 - R^2 |(x - c) / axes|^2).

    R is the shortest half axis, so that this is (35) of [hua2025] where all are equal. Unlike a
    signed distance the cost decreases along the whole of a long shape, so that paths through its
    middle find its end.

    **Arguments:**

    - `centre`: c, shape `(ellipses, dim)`.
    - `axes`: half axes, broadcast to the shape of the centres.
    - `weight`, `margin`: see `AbstractObstacles`.

    **Raises:** `DataError` for other shapes, axes that are not positive, a negative weight.
    """

    centre: np.ndarray
    axes: np.ndarray
    weight: float | None = eqx.field(static=True)
    margin: float = eqx.field(static=True)

    def __init__(
        self,
        centre: ArrayLike,
        axes: ArrayLike,
        *,
        weight: float | None = None,
        margin: float = 0.0,
    ):
        self.centre = np.asarray(centre, float)
        if self.centre.ndim != 2:
            raise DataError(f"expected centres of shape (ellipses, dim); got {self.centre.shape}.")
        self.axes = np.broadcast_to(np.asarray(axes, float), self.centre.shape)
        if not np.all(self.axes > 0):
            raise DataError(f"expected half axes above 0; got {self.axes.min():g}.")
        self.weight, self.margin = _weight(weight), margin

    @property
    def dim(self) -> int:
        """Coordinates of a centre."""
        return self.centre.shape[1]

    def signed_distances(self, x: Point) -> Float[Array, " shapes"]:
        """R (|(x - c) / axes| - 1): a lower bound of the distance, with its sign."""
        return self.axes.min(axis=1).astype(x.dtype) * (_root(self._squared(x)) - 1)

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Sum over ellipses."""
        shortest = self.axes.min(axis=1).astype(x.dtype)
        level = (shortest + self.margin) ** 2 - shortest**2 * self._squared(x)
        return self.strength * jnp.sum(jax.nn.softplus(level))

    def centres(self) -> Float[np.ndarray, "shapes dim"]:
        """The centres."""
        return self.centre

    def outlines(self) -> list[Float[np.ndarray, "corners 2"]]:
        """Polygons of many corners."""
        if self.dim != 2:
            return []
        return [c + a * _circle() for c, a in zip(self.centre, self.axes, strict=True)]

    def _squared(self, x: Point) -> Float[Array, " shapes"]:
        away = (x[None, : self.dim] - self.centre.astype(x.dtype)) / self.axes.astype(x.dtype)
        return jnp.sum(away**2, axis=-1)


class Boxes(AbstractObstacles):
    """Boxes along the axes: weight * sum softplus((margin - distance) / softness) * softness.

    **Arguments:**

    - `low`, `high`: opposite corners, shape `(boxes, dim)`.
    - `softness`: length scale on which the cost decays, in the unit of x.
    - `weight`, `margin`: see `AbstractObstacles`.

    **Raises:** `DataError` for other shapes, corners in the wrong order, a negative weight.
    """

    low: np.ndarray
    high: np.ndarray
    weight: float | None = eqx.field(static=True)
    margin: float = eqx.field(static=True)
    softness: float = eqx.field(static=True)

    def __init__(
        self,
        low: ArrayLike,
        high: ArrayLike,
        *,
        weight: float | None = None,
        margin: float = 0.0,
        softness: float = 0.25,
    ):
        self.low, self.high = np.asarray(low, float), np.asarray(high, float)
        if self.low.ndim != 2 or self.low.shape != self.high.shape:
            raise DataError(
                "expected corners low and high of shape (boxes, dim); got "
                f"{self.low.shape} and {self.high.shape}."
            )
        if not np.all(self.low < self.high):
            raise DataError("expected low below high in every box; got a box that is not.")
        self.weight, self.margin = _weight(weight), margin
        self.softness = positive("softness", softness)

    @property
    def dim(self) -> int:
        """Coordinates of a corner."""
        return self.low.shape[1]

    def signed_distances(self, x: Point) -> Float[Array, " shapes"]:
        """Exact distance to the nearest face, edge or corner."""
        x = x[None, : self.dim]
        middle = (0.5 * (self.low + self.high)).astype(x.dtype)
        beyond = jnp.abs(x - middle) - (0.5 * (self.high - self.low)).astype(x.dtype)
        squared = jnp.sum(jnp.maximum(beyond, 0.0) ** 2, axis=-1)
        # By index: jnp.max divides its gradient among entries equal to it, of which rounding may leave none.
        deepest = jnp.argmax(beyond, axis=-1)[:, None]
        inside = jnp.take_along_axis(beyond, deepest, axis=-1)[:, 0]
        return _root(squared) + jnp.minimum(inside, 0.0)

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Sum over boxes."""
        return soft_cost(self, x, self.softness)

    def centres(self) -> Float[np.ndarray, "shapes dim"]:
        """The centres."""
        return 0.5 * (self.low + self.high)

    def outlines(self) -> list[Float[np.ndarray, "corners 2"]]:
        """Four corners, and the first again."""
        if self.dim != 2:
            return []
        return [
            np.array([[a, b], [c, b], [c, d], [a, d], [a, b]])
            for (a, b), (c, d) in zip(self.low, self.high, strict=True)
        ]


class Polygons(AbstractObstacles):
    """Simple polygons in the plane, with the cost of `Boxes`.

    **Arguments:**

    - `corners`: one array of shape `(corners, 2)` per polygon, in order; the first corner may be
      repeated at the end.
    - `weight`, `margin`, `softness`: see `Boxes`.

    **Raises:** `DataError` for other shapes, corners that enclose no area, a negative weight.
    """

    corners: tuple[np.ndarray, ...]
    weight: float | None = eqx.field(static=True)
    margin: float = eqx.field(static=True)
    softness: float = eqx.field(static=True)

    def __init__(
        self,
        corners: Sequence[ArrayLike],
        *,
        weight: float | None = None,
        margin: float = 0.0,
        softness: float = 0.25,
    ):
        self.corners = tuple(_ring(np.asarray(polygon, float)) for polygon in corners)
        if not self.corners:
            raise DataError("expected at least one polygon; got none.")
        self.weight, self.margin = _weight(weight), margin
        self.softness = positive("softness", softness)

    @property
    def dim(self) -> int:
        """The plane."""
        return 2

    def signed_distances(self, x: Point) -> Float[Array, " shapes"]:
        """Distance to the nearest edge; inside if a ray to the right crosses an odd number of edges."""
        return jnp.stack(
            [_distance(polygon.astype(x.dtype), x[None, :2]) for polygon in self.corners]
        )

    def __call__(self, t: Time, x: Point) -> Scalar:
        """Sum over polygons."""
        return soft_cost(self, x, self.softness)

    def centres(self) -> Float[np.ndarray, "shapes dim"]:
        """The deepest of a few points per polygon, of which one is inside: every polygon has an ear."""
        return np.stack([_inner_point(polygon) for polygon in self.corners])

    def outlines(self) -> list[Float[np.ndarray, "corners 2"]]:
        """The corners, and the first again."""
        return [np.concatenate([polygon, polygon[:1]]) for polygon in self.corners]


def _circle() -> Float[np.ndarray, "corners 2"]:
    """The unit circle, as a closed polygon."""
    angle = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _ring(corners: np.ndarray) -> Float[np.ndarray, "corners 2"]:
    """The corners of a polygon without repeated neighbours, first and last included."""
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.all(np.isfinite(corners)):
        raise DataError(
            f"expected polygons of finite corners, shape (corners, 2); got {corners.tolist()}."
        )
    ring = corners[np.any(corners != np.roll(corners, 1, axis=0), axis=1)]
    x, y = ring.T
    area = 0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    if len(ring) < 3 or not area > 0:
        raise DataError(
            "expected three or more corners that enclose an area; got "
            f"{corners.tolist()}, area {area:g}."
        )
    return ring


def _inner_point(ring: Float[np.ndarray, "corners 2"]) -> Float[np.ndarray, " 2"]:
    ears = (np.roll(ring, 1, axis=0) + ring + np.roll(ring, -1, axis=0)) / 3
    points = np.concatenate([ring.mean(0)[None], ears])
    return points[np.argmin([_distance(ring, jnp.asarray(point)[None]) for point in points])]


def soft_cost(obstacles: AbstractObstacles, x: Point, softness: float) -> Scalar:
    """Softplus of the signed distance: about the depth inside, near 0 outside."""
    depth = (obstacles.margin - obstacles.signed_distances(x)) / softness
    return obstacles.strength * softness * jnp.sum(jax.nn.softplus(depth))


def _distance(corners: Float[np.ndarray, "corners 2"], x: Float[Array, "1 2"]) -> Scalar:
    start, along = jnp.asarray(corners), jnp.asarray(np.roll(corners, -1, axis=0) - corners)
    fraction = jnp.sum((x - start) * along, axis=-1) / jnp.sum(along**2, axis=-1)
    nearest = start + jnp.clip(fraction, 0.0, 1.0)[:, None] * along
    squared = jnp.sum((x - nearest) ** 2, axis=-1)
    distance = _root(squared[jnp.argmin(squared)])
    end = start + along
    spans = (start[:, 1] > x[0, 1]) != (end[:, 1] > x[0, 1])
    rise = jnp.where(spans, along[:, 1], 1.0)
    crossing = start[:, 0] + along[:, 0] * (x[0, 1] - start[:, 1]) / rise
    inside = jnp.sum(spans & (x[0, 0] < crossing)) % 2 == 1
    return jnp.where(inside, -distance, distance)


def _root(squared: Array) -> Array:
    """Square root whose gradient at 0 is 0, not infinite."""
    positive = squared > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1.0)), 0.0)


def _weight(value: float | None) -> float | None:
    return None if value is None else not_negative("weight", value)


def not_negative(name: str, value: float) -> float:
    """A number of 0 or more; `DataError` for another value."""
    if not (_is_number(value) and 0 <= value < float("inf")):
        raise DataError(f"expected a {name} of 0 or more; got {value!r}.")
    return float(value)


def positive(name: str, value: float) -> float:
    """A number above 0; `DataError` for another value."""
    if not (_is_number(value) and 0 < value < float("inf")):
        raise DataError(f"expected a {name} above 0; got {value!r}.")
    return float(value)


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
