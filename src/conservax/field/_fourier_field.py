"""A divergence-free field on a torus as a finite Fourier series: linear in its parameters."""

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

MAX_MODES = 1_000_000


class FourierField(AbstractDivergenceFree):
    """Fourier field sqrt(2) sum_k (a_k cos(w_k x) + b_k sin(w_k x)), a, b projected normal to w_k.

    The wavevectors are w_k = 2 pi k / period for all cycles k with a sum |k_1| + ... + |k_dim| of at most
    `order`: about (2 dim)^order / (2 order!) of them. The field is a sum of orthogonal modes, and
    linear in their amplitudes, so that least squares have one minimum, which is found in few
    steps; but it has no more detail than its order. It is steady: t is ignored.

    **Arguments:**

    - `dim`: at least 2.
    - `domain`: a `Torus`; its `modes` are ignored.
    - `order`: largest sum of cycles of a mode, >= 1.
    - `density_weighted`: use rho A instead of A in `velocity` and `flux`.

    All amplitudes are zero to begin with.

    **Raises:** `ValueError` for dim < 2, another domain, or more than a million modes.
    """

    dim: int = eqx.field(static=True)
    density_weighted: bool = eqx.field(static=True)
    domain: Torus
    order: int = eqx.field(static=True)
    cosines: Float[Array, "modes dim"]
    sines: Float[Array, "modes dim"]
    constant: Float[Array, " dim"] | None

    def __init__(self, dim: int, *, domain: Torus, order: int = 2, density_weighted: bool = True):
        check_dim(dim)
        if not isinstance(domain, Torus):
            raise ValueError(
                f"expected a torus; got {domain}. Elsewhere use MatrixField or VectorPotentialField."
            )
        count = count_modes(dim, order) if order >= 1 else 0
        if not 0 < count <= MAX_MODES:
            raise ValueError(
                f"expected an order >= 1 of at most {MAX_MODES} modes; got order {order} in {dim} "
                f"dimensions, which has {count}. Change it."
            )
        self.dim, self.density_weighted, self.domain, self.order = (
            dim,
            density_weighted,
            domain,
            order,
        )
        self.cosines = self.sines = jnp.zeros((count, dim))
        self.constant = domain.constant_fields(dim)

    def matrix(self, t: Time, x: Point, condition: Condition = None) -> Matrix:
        """Matrix sqrt(2) sum_k (c_k w_k^T - w_k c_k^T) / |w_k|^2, c_k = a_k sin(w_k x) - b_k cos(w_k x)."""
        del t, condition
        phases = self._wavevectors(x.dtype) @ x
        amplitudes = self.cosines * jnp.sin(phases)[:, None] - self.sines * jnp.cos(phases)[:, None]
        half = np.sqrt(2) * amplitudes.T @ self._wavevectors(x.dtype, power=-1)
        return half - half.T

    def row_divergence(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """The field without its constant part."""
        del t, condition
        phases, directions = self._wavevectors(x.dtype) @ x, self._wavevectors(x.dtype, power=0)

        def normal(amplitudes):
            along = jnp.sum(amplitudes * directions, axis=1, keepdims=True)
            return amplitudes - along * directions

        field = jnp.cos(phases) @ normal(self.cosines) + jnp.sin(phases) @ normal(self.sines)
        return np.sqrt(2) * field

    def _wavevectors(self, dtype, power: int = 1) -> np.ndarray:
        """Wavevectors scaled to their length to this power; by NumPy, as compilers fold constants slowly."""
        vectors = 2 * np.pi / self.domain.period * cycles_of_modes(self.dim, self.order)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors * length ** (power - 1)).astype(dtype)


def count_modes(dim: int, order: int) -> int:
    """Half the number of integer points other than 0 whose coordinates' sizes add up to `order` at most."""
    points = sum(2**i * comb(dim, i) * comb(order, i) for i in range(min(dim, order) + 1))
    return (points - 1) // 2


@functools.lru_cache(maxsize=8)
def cycles_of_modes(dim: int, order: int) -> np.ndarray:
    """The integer points of `count_modes`, of each pair k, -k the one of positive first nonzero entry."""
    found = []
    for taken in range(1, min(dim, order) + 1):
        sizes = [s for s in product(range(1, order + 1), repeat=taken) if sum(s) <= order]
        signs = [(1, *rest) for rest in product((1, -1), repeat=taken - 1)]
        values = np.array([np.multiply(s, sign) for s in sizes for sign in signs], np.int16)
        axes = np.array(list(combinations(range(dim), taken)))
        cycles = np.zeros((len(axes), len(values), dim), np.int16)
        np.put_along_axis(cycles, np.repeat(axes[:, None], len(values), 1), values[None], axis=2)
        found.append(cycles.reshape(-1, dim))
    return np.concatenate(found)
