"""Distribution of the inter-event time, whose tail is learned from the data."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PRNGKey, Scalar

SMALLEST_SHAPE, LARGEST_SHAPE = 0.3, 30.0
WIDEST = 12.0  # bound of log scales: times from e^-12 to e^12 typical ones, or longer windows
FASTEST, SLOWEST = 8.0, 8.0  # bounds of the log rate, up and down
RAREST = 4.0  # down to one event in e^4 windows, if that is less
STEEPEST = 40.0  # of the log cumulative hazard: exp(40) is finite in single precision


class InterEventTime(eqx.Module):
    """Logarithm of an inter-event time that is the smaller of two independent ones.

    One is a mixture of Weibull distributions, the other exponential: hazards add. A power law as
    of log-logistic times leaves the mean to times that are longer than any in the data; here the
    constant rate makes every tail exponential at worst, so what was seen decides the mean.

    **Arguments:**

    - `log_weight`, `log_scale`, `log_shape`: of the Weibull distributions.
    - `log_rate`: of the exponential one.
    """

    log_weight: Float[Array, " components"]
    log_scale: Float[Array, " components"]
    log_shape: Float[Array, " components"]
    log_rate: Scalar

    @classmethod
    def bounded(
        cls, free: Float[Array, " parameters"], *, log_window: float = 0.0
    ) -> "InterEventTime":
        """Distribution from `3 components + 1` real numbers of any size; zeros are exponential distributions.

        `log_window` is the logarithm of the length of a window, in the same unit. Where most events
        come in bursts, windows are far longer than the typical time, and so is the time between bursts.
        """
        log_rate, parts = free[-1], jnp.split(free[:-1], 3)
        span = jnp.log(jnp.array([SMALLEST_SHAPE, LARGEST_SHAPE], free.dtype))
        # Slope one at zero, where the shape is one, on both sides.
        bound = jnp.where(parts[2] < 0, -span[0], span[1])
        widest = jnp.where(parts[1] < 0, WIDEST, max(WIDEST, RAREST + log_window))
        fastest = jnp.where(log_rate < 0, max(SLOWEST, RAREST + log_window), FASTEST)
        return cls(
            jax.nn.log_softmax(parts[0]),
            widest * jnp.tanh(parts[1] / widest),
            bound * jnp.tanh(parts[2] / bound),
            fastest * jnp.tanh(log_rate / fastest),
        )

    def log_survival(self, y: Scalar) -> Scalar:
        """Log probability of a longer time than exp(y)."""
        return self._mixture_survival(y) - jnp.exp(self.log_rate + y)

    def log_pdf(self, y: Scalar) -> Scalar:
        """Log density of y, the logarithm of the time."""
        log_hazard = self._log_cumulative(y)
        # Of y: a cumulative hazard exp(k (y - m)) has the hazard k exp(k (y - m)).
        densities = self.log_weight + self.log_shape + log_hazard - jnp.exp(log_hazard)
        constant = self.log_rate + y
        either = jnp.logaddexp(jax.nn.logsumexp(densities), constant + self._mixture_survival(y))
        return either - jnp.exp(constant)

    def sample(self, key: PRNGKey) -> Scalar:
        """A draw of y: the smaller of a draw from the mixture and one from the constant rate."""
        chosen_key, mixture_key, constant_key = jax.random.split(key, 3)
        chosen = jax.random.categorical(chosen_key, self.log_weight)
        dtype = self.log_scale.dtype
        # The logarithm of an exponential variable is minus a Gumbel variable.
        times = -jax.random.gumbel(mixture_key, (), dtype) / jnp.exp(self.log_shape[chosen])
        constant = -jax.random.gumbel(constant_key, (), dtype) - self.log_rate
        return jnp.minimum(self.log_scale[chosen] + times, constant)

    def _log_cumulative(self, y: Scalar) -> Float[Array, " components"]:
        """Log cumulative hazard of every Weibull distribution."""
        return jnp.minimum(jnp.exp(self.log_shape) * (y - self.log_scale), STEEPEST)

    def _mixture_survival(self, y: Scalar) -> Scalar:
        return jax.nn.logsumexp(self.log_weight - jnp.exp(self._log_cumulative(y)))
