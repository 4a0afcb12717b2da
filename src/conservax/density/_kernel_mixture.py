"""A mixture of many narrow kernels, placed on the data before training begins."""

import math
from typing import Literal, NamedTuple, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from conservax._types import Condition, Point, PRNGKey, PyTree, Scalar, Time
from conservax.density._base import AbstractAutoregressiveDensity
from conservax.nn import DenseNetwork, TimeEmbedding, soft_clip
from conservax.univariate import (
    KERNELS,
    UNIT_SCALE,
    AbstractKernelMixture,
    Kernel,
    checked_kernel,
    to_log_scale,
    to_raw_scale,
)

READOUT_SCALE = 0.01  # weights hardly depend on time at first
TRIGGERING_LOGIT, TRIGGERING_SCALE = -3.0, 0.1  # at first, beside components whose weights sum to 1
ABSENT = -1e4  # logit of a triggering component without a location
LEAST_WIDTH = 16  # a narrower network dies out where its few units are all negative


class Clusters(NamedTuple):
    """Centre, covariance and number of rows of each cluster."""

    centre: Float[np.ndarray, "clusters dim"]
    covariance: Float[np.ndarray, "clusters dim dim"]
    rows: Int[np.ndarray, " clusters"]


class KernelMixture(AbstractAutoregressiveDensity):
    """Kernel mixture sum_k w_k(t) prod_i f_ik(x_i | x_<i): fixed components, time-varying weights.

    Each component is a product of one-dimensional kernels. With full covariance, the centre of a
    coordinate is linear in the coordinates before: with normal kernels, a normal of any covariance.

    A mixture of factorized densities whose weights depend on time, which (27) of [hua2025] does not
    allow and the Knothe-Rosenblatt flux does: the mixture is autoregressive as a whole, since the
    components' weights given x_<i are closed. Made for populations with fixed locations, such as
    stations, faults or towns: components begin at the clusters of the data (`from_clusters`).

    **Arguments:**

    - `centre`, `scale`: of the components, shape `(components, dim)`, where training begins.
    - `weights`: shape `(components,)`, positive; equal by default.
    - `kernel`: "logistic", whose tails are wide, or "normal".
    - `rank`: size of the low-rank basis of functions of time (and condition) that all weights are
      made of. A small one keeps the network from overfitting the times of single rows.
    - `slopes`: of the centre of coordinate i over coordinate j < i, where training begins, shape
      `(components, dim, dim)` of which only the lower triangle counts: full covariance. None for
      diagonal covariance.
    - `time_varying`: whether centres and scales may change in time as well.
    - `background`: weight of one more component, of mean 0 and deviation 1 as standardised data
      have. It is not trained, so that locations without a training row keep some density.
    - `triggering`: so many more components at locations that the condition names in its last
      entries: for each of them 1 if there is such a location or 0, then all locations, shape
      `(triggering, dim)`. For events that follow where others were (self-exciting processes).
    - `condition_dim`, `frequencies`, `max_frequency`, `min_scale`, `key`: see `Autoregressive`.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    time_varying: bool = eqx.field(static=True)
    background: float = eqx.field(static=True)
    triggering: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    kernel: Kernel = eqx.field(static=True)
    embedding: TimeEmbedding
    modes: DenseNetwork
    readout: Float[Array, "outputs rank"]
    bias: Float[Array, " outputs"]
    logits: Float[Array, " components"]
    centre: Float[Array, "dim components"]
    raw_scale: Float[Array, "dim components"]
    slopes: Float[Array, "dim dim components"] | None

    def __init__(
        self,
        centre: ArrayLike,
        scale: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        slopes: ArrayLike | None = None,
        kernel: Kernel = "logistic",
        rank: int = 8,
        time_varying: bool = False,
        background: float = 0.0,
        triggering: int = 0,
        condition_dim: int = 0,
        frequencies: int = 4,
        max_frequency: float = 1.0,
        min_scale: float = 1e-3,
        key: PRNGKey,
    ):
        centre, scale = np.asarray(centre, float), np.asarray(scale, float)
        components, self.dim = _shape(centre, scale)
        weights = np.ones(components) if weights is None else np.asarray(weights, float)
        _check_weights(weights, components, rank, background)
        self.condition_dim, self.min_scale = condition_dim, min_scale
        if condition_dim < triggering * (1 + self.dim):
            raise ValueError(
                f"expected a condition that holds {triggering} locations, of at least "
                f"{triggering * (1 + self.dim)} entries; got {condition_dim}."
            )
        self.background, self.triggering = background, triggering
        self.kernel, self.time_varying = checked_kernel(kernel), time_varying
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        changes = np.zeros(components * (1 + 2 * self.dim) if time_varying else components)
        widths = to_raw_scale(np.full(triggering * self.dim, TRIGGERING_SCALE), min_scale)
        outputs = np.concatenate([changes, np.full(triggering, TRIGGERING_LOGIT), widths])
        mode_key, readout_key = jax.random.split(key)
        self.modes = DenseNetwork(
            self.embedding.size,
            max(rank, LEAST_WIDTH),
            2,
            jnp.zeros(rank),
            readout_scale=1.0,
            key=mode_key,
        )
        self.readout = (
            READOUT_SCALE / math.sqrt(rank) * jax.random.normal(readout_key, (len(outputs), rank))
        )
        self.bias = jnp.asarray(outputs, float)
        self.logits = jnp.log(jnp.asarray(weights / weights.sum(), float))
        self.centre = jnp.asarray(centre.T, float)
        self.raw_scale = jnp.asarray(to_raw_scale(scale.T, min_scale), float)
        self.slopes = None if slopes is None else _slopes(slopes, components, self.dim)

    @classmethod
    def from_clusters(
        cls, clusters: Clusters, *, covariance: Literal["diagonal", "full"] = "diagonal", **options
    ) -> Self:
        """Components at the centres of clusters, with their widths or their full covariance.

        `options` are those of the class.
        """
        diagonal = np.arange(clusters.centre.shape[1])
        if covariance == "full":
            # Cholesky factors of covariance matrices hold the slopes, times the widths.
            factor = np.linalg.cholesky(clusters.covariance)
            options["slopes"] = factor @ np.linalg.inv(factor * np.eye(len(diagonal)))
            deviation = factor[:, diagonal, diagonal]
        else:
            deviation = np.sqrt(clusters.covariance[:, diagonal, diagonal])
        deviation = deviation * UNIT_SCALE[options.get("kernel", "logistic")]
        return cls(clusters.centre, deviation, clusters.rows + 1.0, **options)

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """Log weights, centres, log scales and slopes of the components at time t."""
        clipped = None if condition is None else soft_clip(condition)
        outputs = self.bias + self.readout @ self.modes(self.embedding(t, clipped))
        components = self.logits.shape[0]
        logits = self.logits + outputs[:components]
        centre, raw_scale = self.centre, self.raw_scale
        if self.time_varying:
            shifts = outputs[components : components * (1 + 2 * self.dim)]
            shifts = shifts.reshape(2, self.dim, components)
            centre, raw_scale = centre + shifts[0], raw_scale + shifts[1]
        if self.triggering:
            present, locations = self._triggered(condition)
            own = outputs[-self.triggering * (1 + self.dim) :]
            logits = jnp.append(logits, jnp.where(present > 0, own[: self.triggering], ABSENT))
            centre = jnp.concatenate([centre, locations.T], axis=1)
            widths = own[self.triggering :].reshape(self.dim, self.triggering)
            raw_scale = jnp.concatenate([raw_scale, widths], axis=1)
        log_weights, log_scale = jax.nn.log_softmax(logits), to_log_scale(raw_scale, self.min_scale)
        if self.background:
            log_weights, centre, log_scale = self._with_background(log_weights, centre, log_scale)
        return log_weights, centre, log_scale, self._padded_slopes(centre.shape[1])

    def _padded_slopes(self, components: int) -> Array | None:
        """Slopes of all components: 0 for the triggering ones and the background."""
        if self.slopes is None:
            return None
        lower = np.tril(np.ones((self.dim, self.dim), bool), -1)[..., None] * self.slopes
        return jnp.pad(lower, ((0, 0), (0, 0), (0, components - lower.shape[-1])))

    def _triggered(self, condition: Condition) -> tuple[Array, Array]:
        """Whether the condition names each triggering location, and the locations."""
        assert condition is not None  # its length was checked
        own = condition[-self.triggering * (1 + self.dim) :]
        return own[: self.triggering], own[self.triggering :].reshape(self.triggering, self.dim)

    def _with_background(self, log_weights: Array, centre: Array, log_scale: Array) -> PyTree:
        """One more component, which is the same at all times."""
        return (
            jnp.pad(
                log_weights + math.log1p(-self.background),
                (0, 1),
                constant_values=math.log(self.background),
            ),
            jnp.pad(centre, ((0, 0), (0, 1))),
            jnp.pad(log_scale, ((0, 0), (0, 1)), constant_values=math.log(UNIT_SCALE[self.kernel])),
        )

    def conditional(self, state: PyTree, i) -> tuple[AbstractKernelMixture, PyTree]:
        """The mixture along coordinate i, weighed by the densities of x_<i."""
        log_weights, centre, log_scale, _ = state
        return self._mixture(jax.nn.log_softmax(log_weights), centre[i], log_scale[i]), state

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """Weights times densities of x_i; with full covariance, centres given x_i."""
        log_weights, centre, log_scale, slopes = state
        log_pdf = self._log_pdf(centre[i], log_scale[i], x_i)
        if slopes is not None:
            centre = centre + slopes[:, i] * (x_i - centre[i])[None]
        return log_weights + log_pdf, centre, log_scale, slopes

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractKernelMixture:
        """All coordinates at once: components weighed by the sums over the coordinates before."""
        log_weights, centre, log_scale, slopes = self.start(t, condition)
        if slopes is not None:
            for i in range(self.dim - 1):
                centre = centre + slopes[:, i] * (x[i] - centre[i])[None]
        log_pdf = self._log_pdf(centre, log_scale, x[:, None])
        before = jnp.cumsum(log_pdf, axis=0) - log_pdf
        weights = jax.nn.log_softmax(log_weights[None] + before, axis=-1)
        return self._mixture(weights, centre, log_scale)

    def _log_pdf(self, centre: Array, log_scale: Array, x: Array) -> Array:
        """Log density of every component by itself."""
        zero = jnp.zeros_like(centre)
        single = self._mixture(*(leaf[..., None] for leaf in (zero, centre, log_scale)))
        return single.log_pdf(jnp.broadcast_to(x, centre.shape))

    def _mixture(self, log_weights: Array, mean: Array, log_scale: Array) -> AbstractKernelMixture:
        return KERNELS[self.kernel](log_weights, mean, log_scale)


def _shape(centre: np.ndarray, scale: np.ndarray) -> tuple[int, int]:
    """Components and dimension."""
    if centre.ndim != 2 or scale.shape != centre.shape or not centre.size:
        raise ValueError(
            "expected centre and scale of shape (components, dim); "
            f"got {centre.shape} and {scale.shape}."
        )
    return centre.shape


def _check_weights(weights: np.ndarray, components: int, rank: int, background: float) -> None:
    if weights.shape != (components,) or not np.all(weights > 0):
        raise ValueError(f"expected {components} positive weights; got {weights.shape}.")
    if rank < 1:
        raise ValueError(f"expected a rank of at least 1; got {rank}.")
    if not 0 <= background < 1:
        raise ValueError(f"expected a background in [0, 1); got {background}.")


def _slopes(slopes: ArrayLike, components: int, dim: int) -> Float[Array, "dim dim components"]:
    """Slopes as the class holds them, components last."""
    slopes, expected = np.asarray(slopes, float), (components, dim, dim)
    if slopes.shape != expected:
        raise ValueError(f"expected slopes of shape {expected}; got {slopes.shape}.")
    return jnp.moveaxis(jnp.asarray(slopes, float), 0, -1)
