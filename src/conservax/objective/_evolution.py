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

_LARGE = 5.0  # times the median, an error that counts half: from 3 to 10 laws come out alike


class EquationResidual(AbstractObjective):
    """Residual of an equation: the integral over t of E |velocity - velocity[rho_t]|^2, x ~ rho_t.

    Zero if and only if the law solves the equation, whatever its dimension: nothing is integrated,
    and mass is exact. Draws are not differentiated. An equation that interacts takes two samples,
    one per factor of the square: the estimate is unbiased in both.

    Where velocities grow without bound, as in the tails of a Landau equation, a few draws hold most
    of the square, and its gradient has no bounded variance. So in the gradient, though not in the
    value, each draw has the weight of a Cauchy likelihood, 1 / (1 + (error / s)^2), with s five times
    the median error at its time. No weight is 0: what has no error is the same.

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
        errors = jax.vmap(lambda k, t: self._errors(k, t, law))
        first, second = errors(jax.random.split(sample_key, self.times), t)
        square = jnp.sum(first * second, axis=-1)
        weighted = jnp.mean(_weights(0.5 * (first + second)) * square)
        return weighted + jax.lax.stop_gradient(jnp.mean(square) - weighted)

    def _errors(
        self, key: PRNGKey, t: Scalar, law: ConservationLaw
    ) -> tuple[Float[Array, "points dim"], Float[Array, "points dim"]]:
        """Velocities that are missing at draws: twice the same, or each beside a sample of its own."""
        samples = 3 if self.equation.interacts else 1
        keys = jax.random.split(key, samples * self.points)
        x = jax.lax.stop_gradient(jax.vmap(lambda k: law.sample(k, t))(keys))
        log_prob, score = jax.vmap(jax.value_and_grad(lambda x: law.log_prob(t, x)))(x)
        own, *others = (slice(n * self.points, (n + 1) * self.points) for n in range(samples))
        velocity = jax.vmap(lambda x: law.velocity(t, x))(x[own])

        def error(part: slice):
            particles = Particles(x[part], score[part])
            wanted = jax.vmap(self.equation.velocity, in_axes=(0, 0, 0, None))
            span = self.end - self.begin
            return velocity - span * wanted(x[own], log_prob[own], score[own], particles)

        first, second = map(error, others or (own, own))
        return first, second


def _weights(error: Float[Array, "times points dim"]) -> Float[Array, "times points"]:
    """1 / (1 + (error / s)^2), with s in proportion to the median error at the time, not differentiated."""
    square = jax.lax.stop_gradient(jnp.sum(error**2, axis=-1))
    scale = _LARGE**2 * jnp.median(square, axis=-1, keepdims=True)
    return 1 / (1 + square / (scale + jnp.finfo(square.dtype).tiny))


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
