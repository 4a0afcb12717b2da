"""Any bijection of flowjax, with time as its condition."""

from typing import Any

import equinox as eqx
import jax

from conservax._types import Condition, Point, Scalar, Time
from conservax.bijection._base import AbstractBijection
from conservax.nn import TimeEmbedding


class FlowjaxBijection(AbstractBijection):
    """A bijection of the library flowjax that sees time, and the condition, as its condition.

    **Arguments:**

    - `bijection`: a `flowjax.bijections.AbstractBijection` of shape `(dim,)`, with a `cond_shape` of
      `(embedding.size,)`, or of None if it does not depend on time.
    - `embedding`: the features of time that it sees.

    A file of a model holds its numbers alone: read it by `conservax.load(path, like=law)`.

    **Raises:** `ValueError` for a bijection of other shapes.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    bijection: Any
    embedding: TimeEmbedding

    def __init__(self, bijection: Any, embedding: TimeEmbedding):
        shape, features = bijection.shape, bijection.cond_shape
        if len(shape) != 1 or features not in (None, (embedding.size,)):
            raise ValueError(
                f"expected a bijection of shape (dim,) with a cond_shape of {(embedding.size,)}, as "
                f"many as the features of time; got {shape} and {features}."
            )
        self.dim = shape[0]
        self.condition_dim = 0 if features is None else embedding.condition_dim
        self.bijection, self.embedding = bijection, embedding

    def forward_and_log_det(
        self, t: Time, z: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """T(t, z), and log |det dT/dz| there."""
        return self._mapped("transform_and_log_det", t, z, condition)

    def inverse_and_log_det(
        self, t: Time, x: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """The z with T(t, z) = x, and log |det dT/dz| there."""
        z, log_det = self._mapped("inverse_and_log_det", t, x, condition)
        return z, -log_det

    def _mapped(self, way: str, t: Time, x: Point, condition: Condition) -> tuple[Point, Scalar]:
        """The image and the log-determinant of one way, in the precision of x."""
        features = self.embedding(t, condition).astype(x.dtype)
        with jax.numpy_rank_promotion("allow"):  # which masks of flowjax count on
            image, log_det = getattr(self.bijection, way)(x, features)
        return image.astype(x.dtype), log_det.astype(x.dtype)
