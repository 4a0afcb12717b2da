"""Particles advected by a fluid: where volume is conserved, each keeps its density."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

STEPS = 128  # of equal length: a density that touches zero cannot stop them


class Particles(NamedTuple):
    """Positions of particles at some times, and the density there."""

    x: Float[np.ndarray, "particles times dim"]
    density: Float[np.ndarray, "particles times"]


def advect(fluid: Callable, x: Float[Array, "particles dim"], times: Sequence[float]) -> Particles:
    """Advect particles with the velocity of a fluid from the first of the times on."""

    def velocity(t, x, _):
        rho, *momentum, _ = fluid(t, x)
        return jnp.stack(momentum) / rho

    def path(x):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(velocity),
            diffrax.Tsit5(),
            times[0],
            times[-1],
            (times[-1] - times[0]) / STEPS,
            x,
            saveat=diffrax.SaveAt(ts=jnp.array(times)),
        )
        positions = jnp.asarray(solution.ys)
        return positions, jax.vmap(lambda t, x: fluid(t, x)[0])(jnp.array(times), positions)

    return Particles(*map(np.asarray, jax.jit(jax.vmap(path))(x)))


def relative_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Relative error in L2."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
