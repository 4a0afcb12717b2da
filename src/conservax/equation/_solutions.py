"""Solutions in closed form, for initial conditions and comparison."""

import abc
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, logsumexp
from jaxtyping import Float

from conservax._types import Point, PRNGKey, Scalar, Time


class AbstractSolution(eqx.Module):
    """A solution rho(t, x), t in the time of the equation."""

    dim: eqx.AbstractVar[int]

    @abc.abstractmethod
    def log_prob(self, t: Time, x: Point) -> Scalar:
        """Log density log rho(t, x), nats; -inf outside of the support."""

    @abc.abstractmethod
    def sample(self, key: PRNGKey, t: Time) -> Point:
        """One draw, shape `(dim,)`."""


class GaussianMixtureSolution(AbstractSolution):
    """Gaussian mixture as solution of an equation that is linear in x and rho.

    Under V = confinement |x|^2 / 2, W = attraction |x|^2 / 2 and D = diffusion, a Gaussian stays
    one: with c = confinement + attraction its mean m and covariance S obey

        m' = - confinement m,    S' = - 2 c S + 2 D I.

    With attraction the sum has to be of one Gaussian. The heat kernel, the Ornstein-Uhlenbeck
    process and the Gaussian solution of a McKean-Vlasov equation.

    **Arguments:**

    - `means`, `covariances`: at time 0, a `(dim,)` and a `(dim, dim)` for each Gaussian of equal weight.
    """

    dim: int = eqx.field(static=True)
    means: Float[np.ndarray, "gaussians dim"]
    covariances: Float[np.ndarray, "gaussians dim dim"]
    diffusion: float = eqx.field(static=True)
    confinement: float = eqx.field(static=True)
    attraction: float = eqx.field(static=True)

    def __init__(
        self,
        means: Sequence,
        covariances: Sequence,
        *,
        diffusion: float,
        confinement: float = 0.0,
        attraction: float = 0.0,
    ):
        self.means, self.covariances = np.asarray(means, float), np.asarray(covariances, float)
        if self.means.ndim != 2 or not self.means.size:
            raise ValueError(
                f"expected means of shape (gaussians, dim); got {self.means.shape}. "
                "Give a list of points."
            )
        self.dim = self.means.shape[1]
        if self.covariances.shape != (len(self.means), self.dim, self.dim):
            raise ValueError(
                f"expected covariances of shape {(len(self.means), self.dim, self.dim)}; "
                f"got {self.covariances.shape}. Give one per mean."
            )
        rates = np.array([diffusion, confinement, attraction])
        if not (diffusion >= 0 and np.isfinite(rates).all() and np.isfinite(self.means).all()):
            raise ValueError(
                "expected a diffusion >= 0, finite rates and finite means; got "
                f"{diffusion}, {confinement}, {attraction} and {self.means.tolist()}."
            )
        turned = self.covariances.swapaxes(1, 2)
        if not np.allclose(self.covariances, turned):
            raise ValueError(f"expected symmetric covariances; got {self.covariances.tolist()}.")
        least = float(np.linalg.eigvalsh(self.covariances).min())
        if least < 0 or (least == 0 and diffusion == 0):
            raise ValueError(
                f"expected covariances with eigenvalues > 0, or 0 with diffusion; got {least}."
            )
        if attraction and len(self.means) > 1:
            raise ValueError("expected one Gaussian with attraction; it couples several.")
        self.diffusion, self.confinement, self.attraction = diffusion, confinement, attraction

    def _at(self, t: Time):
        rate = self.confinement + self.attraction
        kept = jnp.exp(-2 * rate * t)
        spread = 2 * self.diffusion * (t if rate == 0 else (1 - kept) / (2 * rate))
        means = jnp.exp(-self.confinement * t) * self.means.astype(kept.dtype)
        start, identity = self.covariances.astype(kept.dtype), np.eye(self.dim, dtype=kept.dtype)
        return means, kept * start + spread * identity[None]

    def log_prob(self, t: Time, x: Point) -> Scalar:
        """Log density of the sum of Gaussians."""
        means, covariances = self._at(jnp.asarray(t, x.dtype))
        normal = jax.scipy.stats.multivariate_normal.logpdf
        each = jax.vmap(lambda m, s: normal(x, m, s))(means, covariances)
        return logsumexp(each) - float(np.log(len(self.means)))

    def sample(self, key: PRNGKey, t: Time) -> Point:
        """One draw from a Gaussian chosen at random."""
        pick_key, draw_key = jax.random.split(key)
        chosen = jax.random.randint(pick_key, (), 0, len(self.means))
        means, covariances = self._at(jnp.asarray(t) * 1.0)
        return jax.random.multivariate_normal(draw_key, means[chosen], covariances[chosen])


