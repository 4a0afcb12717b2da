"""The default density: a mixture per coordinate, given those before it, by a masked network."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.density._base import AbstractAutoregressiveDensity
from conservax.nn import MaskedNetwork, NetworkState, TimeEmbedding
from conservax.univariate import (
    AbstractKernelMixture,
    Kernel,
    checked_kernel,
    initial_outputs,
    normal_outputs,
    to_mixture,
)

_SMALL_READOUT = 0.05  # of the usual readout, so that outputs begin close to their biases


class Autoregressive(AbstractAutoregressiveDensity):
    """Autoregressive density prod_i f_i(x_i | x_<i, t) of mixtures of logistics or normals.

    Equations (11) and (14)-(16) of [hua2025].

    **Arguments:**

    - `dim`: dimension of x, from 1 to 100 and beyond.
    - `components`: of the mixture, per coordinate.
    - `width`, `depth`: hidden units per layer (rounded up to a multiple of `dim`) and hidden layers.
    - `condition_dim`: length of the optional condition vector, 0 for none.
    - `frequencies`, `max_frequency`: Fourier features of t, and the fastest of them in cycles over
      the unit time interval.
    - `fourier_features`: of the earlier coordinates, each of twice the frequency of the one before.
      Some let conditionals change sharply with location, none keeps velocities smooth.
    - `min_scale`: the narrowest logistic, in standardised units: a minimum for data in which points
      repeat.
    - `kernel`: shape of the components, "logistic" as in the paper, or "normal" for data whose tails
      are light.
    - `begin_normal`: whether training begins at about the standard normal, all components close
      together, instead of at components spread out under a random network: for data that are
      whitened, as those of `Whitened`.
    - `key`: a key from `jax.random.key`.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    min_scale: float = eqx.field(static=True)
    kernel: Kernel = eqx.field(static=True)
    embedding: TimeEmbedding
    network: MaskedNetwork

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
        fourier_features: int = 0,
        min_scale: float = 1e-3,
        kernel: Kernel = "logistic",
        begin_normal: bool = False,
        key: PRNGKey,
    ):
        if min(dim, components, width, depth) < 1 or fourier_features < 0:
            raise ValueError(
                "expected dim, components, width and depth of at least 1, and fourier_features of at "
                f"least 0; got {dim}, {components}, {width}, {depth} and {fourier_features}."
            )
        self.dim, self.condition_dim, self.min_scale = dim, condition_dim, min_scale
        self.kernel = checked_kernel(kernel)
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        network = MaskedNetwork(
            dim,
            self.embedding.size,
            3 * components,
            width=width,
            depth=depth,
            fourier_features=fourier_features,
            key=key,
        )
        outputs = normal_outputs if begin_normal else initial_outputs
        start = np.tile(outputs(components, min_scale, kernel), dim)
        start = jnp.asarray(start, network.readout_bias.dtype)
        readout = _SMALL_READOUT * network.readout if begin_normal else network.readout
        parts = lambda net: (net.readout, net.readout_bias)  # noqa: E731
        self.network = eqx.tree_at(parts, network, (readout, start))

    def start(self, t: Time, condition: Condition = None) -> NetworkState:
        """The network before any coordinate is known."""
        return self.network.start(self.embedding(t, condition))

    def conditional(self, state: NetworkState, i) -> tuple[AbstractKernelMixture, NetworkState]:
        """Mixture of coordinate i."""
        outputs, state = self.network.advance(state, i)
        return to_mixture(outputs, self.min_scale, self.kernel), state

    def extend(self, state: NetworkState, i, x_i: Scalar) -> NetworkState:
        """The network once x_i is known."""
        return self.network.extend(state, i, x_i)

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractKernelMixture:
        """All mixtures in one pass of the masked network."""
        outputs = self.network(self.embedding(t, condition), x)
        return to_mixture(outputs, self.min_scale, self.kernel)
