"""Interface of bijections: one point, one time, optionally a condition. `vmap` to batch."""

import abc

import equinox as eqx

from conservax._types import Condition, Point, Scalar, Time


class AbstractBijection(eqx.Module):
    """A map x = T(t, z) of R^dim onto itself, one to one and smooth at every time, and continuous in t.

    `dim` is the dimension of both, `condition_dim` the length of the condition, 0 for none.
    """

    dim: eqx.AbstractVar[int]
    condition_dim: eqx.AbstractVar[int]

    @abc.abstractmethod
    def forward_and_log_det(
        self, t: Time, z: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """T(t, z), shape `(dim,)`, and log |det dT/dz| there."""

    @abc.abstractmethod
    def inverse_and_log_det(
        self, t: Time, x: Point, condition: Condition = None
    ) -> tuple[Point, Scalar]:
        """The z with T(t, z) = x, shape `(dim,)`, and log |det dT/dz| at that z."""
