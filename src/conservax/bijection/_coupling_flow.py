"""Layers of couplings: half of the coordinates is changed by functions of the other half."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, reduce
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.bijection._base import AbstractBijection
from conservax.nn import DenseNetwork, TimeEmbedding, soft_clip

Transformer = Literal["affine", "spline"]
_KNOTS, _INTERVAL = 8, 4.0  # of splines, in units of z: outside they are the identity
_READOUT = 0.01  # a map begins close to the identity
_LEAST_SLOPE, _LEAST_BIN = 0.1, 0.1  # of splines, so that an inverse keeps its digits


class CouplingFlow(AbstractBijection):
    """Couplings [dinh2017], each after a rotation that is drawn once and stays.

    A layer rotates, leaves one half of the coordinates, and changes each of the others by an affine map
    or a monotone rational-quadratic spline [durkan2019], whose parameters are functions of the first
    half, of time and of the condition. What a conditioner sees is clipped softly, and scales are
    bounded: far from the data a map moves nothing further than a bounded number of times its distance.

    **Arguments:**

    - `dim`: at least 2.
    - `layers`, `width`, `depth`: couplings, and the hidden units and layers of each.
    - `transformer`: "affine", or "spline" for densities that are far from normal; a spline is the identity
      beyond 4, so that it cannot carry anything across.
    - `max_log_scale`: of an affine map, largest log of its scale, to both sides.
    - `identity_at`: a time at which every layer is the identity, whatever the parameters; None for no
      such time.
    - `condition_dim`, `frequencies`, `max_frequency`, `key`: see `conservax.density.Autoregressive`.

    **Raises:** `ValueError` for one dimension, and numbers that make no sense.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    transformer: Transformer = eqx.field(static=True)
    max_log_scale: float = eqx.field(static=True)
    identity_at: float | None = eqx.field(static=True)
    embedding: TimeEmbedding
    rotations: Float[Array, "layers dim dim"]  # as the orthogonal factors of these
    conditioners: DenseNetwork  # stacked, one for each layer

    def __init__(
        self,
        dim: int,
        *,
        layers: int = 6,
        width: int = 64,
        depth: int = 2,
        transformer: Transformer = "affine",
        max_log_scale: float = 1.0,
        identity_at: float | None = None,
        condition_dim: int = 0,
        frequencies: int = 2,
        max_frequency: float = 1.0,
        key: PRNGKey,
    ):
        if dim < 2:
            raise ValueError(f"expected dim >= 2: a coupling needs two halves; got {dim}.")
        if min(layers, width, depth) < 1 or not 0 < max_log_scale < float("inf"):
            raise ValueError(
                "expected layers, width and depth of at least 1, and max_log_scale above 0; got "
                f"{layers}, {width}, {depth} and {max_log_scale}."
            )
        if transformer not in get_args(Transformer):
            raise ValueError(
                f"expected a transformer of {list(get_args(Transformer))}; got {transformer!r}."
            )
        self.dim, self.condition_dim = dim, condition_dim
        self.transformer, self.max_log_scale = transformer, max_log_scale
        self.identity_at = identity_at
        self.embedding = TimeEmbedding(frequencies, max_frequency, condition_dim)
        rotation_key, network_key = jax.random.split(key)
        self.rotations = jax.random.orthogonal(rotation_key, dim, (layers,))
        outputs = np.zeros((dim - dim // 2) * _parameters(transformer))
        self.conditioners = eqx.filter_vmap(
            lambda key: DenseNetwork(
                dim // 2 + self.embedding.size,
                width,
                depth,
                jnp.asarray(outputs),
                readout_scale=_READOUT,
                key=key,
            )
        )(jax.random.split(network_key, layers))

    def forward_and_log_det(
        self, t: Time, z: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """T(t, z), and log |det dT/dz| there: one pass through the layers."""
        features = self._features(t, condition, z)

        def step(carry: tuple[Point, Scalar], layer: Any) -> tuple[tuple[Point, Scalar], None]:
            (z, total), (rotation, conditioner) = carry, layer
            coupling = self._coupling(conditioner, condition, z)
            z, log_det = coupling.transform_and_log_det(rotation @ z, features)
            return (z.astype(total.dtype), total + log_det.astype(total.dtype)), None

        rotations, back = self._orthogonal()
        start = (z, jnp.zeros((), z.dtype))
        (z, total), _ = jax.lax.scan(step, start, (rotations, self.conditioners))
        return back @ z, total

    def inverse_and_log_det(
        self, t: Time, x: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """The z with T(t, z) = x, and log |det dT/dz| there: one pass through the layers."""
        features = self._features(t, condition, x)

        def step(carry: tuple[Point, Scalar], layer: Any) -> tuple[tuple[Point, Scalar], None]:
            (x, total), (rotation, conditioner) = carry, layer
            coupling = self._coupling(conditioner, condition, x)
            z, log_det = coupling.inverse_and_log_det(x, features)
            z, log_det = z.astype(total.dtype), log_det.astype(total.dtype)
            return (rotation.T @ z, total - log_det), None

        rotations, back = self._orthogonal()
        start = (back.T @ x, jnp.zeros((), x.dtype))
        return jax.lax.scan(step, start, (rotations, self.conditioners), reverse=True)[0]

    def _orthogonal(self) -> tuple[Float[Array, "layers dim dim"], Float[Array, "dim dim"]]:
        """The rotation of each layer, and the one that undoes them all.

        Orthogonal whatever an optimiser does to the arrays, say by weight decay.
        """
        rotations = jnp.linalg.qr(jax.lax.stop_gradient(self.rotations))[0]
        return rotations, reduce(
            lambda whole, one: whole @ one.T, rotations, jnp.eye(self.dim, dtype=rotations.dtype)
        )

    def _features(self, t: Time, condition: Condition, x: Point) -> Float[Array, " features"]:
        """What conditioners see of the time, and the condition."""
        return self.embedding(t, condition).astype(x.dtype)

    def _coupling(self, conditioner: DenseNetwork, condition: Condition, x: Point) -> Any:
        """The coupling of flowjax with this conditioner, which sees coordinates within bounds."""
        half = self.dim // 2
        at_rest = None
        if self.identity_at is not None:
            at_rest = self._features(jnp.asarray(self.identity_at, x.dtype), condition, x)

        def bounded(inputs: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
            seen = soft_clip(inputs[:half])
            found = conditioner(jnp.concatenate([seen, inputs[half:]]))
            if at_rest is None:
                return found
            return found - conditioner(jnp.concatenate([seen, at_rest]))

        template = _template(self.dim, self.embedding.size, self.transformer, self.max_log_scale)
        return eqx.tree_at(lambda one: one.conditioner, template, bounded)


@lru_cache(maxsize=64)
def _template(dim: int, features: int, transformer: Transformer, max_log_scale: float) -> Any:
    """A coupling of flowjax whose conditioner is to be replaced. Its constants take any precision."""
    from flowjax.bijections import Coupling

    def made() -> Any:
        with jax.enable_x64(False):
            return Coupling(
                jax.random.key(0),
                transformer=_affine(max_log_scale) if transformer == "affine" else _spline(),
                untransformed_dim=dim // 2,
                dim=dim,
                cond_dim=features,
                nn_width=1,
                nn_depth=0,
            )

    # Whoever calls may be traced, and a thread of its own is not.
    with ThreadPoolExecutor(1) as outside:
        return outside.submit(made).result()


def _affine(max_log_scale: float) -> Any:
    """x = m + s z with a bounded log s."""
    from flowjax.bijections import Affine
    from paramax import Parameterize

    def bounded(raw: Array) -> Array:
        return jnp.exp(max_log_scale * jnp.tanh(raw / max_log_scale))

    return eqx.tree_at(lambda one: one.scale, Affine(), Parameterize(bounded, jnp.zeros(())))


def _spline() -> Any:
    """A monotone rational-quadratic spline with slope 1 at its ends, and the identity beyond."""
    from flowjax.bijections import RationalQuadraticSpline
    from paramax import Parameterize

    def slopes(raw: Array) -> Array:
        end = jnp.ones((*raw.shape[:-1], 1), raw.dtype)
        return jnp.concatenate([end, jax.nn.softplus(raw) + _LEAST_SLOPE, end], axis=-1)

    spline = RationalQuadraticSpline(knots=_KNOTS, interval=_INTERVAL, min_width=_LEAST_BIN)
    start = jnp.full(_KNOTS, np.log(np.expm1(1 - _LEAST_SLOPE)))
    return eqx.tree_at(lambda one: one.derivatives, spline, Parameterize(slopes, start))


def _parameters(transformer: Transformer) -> int:
    """How many parameters one coordinate has."""
    return {"affine": 2, "spline": 2 * (_KNOTS + 1) + _KNOTS}[transformer]
