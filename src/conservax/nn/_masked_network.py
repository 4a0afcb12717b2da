"""The masked autoregressive network (MADE), readable whole or one coordinate at a time.

Hidden units are sorted by degree: the units of degree k see coordinates before k and feed
coordinates from k on. Read whole, it is a dense network with masked weights. Read one coordinate
at a time, only the units of the next degree are computed, so that walking through all
coordinates (to sample, or to push a derivative along a particle) costs one pass, not dim.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._programs import program
from conservax._types import Point, PRNGKey, Scalar
from conservax.nn._fourier_features import features_per_coordinate, fourier_features

UNROLLED_DIM = 8  # above this, coordinates are scanned: compile time stays flat in dim
MIN_UNITS = 8  # hidden units per degree: the first coordinate sees no other


class NetworkState(eqx.Module):
    """A network read up to some coordinate."""

    context: Float[Array, " units"]
    features: Float[Array, " seen"]
    hidden: tuple[Float[Array, " computed"], ...]


@program(effort="least")
def _normals(key: PRNGKey, scales: tuple[Array, ...], columns: tuple[int, ...]) -> list[Array]:
    """Normal matrices, the rows of each with these scales, by one draw."""
    sizes = [len(scale) * count for scale, count in zip(scales, columns, strict=True)]
    drawn = jnp.split(jax.random.normal(key, (sum(sizes),)), np.cumsum(sizes)[:-1].tolist())
    return [
        scale[:, None] * part.reshape(len(scale), -1)
        for scale, part in zip(scales, drawn, strict=True)
    ]


def _scale(fan_in: np.ndarray) -> Array:
    return jnp.asarray(1 / np.sqrt(np.maximum(fan_in, 1)))


class MaskedNetwork(eqx.Module):
    """Masked network: `outputs` numbers per coordinate; those of i see only context, x_<i [germain2015].

    `width` is rounded up to a multiple of dim, with at least eight units per degree. Hidden layers
    after the first are residual.
    """

    dim: int = eqx.field(static=True)
    units: int = eqx.field(static=True)
    outputs: int = eqx.field(static=True)
    fourier_features: int = eqx.field(static=True)
    from_context: Float[Array, "width context"]
    from_point: Float[Array, "width features"]
    bias: Float[Array, " width"]
    hidden: tuple[Float[Array, "width width"], ...]
    hidden_bias: tuple[Float[Array, " width"], ...]
    readout: Float[Array, "outputs width"]
    readout_bias: Float[Array, " outputs"]

    def __init__(
        self,
        dim: int,
        context: int,
        outputs: int,
        *,
        width: int,
        depth: int,
        fourier_features: int,
        key: PRNGKey,
    ):
        self.dim, self.outputs, self.fourier_features = dim, outputs, fourier_features
        self.units = max(MIN_UNITS, -(-width // dim))
        width = self.units * dim
        degree = np.arange(width) // self.units
        seen = (degree + 1) * self.units
        readout_seen = np.repeat((np.arange(dim) + 1) * self.units, outputs)
        fan_in = (
            np.full(width, context),
            degree * self.features,
            *[seen] * (depth - 1),
            readout_seen,
        )
        columns = context, dim * self.features, *[width] * depth
        drawn = _normals(key, tuple(map(_scale, fan_in)), columns)
        self.from_context, self.from_point, *hidden, readout = drawn
        zeros = np.zeros(width, readout.dtype)
        self.bias = jnp.asarray(zeros)
        self.hidden = tuple(hidden)
        self.hidden_bias = tuple(jnp.asarray(zeros) for _ in hidden)
        self.readout = 0.3 * readout
        self.readout_bias = jnp.asarray(np.zeros(dim * outputs, readout.dtype))

    @property
    def features(self) -> int:
        """Features of each coordinate that the network sees."""
        return features_per_coordinate(self.fourier_features)

    def __call__(self, context: Array, x: Point) -> Float[Array, "dim outputs"]:
        """All outputs of a known point, in one pass."""
        degree = np.arange(self.units * self.dim) // self.units
        sees_point = degree[:, None] > np.arange(self.dim * self.features) // self.features
        features = fourier_features(x, self.fourier_features).ravel()
        h = self.from_context @ context + self.bias + (self.from_point * sees_point) @ features
        h = jax.nn.silu(h)
        for weight, bias in zip(self.hidden, self.hidden_bias, strict=True):
            h = h + jax.nn.silu(self._product(weight, self.units, h) + bias)
        outputs = self._product(self.readout, self.outputs, h) + self.readout_bias
        return outputs.reshape(self.dim, self.outputs)

    def _product(self, weight: Array, rows: int, h: Array) -> Array:
        """Masked weight times h: rows of degree i, `rows` of them, see units up to degree i.

        In two halves, so that a quarter of the masked zeros is never multiplied.
        """
        half = self.dim // 2
        parts = []
        for first, last in ((0, half), (half, self.dim)):
            seen = last * self.units
            mask = np.repeat(np.arange(first, last), rows)[:, None] >= np.arange(seen) // self.units
            parts.append((weight[first * rows : last * rows, :seen] * mask) @ h[:seen])
        return jnp.concatenate(parts)

    def start(self, context: Array) -> NetworkState:
        """The state before any coordinate is known.

        Unrolled walks grow the arrays, so that only what is known is multiplied; scanned walks
        need arrays of fixed size, where zeros stand for what is not known yet.
        """
        width = self.units * self.dim
        room = (self.dim * self.features, width) if self.dim > UNROLLED_DIM else (0, 0)
        pre = self.from_context @ context + self.bias
        layers = 1 + len(self.hidden)
        hidden = tuple(jnp.zeros(room[1], pre.dtype) for _ in range(layers))
        return NetworkState(pre, jnp.zeros(room[0], pre.dtype), hidden)

    def advance(self, state: NetworkState, i) -> tuple[Float[Array, " outputs"], NetworkState]:
        """Compute the units of degree i, which know x_<i, and the outputs of coordinate i."""
        seen = state.features.shape[0]
        h = _block(state.context, i, self.units)
        h = h + _block(self.from_point, i, self.units)[:, :seen] @ state.features
        h = jax.nn.silu(h)
        hidden = [_put(state.hidden[0], h, i)]
        for layer, (weight, bias) in enumerate(zip(self.hidden, self.hidden_bias, strict=True)):
            below = hidden[layer]
            rows = _block(weight, i, self.units)[:, : below.shape[0]]
            h = h + jax.nn.silu(rows @ below + _block(bias, i, self.units))
            hidden.append(_put(state.hidden[layer + 1], h, i))
        rows = _block(self.readout, i, self.outputs)[:, : hidden[-1].shape[0]]
        outputs = rows @ hidden[-1] + _block(self.readout_bias, i, self.outputs)
        return outputs, NetworkState(state.context, state.features, tuple(hidden))

    def extend(self, state: NetworkState, i, x_i: Scalar) -> NetworkState:
        """The state once coordinate i is known."""
        features = _put(state.features, fourier_features(x_i, self.fourier_features), i)
        return NetworkState(state.context, features, state.hidden)


def _block(array: Array, i, size: int) -> Array:
    return jax.lax.dynamic_slice_in_dim(array, i * size, size)


def _put(array: Array, block: Array, i) -> Array:
    if isinstance(i, int):
        return jnp.concatenate([array, block])
    return jax.lax.dynamic_update_slice_in_dim(array, block, i * block.shape[0], 0)
