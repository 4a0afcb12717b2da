"""Gaussian kernel density estimates, their bandwidth chosen on the validation rows."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from conservax.baseline._rows import Points, Standard, Values, as_rows, join, thin

_MAX_CENTRES = 20_000
_MAX_PAIRS = 1_500_000  # distances in memory at once, and used in the choice of the bandwidth
_BANDWIDTHS = np.geomspace(0.01, 2.0, 24)  # in standard deviations
_TIME_BANDWIDTHS = np.geomspace(0.03, 3.0, 9)


@dataclass(frozen=True)
class KernelDensity:
    """A Gaussian kernel on every training row, all of one bandwidth in standardised units.

    **Attributes:**

    - `detail`: the choice made on the validation rows.
    """

    name: ClassVar[str] = "Kernel density (no time)"
    detail: str
    standard: Standard
    centres: Points
    bandwidth: float

    def log_prob(self, x: ArrayLike) -> Values:
        """log p(x), shape `(rows,)`: nats, in the units of the rows it was fitted to."""
        from scipy.spatial.distance import cdist

        z = self.standard(as_rows(x))
        parts = [
            _log_density(cdist(chunk, self.centres, "sqeuclidean"), 0.0, self.bandwidth)
            for chunk in _chunks(z, len(self.centres))
        ]
        volume = _log_volume(self.standard.std, self.bandwidth)
        return np.concatenate(parts) - math.log(len(self.centres)) - volume

    def sample(self, rng: np.random.Generator, rows: int) -> Points:
        """Draws, shape `(rows, dim)`, in the units of the rows it was fitted to."""
        centres = self.centres[rng.integers(len(self.centres), size=rows)]
        return self.standard.restore(centres + self.bandwidth * rng.normal(size=centres.shape))


@dataclass(frozen=True)
class KernelDensityInTime:
    """p(x | t) = p(t, x) / p(t), both from one kernel density of the pairs (t, x).

    So every training row is weighted by how close its time is: time has a bandwidth of its own.
    """

    name: ClassVar[str] = "Kernel density (in time)"
    detail: str
    standard: Standard
    centres: Points
    time_bandwidth: float
    bandwidth: float

    def log_prob(self, t: ArrayLike, x: ArrayLike) -> Values:
        """log p(x | t), shape `(rows,)`: nats, in the units of the rows it was fitted to."""
        from scipy.spatial.distance import cdist

        z = self.standard(join(t, x))
        parts = []
        for chunk in _chunks(z, len(self.centres)):
            weights = _log_weights(chunk, self.centres, self.time_bandwidth)
            distances = cdist(chunk[:, 1:], self.centres[:, 1:], "sqeuclidean")
            parts.append(_log_density(distances, weights, self.bandwidth))
        return np.concatenate(parts) - _log_volume(self.standard.std[1:], self.bandwidth)


def fit_kernel_density(train_x: ArrayLike, validation_x: ArrayLike) -> KernelDensity:
    """Fit a kernel density to the training rows without their times.

    At most 20 000 training rows have a kernel, and the bandwidth is chosen on as many validation
    rows as make 1.5 million pairs with them.

    **Arguments:** points of shape `(rows, dim)`, in any unit: they are standardised inside.
    """
    from scipy.spatial.distance import cdist

    rows = as_rows(train_x)
    standard = Standard.of(rows)
    centres = thin(standard(rows), _MAX_CENTRES)
    held = _thinned(standard(as_rows(validation_x)), len(centres))
    distances = cdist(held, centres, "sqeuclidean")
    dim = centres.shape[1]
    scores = [_log_density(distances, 0.0, h).mean() - dim * math.log(h) for h in _BANDWIDTHS]
    chosen = float(_BANDWIDTHS[np.argmax(scores)])
    detail = f"bandwidth {chosen:.2g} std{_kept(centres, rows)}"
    return KernelDensity(detail, standard, centres, chosen)


def fit_kernel_density_in_time(
    train_t: ArrayLike, train_x: ArrayLike, validation_t: ArrayLike, validation_x: ArrayLike
) -> KernelDensityInTime:
    """Fit a kernel density of x given t: two bandwidths, chosen together as in `fit_kernel_density`.

    **Arguments:** times of shape `(rows,)` and points of shape `(rows, dim)`, in any unit.
    """
    from scipy.spatial.distance import cdist

    rows = join(train_t, train_x)
    standard = Standard.of(rows)
    centres = thin(standard(rows), _MAX_CENTRES)
    held = _thinned(standard(join(validation_t, validation_x)), len(centres))
    distances = cdist(held[:, 1:], centres[:, 1:], "sqeuclidean")
    dim = centres.shape[1] - 1

    scores = {}
    for time_bandwidth in _TIME_BANDWIDTHS:
        weights = _log_weights(held, centres, time_bandwidth)
        for bandwidth in _BANDWIDTHS[::2]:
            score = _log_density(distances, weights, bandwidth).mean() - dim * math.log(bandwidth)
            scores[float(time_bandwidth), float(bandwidth)] = score
    time_bandwidth, bandwidth = max(scores, key=scores.__getitem__)
    detail = f"bandwidths {bandwidth:.2g} std, {time_bandwidth:.2g} std of time"
    return KernelDensityInTime(
        detail + _kept(centres, rows), standard, centres, time_bandwidth, bandwidth
    )


def _log_density(distances: np.ndarray, log_weights: np.ndarray | float, h: float) -> Values:
    """log sum_k w_k exp(-distance_k / (2 h^2)): the density, but for `_log_volume`."""
    return _log_sum_exp(log_weights - distances / (2 * h**2))


def _log_volume(std: Values, bandwidth: float) -> float:
    """Log of the volume of one kernel, in the units of the data."""
    return float(np.log(std).sum() + len(std) * math.log(bandwidth * math.sqrt(2 * math.pi)))


def _log_weights(rows: Points, centres: Points, time_bandwidth: float) -> np.ndarray:
    """Log weight of each centre at the time of each row; the weights of a row sum to one."""
    log_weights = -0.5 * ((rows[:, :1] - centres[None, :, 0]) / time_bandwidth) ** 2
    return log_weights - _log_sum_exp(log_weights)[:, None]


def _log_sum_exp(exponents: np.ndarray) -> Values:
    largest = exponents.max(1)
    shifted = exponents - largest[:, None]
    return largest + np.log(np.exp(shifted, out=shifted).sum(1))


def _chunks(rows: Points, centres: int) -> list[Points]:
    """Rows in chunks whose distances to all centres fit into memory."""
    size = max(1, _MAX_PAIRS // centres)
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _thinned(rows: Points, centres: int) -> Points:
    return thin(rows, max(1, _MAX_PAIRS // centres))


def _kept(centres: Points, rows: Points) -> str:
    return "" if len(centres) == len(rows) else f", on {len(centres)} of {len(rows)} rows"
