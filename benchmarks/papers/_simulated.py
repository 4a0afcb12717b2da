"""Solver of control problems by simulation: a network drift, and gradients through its paths."""

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
# Penalty of the goal: costs of the straight line, for an energy distance of one length. With ten the
# optimum stops short: the drift between normals then cost 2.4, where the bridge costs at least 3.1.
_PENALTY = 100.0


class SimulatedDrift(eqx.Module):
    """Drift as a dense network of (t, z) in law units."""

    network: DenseNetwork

    def __init__(self, dim: int, *, key: Array):
        self.network = DenseNetwork(1 + dim, 64, 3, jnp.zeros(dim), key=key)

    def __call__(self, t: Float[Array, ""], z: Float[Array, " dim"]) -> Float[Array, " dim"]:
        """Drift in law units."""
        return self.network(jnp.concatenate([t[None] * 2 - 1, z]))


class Learned(NamedTuple):
    """Drift after seconds of training, compilation included."""

    seconds: float
    drift: SimulatedDrift


def simulated_cost(
    key: Array,
    drift: Callable[[Float[Array, ""], Float[Array, " dim"]], Float[Array, " dim"]],
    problem: Problem,
    scale: Scale,
    start: Float[Array, "paths dim"],
    goal: Float[Array, "paths dim"] | None,
    weight: float,
    steps: int,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Cost of `problem` along Euler-Maruyama paths, and `weight` times the energy distance to the goal.

    The log density along a path, where a cost needs it, is that of the start minus the integral of
    the divergence of the drift, for a problem without diffusion and a normal start. Positions are in
    law units, costs in those of the problem.
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
    initial = (start, log_prob, jnp.zeros((), start.dtype))
    (final, _, cost), _ = jax.lax.scan(step, initial, (times, jax.random.split(key, steps)))
    if problem.terminal is not None:
        cost = cost + jnp.mean(jax.vmap(problem.terminal)(scale.points(final)))
    penalty = jnp.zeros(()) if goal is None else weight * scale.scale * energy_distance(final, goal)
    return cost, penalty


def energy_distance(x: Float[Array, "rows dim"], y: Float[Array, "rows dim"]) -> Float[Array, ""]:
    """Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased."""

    def mean(a, b, pairs):
        squared = jnp.sum((a[:, None] - b[None]) ** 2, axis=-1)
        return jnp.sum(jnp.sqrt(squared + 1e-12)) / pairs

    n = len(x)
    return 2 * mean(x, y, n * n) - (mean(x, x, n * (n - 1)) + mean(y, y, n * (n - 1)))


def goal_weight(problem: Problem) -> float:
    """Weight of the energy distance to the goal, per unit of x."""
    if problem.goal is None:
        return 0.0
    start, goal = (boundary.draw(0, 1000) for boundary in (problem.start, problem.goal))
    squared = float(np.mean(np.sum((goal - start) ** 2, axis=1)))
    return _PENALTY * 0.5 * problem.control_weight * squared**0.5


def solve_by_simulation(
    problem: Problem, scale: Scale, *, seconds: float, learning_rate: float = 2e-3, seed: int = 0
) -> list[Learned]:
    """Train a network drift for `seconds`; return it after 1, 2, 4, ... chunks and at the end."""
    began = time.perf_counter()
    pool = [
        _to_law(each.draw(seed + n, 20_000), scale) for n, each in enumerate(problem.boundaries())
    ]
    weight = goal_weight(problem)
    drift = SimulatedDrift(problem.dim, key=jax.random.key(seed))
    # The number of steps is not known beforehand: the learning rate is constant.
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(learning_rate))
    state = optimiser.init(eqx.filter(drift, eqx.is_inexact_array))

    def loss(drift, key):
        pick, key = jax.random.split(key)
        rows = jax.random.randint(pick, (2, _BATCH), 0, len(pool[0]))
        goal = pool[1][rows[1]] if len(pool) > 1 else None
        parts = simulated_cost(key, drift, problem, scale, pool[0][rows[0]], goal, weight, _STEPS)
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