class Barenblatt(AbstractSolution):
    """The porous medium equation d_t rho = laplacian rho^m from a point of mass 1 [vazquez2007].

    rho = t^(-dim b) (C - k |x|^2 / t^(2 b))_+^(1/(m-1)), with b = 1 / (dim (m - 1) + 2) and
    k = b (m - 1) / (2 m). It has a sharp edge.

    **Arguments:**

    - `dim`: dimension of x.
    - `exponent`: m > 1.
    """

    dim: int = eqx.field(static=True)
    exponent: float = eqx.field(static=True, default=2.0)

    def __check_init__(self):
        if self.dim < 1 or not 1 < self.exponent < np.inf:
            raise ValueError(
                f"expected dim >= 1 and an exponent > 1; got {self.dim} and {self.exponent}. "
                "With exponent 1 it is a GaussianMixtureSolution."
            )

    @property
    def _constants(self) -> tuple[float, float, float, float]:
        """Constants b, k, 1 / (m - 1) and C, which makes the mass 1."""
        d, m = self.dim, self.exponent
        b, power = 1 / (d * (m - 1) + 2), 1 / (m - 1)
        k = b * (m - 1) / (2 * m)
        with jax.ensure_compile_time_eval():
            beta = float(gammaln(power + 1.0) - gammaln(power + 1 + d / 2))
        log_mass = beta + d / 2 * np.log(np.pi / k)
        return b, k, power, float(np.exp(-log_mass / (power + d / 2)))

    def log_prob(self, t: Time, x: Point) -> Scalar:
        """Log density, -inf beyond the edge."""
        b, k, power, c = self._constants
        t = jnp.asarray(t, x.dtype)
        left = c - k * jnp.sum(x**2) / t ** (2 * b)
        inside = jnp.log(jnp.where(left > 0, left, 1.0))
        return jnp.where(left > 0, power * inside - self.dim * b * jnp.log(t), -jnp.inf)

    def sample(self, key: PRNGKey, t: Time) -> Point:
        """One draw: the squared radius, over the largest, has a beta distribution."""
        b, k, power, c = self._constants
        direction_key, radius_key = jax.random.split(key)
        direction = jax.random.normal(direction_key, (self.dim,))
        fraction = jax.random.beta(radius_key, self.dim / 2, power + 1)
        radius = jnp.sqrt(c / k * fraction) * jnp.asarray(t) ** b
        return radius * direction / jnp.linalg.norm(direction)


class BKW(AbstractSolution):
    """The solution of `MaxwellLandau()` in two dimensions found by Bobylev, Krook and Wu.

    With K = 1 - exp(-t / 8) / 2 it is
    rho = exp(-|x|^2 / 2K) / (2 pi K) [(2K - 1) / K + (1 - K) |x|^2 / (2 K^2)] [carrillo2020].
    """

    dim: int = eqx.field(static=True, default=2)

    def __check_init__(self):
        if self.dim != 2:
            raise ValueError(f"expected dim = 2; got {self.dim}.")

    def log_prob(self, t: Time, x: Point) -> Scalar:
        """Log density: a Gaussian times a polynomial in |x|^2."""
        k = 1 - jnp.exp(-jnp.asarray(t, x.dtype) / 8) / 2
        square = jnp.sum(x**2)
        shape = (2 * k - 1) / k + (1 - k) * square / (2 * k**2)
        return jnp.log(shape) - square / (2 * k) - jnp.log(2 * np.pi * k)

    def sample(self, key: PRNGKey, t: Time) -> Point:
        """One draw: squared radii have a gamma distribution, of one of two shapes."""
        k = 1 - jnp.exp(-jnp.asarray(t) / 8) / 2
        pick_key, radius_key, angle_key = jax.random.split(key, 3)
        plain = jax.random.bernoulli(pick_key, (2 * k - 1) / k)
        square = 2 * k * jax.random.gamma(radius_key, jnp.where(plain, 1.0, 2.0))
        angle = 2 * np.pi * jax.random.uniform(angle_key)
        return jnp.sqrt(square) * jnp.array([jnp.cos(angle), jnp.sin(angle)])
