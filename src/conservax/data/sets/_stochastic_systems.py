"""Two populations that follow a known stochastic equation, observed in snapshots as cells are.

Both are of the form dx_i = x_i growth_i(x) dt + noise x_i dW_i (Itô). In y = log x the noise is
additive,

    dy_i = (growth_i(x) - noise^2 / 2) dt + noise dW_i,

where Heun's steps have weak order 2, and x stays positive. An individual is destroyed when it is
seen: every snapshot is of other individuals.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

_Times = Float64[np.ndarray, " rows"]
_Points = Float64[np.ndarray, "rows dim"]
_Growth = Callable[[_Points], _Points]

_SPREAD = 0.1  # at time 0, uniform in every coordinate
_TIMES = tuple(range(11))


def lotka_volterra(
    rng: np.random.Generator,
    cells: int = 200,
    times: Sequence[float] = _TIMES,
    *,
    noise: float = 0.02,
    step: float = 0.01,
) -> tuple[_Times, _Points]:
    """Draw snapshots of prey and predators: dx = (x - 0.4 x y) dt + noise x dW, dy = (0.1 x y - 0.4 y) dt + noise y dW.

    They start at (5, 4) + U(0, 0.1)^2 and go round about once in ten units of time.

    **Arguments:**

    - `cells`: individuals per snapshot.
    - `times`: of the snapshots, from 0 on, growing.
    - `noise`: 0 for the deterministic system.
    - `step`: longest step of time.

    **Returns:** times, shape `(rows,)`, and points, shape `(rows, 2)`, in the order of time.

    **Raises:** `ValueError` for times that fall or are negative, no cells, or another step.
    """
    return _snapshots(rng, _prey_and_predators, (5.0, 4.0), cells, times, noise, step)


def repressilator(
    rng: np.random.Generator,
    cells: int = 200,
    times: Sequence[float] = _TIMES,
    *,
    noise: float = 0.02,
    step: float = 0.01,
) -> tuple[_Times, _Points]:
    """Draw snapshots of three genes, each of which represses the next, in a circle.

    dx_i = (10 / (1 + x_{i-1}^3) - x_i) dt + noise x_i dW_i from (1, 1, 2) + U(0, 0.1)^3: they take
    turns, once round in about three units of time. Arguments and result as of `lotka_volterra`,
    with points of shape `(rows, 3)`.
    """
    return _snapshots(rng, _repression, (1.0, 1.0, 2.0), cells, times, noise, step)


def _prey_and_predators(x: _Points) -> _Points:
    prey, predators = x.T
    return np.stack((1 - 0.4 * predators, 0.1 * prey - 0.4), axis=1)


def _repression(x: _Points) -> _Points:
    return 10 / ((1 + np.roll(x, 1, axis=1) ** 3) * x) - 1


def _snapshots(
    rng: np.random.Generator,
    growth: _Growth,
    start: Sequence[float],
    cells: int,
    times: Sequence[float],
    noise: float,
    step: float,
) -> tuple[_Times, _Points]:
    """Simulate all individuals side by side; those of a snapshot leave when it is taken."""
    ends = np.asarray(times, np.float64)
    if ends.ndim != 1 or not len(ends) or ends[0] < 0 or (np.diff(ends) < 0).any():
        raise ValueError(f"expected times from 0 on that do not fall; got {list(times)}.")
    if cells < 1 or not step > 0:
        raise ValueError(f"expected at least one cell and a step above 0; got {cells} and {step}.")
    shape = (len(ends) * cells, len(start))
    y = np.log(np.asarray(start) + rng.uniform(0.0, _SPREAD, shape))
    seen = []
    for before, after in itertools.pairwise((0.0, *ends)):
        count = math.ceil((after - before) / step - 1e-9)
        length = (after - before) / max(count, 1)
        for _ in range(count):
            increment = math.sqrt(length) * rng.normal(size=y.shape)
            y = _advance(growth, y, increment, noise, length)
        seen.append(np.exp(y[:cells]))
        y = y[cells:]
    return np.repeat(ends, cells), np.concatenate(seen)


def _advance(
    growth: _Growth, y: _Points, increment: _Points, noise: float, length: float
) -> _Points:
    """One step of Heun for y = log x; `increment` is that of W."""
    slope = growth(np.exp(y)) - 0.5 * noise**2
    guess = y + length * slope + noise * increment
    later = growth(np.exp(guess)) - 0.5 * noise**2
    return y + 0.5 * length * (slope + later) + noise * increment
