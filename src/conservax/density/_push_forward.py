"""A density pushed forward by a bijection that changes in time."""

import equinox as eqx

from conservax._types import Condition, Point, PRNGKey, Scalar, Time
from conservax.bijection import AbstractBijection
from conservax.density._base import AbstractDensity, check_condition, check_point


class PushForward(AbstractDensity):
    """Density of x = T(t, z) for z of a base density: log rho_t(x) = log rho^b_t(z) - log |det dT/dz|.

    Exact for any bijection, in any dimension; see `conservax.flux.PushForwardFlux` for how it moves.

    **Arguments:**

    - `base`: density of z. `DiagonalGaussianMixture` rests.
    - `bijection`: T.

    **Raises:** `ValueError` for parts of different dimensions, or of different conditions.
    """

    dim: int = eqx.field(static=True)
    condition_dim: int = eqx.field(static=True)
    base: AbstractDensity
    bijection: AbstractBijection

    def __init__(self, base: AbstractDensity, bijection: AbstractBijection):
        if base.dim != bijection.dim:
            raise ValueError(
                "expected a base and a bijection of one dimension; got "
                f"{base.dim} and {bijection.dim}."
            )
        conditions = {base.condition_dim, bijection.condition_dim} - {0}
        if len(conditions) > 1:
            raise ValueError(
                "expected a base with the condition of the bijection, or one of them without; got "
                f"condition_dim {base.condition_dim} and {bijection.condition_dim}."
            )
        self.dim, self.condition_dim = base.dim, max(conditions, default=0)
        self.base, self.bijection = base, bijection

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density, nats, through the inverse."""
        check_point(self, x, condition)
        z, log_det = self.bijection.inverse_and_log_det(t, x, self.of_bijection(condition))
        return self.base.log_prob(t, z, self.of_base(condition)) - log_det

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw: that of the base, pushed forward. No inverse is needed."""
        check_condition(self, condition)
        z = self.base.sample(key, t, self.of_base(condition))
        return self.bijection.forward_and_log_det(t, z, self.of_bijection(condition))[0]

    def of_base(self, condition: Condition) -> Condition:
        """The condition that the base sees: the same, or none."""
        return condition if self.base.condition_dim else None

    def of_bijection(self, condition: Condition) -> Condition:
        """The condition that the bijection sees: the same, or none."""
        return condition if self.bijection.condition_dim else None
