"""Residuals of an equation for the density, and of its initial condition, as objectives."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from conservax._types import PRNGKey, Scalar
from conservax.equation import AbstractEquation, AbstractSolution, Particles
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows

Velocities = Float[Array, "*times points dim"]


class EquationResidual(AbstractObjective):
    """Residual of an equation: the integral over t of E |velocity - velocity[rho_t]|^2, x ~ rho_t.

    Zero if and only if the law solves the equation, whatever its dimension: nothing is integrated,
    and mass is exact. Draws are not differentiated. An equation that interacts takes two samples,
    one per factor of the square: the estimate is unbiased in both.

    Where velocities grow without bound, as in the tails of a Landau equation, a few draws hold most
    of the square, and its gradient has no bounded variance. So in the gradient, though not in the
    value, each draw has the weight of a Cauchy likelihood, 1 / (1 + (error / s)^2), with s the median
    size of both velocities at its time. It is 1 where errors are small beside s, and vanishes nowhere.

    **Arguments:**

    - `equation`: the velocity that particles should have.
    - `begin`, `end`: times of the equation at t = 0 and t = 1 of the law.
    - `times`, `points`: per step: how many times, and how many draws at each.
    """

    equation: AbstractEquation
    begin: float = eqx.field(static=True)
    end: float = eqx.field(static=True)
    times: int = eqx.field(static=True, default=16)
    points: int = eqx.field(static=True, default=32)
    name: ClassVar[str] = "equation"

    def __check_init__(self):
        if not self.end > self.begin or self.times < 1 or self.points < 1:
            raise ValueError(
                "expected end > begin, and times and points of at least 1; got "
                f"{self.begin} to {self.end}, {self.times} and {self.points}."
            )

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate, per squared unit of law time; the rows give the precision alone."""
        time_key, sample_key = jax.random.split(key)
        offset = jax.random.uniform(time_key, (self.times,), rows.x.dtype)
        t = (jnp.arange(self.times, dtype=rows.x.dtype) + offset) / self.times
        velocities = jax.vmap(lambda k, t: self._velocities(k, t, law))
        own, *wanted = velocities(jax.random.split(sample_key, self.times), t)
        first, second = (own - one for one in wanted)
        value = jnp.mean(jnp.sum(first * second, axis=-1))
        # A weight goes with the factor that is differentiated, so that the other one, of a sample
        # of its own, is as right on average as without.
        held, weights = jax.lax.stop_gradient((first, second)), [_weights(own, w) for w in wanted]
        product = weights[0] * jnp.sum(first * held[1], axis=-1)
        product += weights[1] * jnp.sum(second * held[0], axis=-1)
        return jnp.mean(product) + jax.lax.stop_gradient(value - jnp.mean(product))

    def _velocities(self, key: PRNGKey, t: Scalar, law: ConservationLaw) -> tuple[Velocities, ...]:
        """Of the law at draws, and that of the equation twice: each beside a sample of its own."""
        samples = 3 if self.equation.interacts else 1
        keys = jax.random.split(key, samples * self.points)
        x = jax.lax.stop_gradient(jax.vmap(lambda k: law.sample(k, t))(keys))
        log_prob, score = jax.vmap(jax.value_and_grad(lambda x: law.log_prob(t, x)))(x)
        own, *others = (slice(n * self.points, (n + 1) * self.points) for n in range(samples))

        def wanted(part: slice):
            particles = Particles(x[part], score[part])
            wanted = jax.vmap(self.equation.velocity, in_axes=(0, 0, 0, None))
            return (self.end - self.begin) * wanted(x[own], log_prob[own], score[own], particles)

        velocity = jax.vmap(lambda x: law.velocity(t, x))(x[own])
        return velocity, *map(wanted, others or (own, own))


def _weights(velocity: Velocities, wanted: Velocities) -> Float[Array, "times points"]:
    """1 / (1 + (error / s)^2), with s^2 = median of velocity^2 + wanted^2; not differentiated.

    1 where most draws rest, and s is 0.
    """
    held = jax.lax.stop_gradient((velocity - wanted, velocity, wanted))
    error, *sizes = (jnp.sum(one**2, axis=-1) for one in held)
    scale = jnp.median(sum(sizes), axis=-1, keepdims=True)
    return jnp.where(scale > 0, scale / (scale + error), 1.0)


class InitialResidual(AbstractObjective):
    """Error of the initial density p: E (sqrt(rho_0 / p) - 1)^2 for x ~ p, at t = 0 of the law.

    Twice the squared Hellinger distance where p is not zero. Unlike a likelihood it has no noise
    at its minimum, so that p is met as exactly as the law can.

    **Arguments:**

    - `solution`, `begin`: p is the solution at that time of the equation.
    - `points`: draws per step.
    """

    solution: AbstractSolution
    begin: float = eqx.field(static=True)
    points: int = eqx.field(static=True, default=256)
    name: ClassVar[str] = "initial"

    def __call__(self, key: PRNGKey, law: ConservationLaw, rows: Rows) -> Scalar:
        """Unbiased estimate; the rows give the precision alone."""
        begin, zero = jnp.asarray(self.begin, rows.x.dtype), jnp.zeros((), rows.x.dtype)

        def error(key):
            x = self.solution.sample(key, begin).astype(rows.x.dtype)
            return jnp.expm1(0.5 * (law.log_prob(zero, x) - self.solution.log_prob(begin, x))) ** 2

        return jnp.mean(jax.vmap(error)(jax.random.split(key, self.points)))
