"""A mixture of many small bumps, placed on the data before training begins."""

import math
from typing import NamedTuple, Self

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
FIRST_ECHO_LOGIT, FIRST_ECHO_SCALE = -3.0, 0.1  # beside bumps whose weights sum to 1
NEVER = -1e4  # logit of a place that is not there
LEAST_WIDTH = 16  # a narrower network dies out where its few units are all negative


class Clusters(NamedTuple):
    """Where the rows of each cluster lie, how they spread, and how many they are."""

    centre: Float[np.ndarray, "clusters dim"]
    covariance: Float[np.ndarray, "clusters dim dim"]
    rows: Int[np.ndarray, " clusters"]


class KernelMixture(AbstractAutoregressiveDensity):
    """rho_t(x) = sum_k w_k(t) prod_i f_ik(x_i | x_<i): bumps that stay, with weights that change.

    Each bump is a product of one-dimensional kernels. If it is tilted, the centre of a coordinate
    moves linearly with the coordinates before: with normal kernels, a normal of any covariance.

    A mixture of factorized laws whose weights depend on time, which (27) of [hua2025] does not
    allow and the Knothe-Rosenblatt flux does: the mixture is autoregressive as a whole, since the
    bumps' weights given x_<i are closed. Made for populations with fixed places, such as stations,
    faults or towns: bumps begin at the clusters of the data (`from_clusters`).

    **Arguments:**

    - `centre`, `scale`: of the bumps, shape `(components, dim)`, where training begins.
    - `weights`: shape `(components,)`, positive; equal by default.
    - `kernel`: "logistic", whose tails are wide, or "normal".
    - `rank`: how many functions of time (and condition) all weights are made of. Few hold the
      network back from learning the times of single rows by heart.
    - `tilt`: slope of the centre of coordinate i over coordinate j < i, where training begins, shape
      `(components, dim, dim)` of which only the lower triangle counts; None keeps bumps upright.
    - `moving`: whether centres and scales may change in time as well.
    - `background`: share of one more bump, of mean 0 and deviation 1 as standardised data have.
      It is not trained, so that places without a training row keep some density.
    - `echoes`: so many more bumps at places that the condition names in its last entries: for each
      of them 1 if there is such a place or 0, then all places, shape `(echoes, dim)`. For events
      that follow where others were.
    - `condition_dim`, `frequencies`, `max_frequency`, `min_scale`, `key`: see `Autoregressive`.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    moving: bool = eqx.field(static=True)
    background: float = eqx.field(static=True)
    echoes: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    kernel: Kernel = eqx.field(static=True)
    embedding: TimeEmbedding
    modes: DenseNetwork
    readout: Float[Array, "outputs rank"]
    bias: Float[Array, " outputs"]
    logits: Float[Array, " components"]
    centre: Float[Array, "dim components"]
    raw_scale: Float[Array, "dim components"]
    tilt: Float[Array, "dim dim components"] | None

    def __init__(
        self,
        centre: ArrayLike,
        scale: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        tilt: ArrayLike | None = None,
        kernel: Kernel = "logistic",
        rank: int = 8,
        moving: bool = False,
        background: float = 0.0,
        echoes: int = 0,
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
        if condition_dim < echoes * (1 + self.dim):
            raise ValueError(
                f"expected a condition that holds {echoes} places, of at least "
                f"{echoes * (1 + self.dim)} entries; got {condition_dim}."
            )
        self.background, self.echoes = background, echoes
        self.kernel, self.moving = checked_kernel(kernel), moving
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        bumps = np.zeros(components * (1 + 2 * self.dim) if moving else components)
        widths = to_raw_scale(np.full(echoes * self.dim, FIRST_ECHO_SCALE), min_scale)
        outputs = np.concatenate([bumps, np.full(echoes, FIRST_ECHO_LOGIT), widths])
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
        self.tilt = None if tilt is None else _slopes(tilt, components, self.dim)

    @classmethod
    def from_clusters(cls, clusters: Clusters, *, tilted: bool = False, **options) -> Self:
        """Bumps at the centres of clusters, as wide as those.

        Tilted bumps begin with the slopes of the clusters. `options` are those of the class.
        """
        centre, covariance, rows = clusters
        # Cholesky factors of covariance matrices hold the slopes, times the widths.
        factor = np.linalg.cholesky(covariance)
        diagonal = np.arange(centre.shape[1])
        upright = np.sqrt(covariance[:, diagonal, diagonal])
        deviation = factor[:, diagonal, diagonal] if tilted else upright
        if tilted:
            options["tilt"] = factor @ np.linalg.inv(factor * np.eye(len(diagonal)))
        deviation = deviation * UNIT_SCALE[options.get("kernel", "logistic")]
        return cls(centre, deviation, rows + 1.0, **options)

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """The bumps at time t: log weights, centres, log scales and tilts."""
        calm = None if condition is None else soft_clip(condition)
        outputs = self.bias + self.readout @ self.modes(self.embedding(t, calm))
        components = self.logits.shape[0]
        logits = self.logits + outputs[:components]
        centre, raw_scale = self.centre, self.raw_scale
        if self.moving:
            shifts = outputs[components : components * (1 + 2 * self.dim)]
            shifts = shifts.reshape(2, self.dim, components)
            centre, raw_scale = centre + shifts[0], raw_scale + shifts[1]
        if self.echoes:
            there, places = self._named(condition)
            echo = outputs[-self.echoes * (1 + self.dim) :]
            logits = jnp.append(logits, jnp.where(there > 0, echo[: self.echoes], NEVER))
            centre = jnp.concatenate([centre, places.T], axis=1)
            widths = echo[self.echoes :].reshape(self.dim, self.echoes)
            raw_scale = jnp.concatenate([raw_scale, widths], axis=1)
        log_weights, log_scale = jax.nn.log_softmax(logits), to_log_scale(raw_scale, self.min_scale)
        if self.background:
            log_weights, centre, log_scale = self._with_background(log_weights, centre, log_scale)
        return log_weights, centre, log_scale, self._tilt_of(centre.shape[1])

    def _tilt_of(self, bumps: int) -> Array | None:
        """Slopes of all bumps, of which those beyond the first components stand upright."""
        if self.tilt is None:
            return None
        lower = np.tril(np.ones((self.dim, self.dim), bool), -1)[..., None] * self.tilt
        return jnp.pad(lower, ((0, 0), (0, 0), (0, bumps - lower.shape[-1])))

    def _named(self, condition: Condition) -> tuple[Array, Array]:
        """Whether there are places in the condition, and the places."""
        assert condition is not None  # its length was checked
        own = condition[-self.echoes * (1 + self.dim) :]
        return own[: self.echoes], own[self.echoes :].reshape(self.echoes, self.dim)

    def _with_background(self, log_weights: Array, centre: Array, log_scale: Array) -> PyTree:
        """One more bump, which is the same at all times."""
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
        """All bumps along coordinate i, weighed by what x_<i says of them."""
        log_weights, centre, log_scale, _ = state
        return self._mixture(jax.nn.log_softmax(log_weights), centre[i], log_scale[i]), state

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """Weigh every bump by its density of x_i, and move the centres of tilted ones."""
        log_weights, centre, log_scale, tilt = state
        log_pdf = self._log_pdf(centre[i], log_scale[i], x_i)
        if tilt is not None:
            centre = centre + tilt[:, i] * (x_i - centre[i])[None]
        return log_weights + log_pdf, centre, log_scale, tilt

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractKernelMixture:
        """All coordinates at once: bumps weighed by the sums over the coordinates before."""
        log_weights, centre, log_scale, tilt = self.start(t, condition)
        if tilt is not None:
            for i in range(self.dim - 1):
                centre = centre + tilt[:, i] * (x[i] - centre[i])[None]
        log_pdf = self._log_pdf(centre, log_scale, x[:, None])
        before = jnp.cumsum(log_pdf, axis=0) - log_pdf
        weights = jax.nn.log_softmax(log_weights[None] + before, axis=-1)
        return self._mixture(weights, centre, log_scale)

    def _log_pdf(self, centre: Array, log_scale: Array, x: Array) -> Array:
        """log density of every bump by itself."""
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


def _slopes(tilt: ArrayLike, components: int, dim: int) -> Float[Array, "dim dim components"]:
    """Slopes as the class holds them, components last."""
    tilt, expected = np.asarray(tilt, float), (components, dim, dim)
    if tilt.shape != expected:
        raise ValueError(f"expected tilt of shape {expected}; got {tilt.shape}.")
    return jnp.moveaxis(jnp.asarray(tilt, float), 0, -1)
