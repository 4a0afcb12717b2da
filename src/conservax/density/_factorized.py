"""Independent coordinates, each a time-varying mixture of logistics."""

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Condition, PRNGKey, Time
from conservax.density._base import AbstractFactorizedDensity
from conservax.nn import DenseNetwork, TimeEmbedding
from conservax.univariate import AbstractKernelMixture, initial_outputs, to_mixture


class Factorized(AbstractFactorizedDensity):
    """Factorized density prod_i f_i(x_i, t) of mixtures of logistics [hua2025, (13), (17)].

    The arguments are those of `Autoregressive`. A `Mixture` of several is flexible again.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    embedding: TimeEmbedding
    network: DenseNetwork

    def __init__(
        self,
        dim: int,
        *,
        components: int = 16,
        width: int = 256,
        depth: int = 4,
        condition_dim: int = 0,
        frequencies: int = 8,
        max_frequency: float = 1.0,
        min_scale: float = 1e-3,
        key: PRNGKey,
    ):
        if min(dim, components, width, depth) < 1:
            raise ValueError(
                "expected dim, components, width and depth of at least 1; got "
                f"{dim}, {components}, {width} and {depth}."
            )
        self.dim, self.condition_dim, self.min_scale = dim, condition_dim, min_scale
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        network_key, spread_key = jax.random.split(key)
        # Components of a `Mixture` must not start alike: each begins with its logistics shifted.
        shift = 0.5 * jax.random.normal(spread_key, (dim, 1))
        start = jnp.tile(initial_outputs(components, min_scale), (dim, 1))
        start = start.at[:, components : 2 * components].add(shift)
        self.network = DenseNetwork(
            self.embedding.size, width, depth, start.ravel(), key=network_key
        )

    def marginals(self, t: Time, condition: Condition = None) -> AbstractKernelMixture:
        """One mixture per coordinate, equation (17)."""
        outputs = self.network(self.embedding(t, condition))
        return to_mixture(outputs.reshape(self.dim, -1), self.min_scale)
