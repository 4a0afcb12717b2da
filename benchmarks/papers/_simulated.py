"""The same problem solved by simulation: a network drift, and gradients through its paths."""

import time
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from conservax.control import GaussianMixture, Problem, Scale
from conservax.nn import DenseNetwork

_STEPS, _BATCH, _CHUNK = 50, 256, 20
# Of the goal: so many straight ways, for an energy distance of one length. With ten it paid to stop
# short: the drift between normals then cost 2.4, where the bridge that arrives costs 3.1 at least.
_PULL = 100.0


class SimulatedDrift(eqx.Module):
    """A dense network of (t, z) in law units."""

    network: DenseNetwork

    def __init__(self, dim: int, *, key: Array):
        self.network = DenseNetwork(1 + dim, 64, 3, jnp.zeros(dim), key=key)

    def __call__(self, t: Float[Array, ""], z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Drift in law units."""
        return self.network(jnp.concatenate([t[None] * 2 - 1, z]))


class Learned(NamedTuple):
    """The drift after so many seconds of training, compilation included."""

    seconds: float
    drift: SimulatedDrift


def simulated_cost(
    key: Array,
    drift: Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]],
    problem: Problem,
    scale: Scale,
    start: Float[Array, "paths dim"],
    goal: Float[Array, "paths dim"] | None,
    pull: float,
    steps: int,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Cost of `problem` along Euler-Maruyama paths, and `pull` times the energy distance to the goal.

    The log density along a path, where a cost asks for it, is that of the start less the integral
    of the divergence of the drift; this needs a problem without diffusion and a normal start.
    Positions are in law units, costs in those of the problem.
    """
    g = problem.diffusion / scale.scale
    dt = 1.0 / steps
    log_prob = jnp.zeros(len(start), start.dtype)
    if problem.needs_log_prob:
        normal = problem.start
        if g or not isinstance(normal, GaussianMixture):
            raise ValueError("expected a normal start and no diffusion beside a density cost.")
        log_prob = jax.vmap(lambda z: _log_start(normal, scale.points(z)))(start)

    def step(carry, inputs):
        z, log_prob, cost = carry
        t, key = inputs
        u = jax.vmap(lambda z: drift(t, z))(z)
        x = scale.points(z)
        mean = jnp.mean(x, axis=0)
        running = jax.vmap(lambda x, log: problem.running(t, x, log, mean))(x, log_prob)
        control = jax.vmap(lambda x, u: problem.control(t, x, scale.scale * u))(x, u)
        if problem.needs_log_prob:
            jacobian = jax.vmap(jax.jacfwd(lambda z: drift(t, z)))(z)
            log_prob = log_prob - dt * jnp.trace(jacobian, axis1=1, axis2=2)
        noise = g * np.sqrt(dt) * jax.random.normal(key, z.shape, z.dtype) if g else 0.0
        return (z + dt * u + noise, log_prob, cost + dt * jnp.mean(running + control)), None

    times = (jnp.arange(steps) / steps).astype(start.dtype)
    begin = (start, log_prob, jnp.zeros((), start.dtype))
    (end, _, cost), _ = jax.lax.scan(step, begin, (times, jax.random.split(key, steps)))
    if problem.terminal is not None:
        cost = cost + jnp.mean(jax.vmap(problem.terminal)(scale.points(end)))
    missed = jnp.zeros(()) if goal is None else pull * scale.scale * energy_distance(end, goal)
    return cost, missed


def energy_distance(x: Float[Array, "rows dim"], y: Float[Array, "rows dim"]) -> Float[Array, ""]:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased; zero if and only if the distributions agree."""

    def mean(a, b, pairs):
        squared = jnp.sum((a[:, None] - b[None]) ** 2, axis=-1)
        return jnp.sum(jnp.sqrt(squared + 1e-12)) / pairs

    n = len(x)
    return 2 * mean(x, y, n * n) - (mean(x, x, n * (n - 1)) + mean(y, y, n * (n - 1)))


def goal_pull(problem: Problem) -> float:
    """How much an energy distance costs, per unit of x."""
    if problem.goal is None:
        return 0.0
    ends = [end.draw(0, 1000) for end in (problem.start, problem.goal)]
    squared = float(np.mean(np.sum((ends[1] - ends[0]) ** 2, axis=1)))
    return _PULL * 0.5 * problem.control_weight * squared**0.5


def solve_by_simulation(
    problem: Problem, scale: Scale, *, seconds: float, learning_rate: float = 2e-3, seed: int = 0
) -> list[Learned]:
    """Train a network drift for so many seconds: as it was after 1, 2, 4, ... chunks, and at the end."""
    began = time.perf_counter()
    pool = [_to_law(end.draw(seed + n, 20_000), scale) for n, end in enumerate(problem.ends())]
    pull = goal_pull(problem)
    drift = SimulatedDrift(problem.dim, key=jax.random.key(seed))
    # Steps are not known beforehand: the rate stays where it is.
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(learning_rate))
    state = optimiser.init(eqx.filter(drift, eqx.is_inexact_array))

    def loss(drift, key):
        pick, key = jax.random.split(key)
        rows = jax.random.randint(pick, (2, _BATCH), 0, len(pool[0]))
        goal = pool[1][rows[1]] if len(pool) > 1 else None
        parts = simulated_cost(key, drift, problem, scale, pool[0][rows[0]], goal, pull, _STEPS)
        return parts[0] + parts[1]

    @eqx.filter_jit
    def chunk(drift, state, key):
        def one(carry, key):
            drift, state = carry
            value, grads = eqx.filter_value_and_grad(loss)(drift, key)
            updates, state = optimiser.update(grads, state, drift)
            return (eqx.apply_updates(drift, updates), state), value

        (drift, state), values = jax.lax.scan(one, (drift, state), jax.random.split(key, _CHUNK))
        return drift, state, jnp.mean(values)

    key, learned, chunks, spent = jax.random.key(seed + 1), [], 0, 0.0
    while spent < seconds:
        key, own = jax.random.split(key)
        drift, state, value = chunk(drift, state, own)
        value.block_until_ready()
        chunks, spent = chunks + 1, time.perf_counter() - began
        if chunks.bit_count() == 1 or spent >= seconds:
            learned.append(Learned(spent, drift))
    return learned


def _to_law(x: np.ndarray, scale: Scale) -> Float[Array, "rows dim"]:
    return jnp.asarray((x - scale.shift) / scale.scale, float)


def _log_start(start: GaussianMixture, x: Float[Array, " dim"]) -> Float[Array, ""]:
    means, deviations = (jnp.asarray(v, x.dtype) for v in (start.means, start.deviations))
    each = jax.scipy.stats.norm.logpdf(jnp.broadcast_to(x, means.shape), means, deviations)
    return jax.nn.logsumexp(jnp.log(jnp.asarray(start.weights, x.dtype)) + jnp.sum(each, axis=1))
