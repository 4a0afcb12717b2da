"""Interfaces of densities: one point, one time, optionally a condition. `vmap` to batch."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Condition, Point, PRNGKey, PyTree, Scalar, Time, Vector
from conservax.nn import UNROLLED_DIM
from conservax.univariate import AbstractConditional


def check_point(density: "AbstractDensity", x: Point, condition: Condition) -> None:
    """Raise `ValueError` while tracing if x or the condition has the wrong shape."""
    if jnp.shape(x) != (density.dim,):
        raise ValueError(
            f"expected x of shape {(density.dim,)}; got {jnp.shape(x)}. "
            "Densities take one point: use jax.vmap for rows."
        )
    check_condition(density, condition)


def check_condition(density: "AbstractDensity", condition: Condition) -> None:
    """Raise `ValueError` while tracing if the condition is missing, extra or misshapen."""
    expected = (density.condition_dim,) if density.condition_dim else None
    got = None if condition is None else jnp.shape(condition)
    if expected != got:
        raise ValueError(
            f"expected a condition of shape {expected}; got {got}. "
            "The density's `condition_dim` decides."
        )


class AbstractDensity(eqx.Module):
    """A time-dependent density rho_t on R^dim."""

    dim: eqx.AbstractVar[int]
    condition_dim: eqx.AbstractVar[int]

    @abc.abstractmethod
    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density log rho_t(x), nats, in the units of x. Shapes `()`, `(dim,)`, `(condition_dim,)`."""

    @abc.abstractmethod
    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw from rho_t, shape `(dim,)`; its gradient is pathwise."""


class AbstractAutoregressiveDensity(AbstractDensity):
    """A density prod_i f_i(x_i | x_<i, t), equation (11), with every conditional in closed form.

    A subclass gives its conditionals one coordinate at a time (`start`, `conditional`, `extend`),
    and all those of a known point at once (`conditionals`).
    """

    @abc.abstractmethod
    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """The state before any coordinate is known."""

    @abc.abstractmethod
    def conditional(self, state: PyTree, i) -> tuple[AbstractConditional, PyTree]:
        """The distribution of coordinate i given the coordinates in the state."""

    @abc.abstractmethod
    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """The state once coordinate i is known to be `x_i`."""

    @abc.abstractmethod
    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractConditional:
        """All conditionals of the point x in one pass, along a leading axis of length dim."""

    def log_prob(self, t: Time, x: Point, condition: Condition = None) -> Scalar:
        """Log density log rho_t(x) = sum_i log f_i, nats."""
        check_point(self, x, condition)
        return jnp.sum(self.conditionals(t, x, condition).log_pdf(x))

    def conditional_pdf(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Conditional densities f_i(x_i | x_<i, t), shape `(dim,)`."""
        check_point(self, x, condition)
        return jnp.exp(self.conditionals(t, x, condition).log_pdf(x))

    def conditional_cdf(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Conditional CDFs F_i(x_i | x_<i, t), shape `(dim,)`, in [0, 1]: the Rosenblatt transform of x."""
        check_point(self, x, condition)
        return self.conditionals(t, x, condition).cdf(x)

    def inverse_conditional_cdf(self, t: Time, u: Vector, condition: Condition = None) -> Point:
        """The point with `conditional_cdf(t, x) == u`, for u in the open unit cube."""
        return self.from_log_odds(t, jnp.log(u) - jnp.log1p(-u), condition)

    def log_odds(self, t: Time, x: Point, condition: Condition = None) -> Vector:
        """Log-odds log F_i - log (1 - F_i): the Rosenblatt transform in a form that keeps its tails."""
        check_point(self, x, condition)
        return self.conditionals(t, x, condition).log_odds(x)

    def from_log_odds(self, t: Time, log_odds: Vector, condition: Condition = None) -> Point:
        """The point with these `log_odds`: the inverse Rosenblatt transform."""
        return self.ancestral(
            t, condition, log_odds, lambda conditional, v: conditional.from_log_odds(v)
        )

    def sample(self, key: PRNGKey, t: Time, condition: Condition = None) -> Point:
        """One exact draw, coordinate after coordinate; its gradient is pathwise."""
        dtypes = jax.tree.leaves(eqx.filter(self, eqx.is_inexact_array))
        uniforms = jax.random.uniform(key, (self.dim, 2), jnp.result_type(float, t, *dtypes))
        choose = lambda conditional, pair: conditional.from_uniforms(pair)  # noqa: E731
        return self.ancestral(t, condition, uniforms, choose)

    def ancestral(self, t: Time, condition: Condition, inputs: PyTree, choose: Callable) -> Point:
        """Ancestral sampling: coordinate after coordinate, `x_i = choose(conditional_i, inputs_i)`."""
        check_condition(self, condition)

        def step(state, i, value):
            conditional, state = self.conditional(state, i)
            x_i = choose(conditional, value)
            return self.extend(state, i, x_i), x_i

        return self.walk(step, self.start(t, condition), inputs)

    def walk(self, step: Callable, state: PyTree, inputs: PyTree) -> Vector:
        """Run `step(state, i, inputs_i) -> (state, output_i)` over the coordinates in order."""
        if self.dim > UNROLLED_DIM:
            body = lambda state, pair: step(state, *pair)  # noqa: E731
            return jax.lax.scan(body, state, (jnp.arange(self.dim), inputs))[1]
        outputs = []
        for i in range(self.dim):
            state, output = step(state, i, jax.tree.map(lambda leaf: leaf[i], inputs))  # noqa: B023
            outputs.append(output)
        return jnp.stack(outputs)


class AbstractFactorizedDensity(AbstractAutoregressiveDensity):
    """A density prod_i f_i(x_i, t), equation (13), of independent coordinates."""

    @abc.abstractmethod
    def marginals(self, t: Time, condition: Condition = None) -> AbstractConditional:
        """All marginals, along a leading axis of length dim."""

    def start(self, t: Time, condition: Condition = None) -> PyTree:
        """The marginals."""
        return self.marginals(t, condition)

    def conditional(self, state: PyTree, i) -> tuple[AbstractConditional, PyTree]:
        """Marginal i."""
        return jax.tree.map(lambda leaf: leaf[i], state), state

    def extend(self, state: PyTree, i, x_i: Scalar) -> PyTree:
        """The same marginals: coordinates are independent."""
        return state

    def conditionals(self, t: Time, x: Point, condition: Condition = None) -> AbstractConditional:
        """The marginals, whatever x."""
        return self.marginals(t, condition)
