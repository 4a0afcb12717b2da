"""A divergence-free field on a torus as a finite Fourier series: linear in what is learned."""

import functools
from itertools import combinations, product
from math import comb

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Point, Time, Vector
from conservax.field._divergence_free import AbstractDivergenceFree
from conservax.field._domain import Torus
from conservax.field._row_divergence import Matrix, check_dim

MOST_WAVES = 1_000_000


class FourierField(AbstractDivergenceFree):
    """v(x) = sqrt(2) sum_k (a_k cos(w_k x) + b_k sin(w_k x)), of each a and b what is normal to its wave.

    The waves w_k = 2 pi k / period are those whose cycles have a sum |k_1| + ... + |k_dim| of at most
    `order`: about (2 dim)^order / (2 order!) of them. The field is a sum of waves that are orthogonal to
    one another, and linear in their amplitudes, so that least squares have one minimum, which
    is found in few steps; but it has no more detail than its order. It is steady: t is not looked at.

    **Arguments:**

    - `dim`: at least 2.
    - `domain`: a `Torus`; its `waves` are not looked at.
    - `order`: largest sum of cycles of a wave, >= 1.
    - `envelope`: use rho A instead of A in `velocity` and `flux`.

    All amplitudes are zero to begin with.

    **Raises:** `ValueError` for dim < 2, another domain, or more than a million waves.
    """

    dim: int = eqx.field(static=True)
    envelope: bool = eqx.field(static=True)
    domain: Torus
    order: int = eqx.field(static=True)
    cosines: Float[Array, "waves dim"]
    sines: Float[Array, "waves dim"]
    constant: Float[Array, " dim"] | None

    def __init__(self, dim: int, *, domain: Torus, order: int = 2, envelope: bool = True):
        check_dim(dim)
        if not isinstance(domain, Torus):
            raise ValueError(
                f"expected a torus; got {domain}. Elsewhere use MatrixField or VectorField."
            )
        count = count_waves(dim, order) if order >= 1 else 0
        if not 0 < count <= MOST_WAVES:
            raise ValueError(
                f"expected an order >= 1 of at most {MOST_WAVES} waves; got order {order} in {dim} "
                f"dimensions, which has {count}. Change it."
            )
        self.dim, self.envelope, self.domain, self.order = dim, envelope, domain, order
        self.cosines = self.sines = jnp.zeros((count, dim))
        self.constant = domain.constant_fields(dim)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Matrix:
        """sqrt(2) sum_k (c_k w_k^T - w_k c_k^T) / |w_k|^2 with c_k = a_k sin(w_k x) - b_k cos(w_k x)."""
        del t, condition
        phases = self._waves(x.dtype) @ x
        amplitudes = self.cosines * jnp.sin(phases)[:, None] - self.sines * jnp.cos(phases)[:, None]
        half = np.sqrt(2) * amplitudes.T @ self._waves(x.dtype, power=-1)
        return half - half.T

    def row_divergence(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """The field without its constant part."""
        del t, condition
        phases, directions = self._waves(x.dtype) @ x, self._waves(x.dtype, power=0)

        def normal(amplitudes):
            along = jnp.sum(amplitudes * directions, axis=1, keepdims=True)
            return amplitudes - along * directions

        field = jnp.cos(phases) @ normal(self.cosines) + jnp.sin(phases) @ normal(self.sines)
        return np.sqrt(2) * field

    def _waves(self, dtype, power: int = 1) -> np.ndarray:
        """The waves, of their length to this power; by NumPy, as compilers fold constants slowly."""
        waves = 2 * np.pi / self.domain.period * cycles_of_waves(self.dim, self.order)
        length = np.linalg.norm(waves, axis=1, keepdims=True)
        return (waves * length ** (power - 1)).astype(dtype)


def count_waves(dim: int, order: int) -> int:
    """Half of the integer points other than 0 whose coordinates' sizes add up to `order` at most."""
    points = sum(2**i * comb(dim, i) * comb(order, i) for i in range(min(dim, order) + 1))
    return (points - 1) // 2


@functools.lru_cache(maxsize=8)
def cycles_of_waves(dim: int, order: int) -> np.ndarray:
    """These points, one of each pair k and -k: the one whose first coordinate other than 0 is positive."""
    found = []
    for taken in range(1, min(dim, order) + 1):
        sizes = [s for s in product(range(1, order + 1), repeat=taken) if sum(s) <= order]
        signs = [(1, *rest) for rest in product((1, -1), repeat=taken - 1)]
        values = np.array([np.multiply(s, sign) for s in sizes for sign in signs], np.int16)
        places = np.array(list(combinations(range(dim), taken)))
        cycles = np.zeros((len(places), len(values), dim), np.int16)
        np.put_along_axis(cycles, np.repeat(places[:, None], len(values), 1), values[None], axis=2)
        found.append(cycles.reshape(-1, dim))
    return np.concatenate(found)
