"""Residuals of an equation for the density, and of its initial condition, as objectives."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import PRNGKey, Scalar
from conservax.equation import AbstractEquation, AbstractSolution, Particles
from conservax.law import ConservationLaw
from conservax.objective._base import AbstractObjective, Rows


class EquationResidual(AbstractObjective):
    """Residual of an equation: the integral over t of E |velocity - velocity[rho_t]|^2, x ~ rho_t.

    Zero if and only if the law solves the equation, whatever its dimension: nothing is integrated,
    and mass is exact. Draws are not differentiated. An equation that interacts takes two samples,
    one per factor of the square: the estimate is unbiased in both.

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
        return jnp.mean(
            jax.vmap(lambda k, t: self._at(k, t, law))(jax.random.split(sample_key, self.times), t)
        )

    def _at(self, key: PRNGKey, t: Scalar, law: ConservationLaw) -> Scalar:
        samples = 3 if self.equation.interacts else 1
        keys = jax.random.split(key, samples * self.points)
        x = jax.lax.stop_gradient(jax.vmap(lambda k: law.sample(k, t))(keys))
        log_prob, score = jax.vmap(jax.value_and_grad(lambda x: law.log_prob(t, x)))(x)
        parts = [slice(n * self.points, (n + 1) * self.points) for n in range(samples)]
        own = parts[0]
        velocity = jax.vmap(lambda x: law.velocity(t, x))(x[own])

        def error(part: slice):
            others = Particles(x[part], score[part])
            wanted = jax.vmap(self.equation.velocity, in_axes=(0, 0, 0, None))
            span = self.end - self.begin
            return velocity - span * wanted(x[own], log_prob[own], score[own], others)

        return jnp.mean(jnp.sum(error(parts[0 if samples == 1 else 1]) * error(parts[-1]), axis=1))


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
