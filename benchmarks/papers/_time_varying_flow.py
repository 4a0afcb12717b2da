"""Continuous normalizing flow that varies in time [chen2021]: the baseline trained by simulation."""

from collections.abc import Callable
from typing import ClassVar

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.stats import norm
from jaxtyping import Array, Float

from conservax.objective import AbstractObjective, Rows

START = -1.0  # the stretch before the first events, which lie in [0, 1]: it shapes rho_0
TOLERANCE = 1e-5
MOST_STEPS = 512
START_SCALE = 0.1  # of the field before training


class TimeVaryingFlow(eqx.Module):
    """rho_t: a standard normal at `START`, transported to time t by dx/ds = field(s, x).

    The instantaneous change of variables [chen2021]: on the path x_s through x at time t,

        log rho_t(x) = log N(x_START) - integral of div field(s, x_s) ds from START to t

    so that every value takes the solution of an ODE, and every gradient one through it.
    """

    field: Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]]

    def log_prob(
        self,
        t: Float[Array, " rows"],
        x: Float[Array, "rows dim"],
        *,
        tolerance: float = TOLERANCE,
    ) -> Float[Array, " rows"]:
        """log rho_t(x) of every row, nats.

        Rows are solved as one system, unlike elsewhere: twice as fast on a CPU as `vmap` of solves.

        **Arguments:**

        - `t`, `x`: a time and a point per row.
        - `tolerance`: error allowed per step, root mean square over the rows.
        """

        def backwards(u, state, _):
            # Rows end at times of their own but share u: s = t at u = 0, and START at u = 1.
            velocity, divergence = jax.vmap(self._velocity_and_divergence)(
                t + (START - t) * u, state[0]
            )
            return (START - t)[:, None] * velocity, (START - t) * divergence

        # Steps are adaptive in training too: with two fixed ones the flow learns fields that the
        # solver cannot follow, and after some hundred steps its likelihood is lost.
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(backwards),
            diffrax.Tsit5(),
            0.0,
            1.0,
            None,
            (x, jnp.zeros_like(t)),
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
            max_steps=MOST_STEPS,
        )
        assert solution.ys is not None  # the end is saved
        start, divergence = solution.ys[0][-1], solution.ys[1][-1]
        return jnp.sum(norm.logpdf(start), axis=1) + divergence

    def _velocity_and_divergence(
        self, s: Float[Array, ""], x: Float[Array, " dim"]
    ) -> tuple[Float[Array, " dim"], Float[Array, ""]]:
        velocity, push = jax.linearize(lambda y: self.field(s, y), x)
        return velocity, jnp.trace(jax.vmap(push)(jnp.eye(len(x), dtype=x.dtype)))


class FlowField(eqx.Module):
    """A network of time and position that begins near zero.

    Its inputs include sines and cosines, as those of our densities: without these the flow stays
    a ring for hundreds of steps before it finds the arms of the pinwheel.
    """

    network: eqx.nn.MLP
    harmonics: int = eqx.field(static=True)

    def __init__(self, dim: int, *, width: int, depth: int, harmonics: int, key: Array):
        inputs = (dim + 1) * (1 + 2 * harmonics)
        network = eqx.nn.MLP(inputs, dim, width, depth, jnp.tanh, key=key)
        self.network = eqx.tree_at(
            lambda n: n.layers[-1].weight, network, START_SCALE * network.layers[-1].weight
        )
        self.harmonics = harmonics

    def __call__(self, s: Float[Array, ""], x: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """The velocity of a particle at x at time s in [`START`, 1]."""
        seen = jnp.append(x, s)
        angles = jnp.outer(jnp.arange(1, self.harmonics + 1, dtype=seen.dtype), seen).ravel()
        return self.network(jnp.concatenate([seen, jnp.sin(angles), jnp.cos(angles)]))


class FlowLikelihood(AbstractObjective):
    """Mean of -log rho_t(x) over the rows, nats, by solves of so much error per step."""

    name: ClassVar[str] = "nll"
    tolerance: float = TOLERANCE

    def __call__(self, key: Array, law: TimeVaryingFlow, rows: Rows) -> Float[Array, ""]:
        """Cross entropy of the batch."""
        del key
        return -jnp.mean(law.log_prob(rows.t, rows.x, tolerance=self.tolerance))
