"""One-dimensional mixtures of a symmetric kernel, shifted and scaled, in log space."""

import abc
import math
from typing import Literal, Self, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PyTree
from conservax.univariate._base import AbstractConditional, capped_exp, reparameterised, root


class AbstractKernelMixture(AbstractConditional):
    """Mixture sum_l alpha_l K((x - mu_l) / scale_l) of a symmetric cumulative distribution K.

    The last axis of the parameters runs over the components; x has the leading axes.
    """

    log_weights: eqx.AbstractVar[Float[Array, "*batch components"]]
    mean: eqx.AbstractVar[Float[Array, "*batch components"]]
    log_scale: eqx.AbstractVar[Float[Array, "*batch components"]]

    @abc.abstractmethod
    def _log_kernel_pdf(self, z: Array) -> Array:
        """log K'(z)."""

    @abc.abstractmethod
    def _log_kernel_tails(self, z: Array) -> tuple[Array, Array]:
        """log K(z) and log K(-z)."""

    @abc.abstractmethod
    def _kernel_bracket(self, log_odds: Array) -> tuple[Array, Array]:
        """z below and z above the point of K with these log-odds."""

    @abc.abstractmethod
    def _kernel_quantile(self, u: Array) -> Array:
        """The z with K(z) = u, for u in (0, 1)."""

    def _standardise(self, x: Array) -> Array:
        return (x[..., None] - self.mean) * jnp.exp(-self.log_scale)

    def _log_terms(self, z: Array) -> Array:
        return self.log_weights - self.log_scale + self._log_kernel_pdf(z)

    def log_pdf(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log density log f(x): equation (16) for the logistic kernel."""
        return jax.nn.logsumexp(self._log_terms(self._standardise(x)), axis=-1)

    def log_cdf(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log CDF log F(x): equation (14) for the logistic kernel."""
        z = self._standardise(x)
        return jax.nn.logsumexp(self.log_weights + self._log_kernel_tails(z)[0], axis=-1)

    def log_survival(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Log survival log (1 - F(x)), by the symmetry of the kernel."""
        z = self._standardise(x)
        return jax.nn.logsumexp(self.log_weights + self._log_kernel_tails(z)[1], axis=-1)

    def from_log_odds(self, log_odds: Float[Array, "..."]) -> Float[Array, "..."]:
        """Inverse of `log_odds`: between the extreme quantiles of the components."""
        low, high = self._kernel_bracket(log_odds)
        scale = jnp.exp(self.log_scale)
        low = jnp.min(self.mean + scale * low[..., None], axis=-1)
        high = jnp.max(self.mean + scale * high[..., None], axis=-1)
        return root(self, log_odds, jax.lax.stop_gradient(low), jax.lax.stop_gradient(high))

    def from_uniforms(self, uniforms: Float[Array, "... 2"]) -> Float[Array, "..."]:
        """One draw: by one of the uniforms a component, by the other from its kernel."""
        dtype = self.mean.dtype
        end = 0.5 * jnp.finfo(dtype).eps
        uniform = jnp.clip(uniforms.astype(dtype), end, 1 - end)
        below = jnp.cumsum(jnp.exp(self.log_weights), axis=-1)
        chosen = below[..., :-1] < uniform[..., :1] * below[..., -1:]
        component = jnp.sum(chosen, axis=-1, keepdims=True)
        mean = jnp.take_along_axis(self.mean, component, axis=-1)[..., 0]
        log_scale = jnp.take_along_axis(self.log_scale, component, axis=-1)[..., 0]
        draw = mean + jnp.exp(log_scale) * self._kernel_quantile(uniform[..., 1])
        return reparameterised(self, jax.lax.stop_gradient(draw))

    def velocity(self, tangent: PyTree, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Velocity -D F / f with every ratio formed in log space."""
        return self._change_below(tangent, x, self.log_pdf(x))

    def flux(self, tangent: PyTree, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Flux -D F, a sum of the same terms."""
        return self._change_below(tangent, x, jnp.zeros_like(x))

    def _change_below(self, tangent: PyTree, x: Array, log_unit: Array) -> Array:
        """-D F in multiples of exp(log_unit).

        F or 1 - F, whichever is smaller, is differentiated: the weights sum to one, so both give
        the same. Its ratio to the unit is capped.
        """
        z, log_unit = self._standardise(x), log_unit[..., None]
        kernels = jnp.exp(self._log_terms(z) - log_unit)
        moved = tangent.mean + (x[..., None] - self.mean) * tangent.log_scale
        if self.mean.shape[-1] == 1:  # whose weight is 1 for good
            return jnp.sum(kernels * moved, axis=-1)
        below, above = self._log_kernel_tails(z)
        lower = jnp.sum(jnp.exp(self.log_weights + below), axis=-1, keepdims=True) < 0.5
        log_tail = self.log_weights + jnp.where(lower, below, above)
        tails = jnp.where(lower, 1.0, -1.0) * capped_exp(log_tail - log_unit)
        return jnp.sum(kernels * moved - tails * tangent.log_weights, axis=-1)

    def affine(self, shift: Float[Array, "..."], scale: Float[Array, "..."]) -> Self:
        """Means and scales in the other units."""
        shift, scale = shift[..., None], scale[..., None]
        moved = shift + scale * self.mean, jnp.log(scale) + self.log_scale
        return eqx.tree_at(lambda own: (own.mean, own.log_scale), self, moved)

    def mix(self, log_weights: Float[Array, " distributions"]) -> Self:
        """All components side by side, their weights multiplied by those of their distributions."""
        weighted = eqx.tree_at(
            lambda own: own.log_weights, self, self.log_weights + log_weights[:, None]
        )
        return jax.tree.map(jnp.ravel, weighted)


class LogisticMixture(AbstractKernelMixture):
    """Mixture of logistic distributions [hua2025, (14)-(17)]."""

    log_weights: Float[Array, "*batch components"]
    mean: Float[Array, "*batch components"]
    log_scale: Float[Array, "*batch components"]

    def _log_kernel_pdf(self, z):
        below, above = self._log_kernel_tails(z)
        return below + above

    def _log_kernel_tails(self, z):
        # Both tails and every derivative from one exponential, which never overflows.
        negative = z < 0
        rest = jnp.log1p(jnp.exp(jnp.where(negative, z, -z)))
        return jnp.where(negative, z, 0.0) - rest, jnp.where(negative, 0.0, -z) - rest

    def _kernel_bracket(self, log_odds):
        return log_odds, log_odds

    def _kernel_quantile(self, u):
        return jnp.log(u) - jnp.log1p(-u)


class NormalMixture(AbstractKernelMixture):
    """Mixture of normal distributions."""

    log_weights: Float[Array, "*batch components"]
    mean: Float[Array, "*batch components"]
    log_scale: Float[Array, "*batch components"]

    def _log_kernel_pdf(self, z):
        return -0.5 * (z * z + math.log(2 * math.pi))

    def _log_kernel_tails(self, z):
        return jax.scipy.special.log_ndtr(z), jax.scipy.special.log_ndtr(-z)

    def _kernel_bracket(self, log_odds):
        # Phi(-r) / Phi(r) <= exp(-r^2 / 2), so r = sqrt(2 |log-odds|) is far enough out.
        radius = jnp.sqrt(2 * jnp.abs(log_odds))
        return -radius, radius

    def _kernel_quantile(self, u):
        return jax.scipy.special.ndtri(u)


Kernel = Literal["logistic", "normal"]
KERNELS = {"logistic": LogisticMixture, "normal": NormalMixture}
UNIT_SCALE = {"logistic": math.sqrt(3) / math.pi, "normal": 1.0}  # of deviation 1


def checked_kernel(kernel: Kernel) -> Kernel:
    """The name of a kernel.

    **Raises:** `ValueError` for another name.
    """
    if kernel not in KERNELS:
        raise ValueError(f"expected a kernel of {list(get_args(Kernel))}; got {kernel!r}.")
    return kernel
