"""A plain dense network whose every leaf is an array, so that networks can be stacked and saved."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey


class DenseNetwork(eqx.Module):
    """Dense network of `depth` hidden layers of `width` SiLU units, residual after the first, and a readout."""

    weights: tuple[Float[Array, "out in"], ...]
    biases: tuple[Float[Array, " out"], ...]

    def __init__(
        self,
        inputs: int,
        width: int,
        depth: int,
        readout_bias: Float[Array, " outputs"],
        *,
        readout_scale: float = 0.3,
        key: PRNGKey,
    ):
        sizes = [inputs] + [width] * depth + [readout_bias.shape[0]]
        scales = [1.0] * depth + [readout_scale]
        keys = jax.random.split(key, depth + 1)
        self.weights = tuple(
            scale / np.sqrt(below) * jax.random.normal(k, (above, below))
            for k, below, above, scale in zip(keys, sizes[:-1], sizes[1:], scales, strict=True)
        )
        self.biases = (*(jnp.zeros(width) for _ in range(depth)), jnp.asarray(readout_bias, float))

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """Outputs of one input vector."""
        return self.weights[-1] @ self.hidden(x) + self.biases[-1]

    def hidden(self, x: Float[Array, " inputs"]) -> Float[Array, " width"]:
        """The last hidden units, which the readout is linear in."""
        h = jax.nn.silu(self.weights[0] @ x + self.biases[0])
        for weight, bias in zip(self.weights[1:-1], self.biases[1:-1], strict=True):
            h = h + jax.nn.silu(weight @ h + bias)
        return h
