"""Equations for densities whose solution is known."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from conservax.equation import (
    BKW,
    AbstractEquation,
    AbstractSolution,
    Barenblatt,
    FokkerPlanck,
    GaussianMixtureSolution,
    MaxwellLandau,
)

FULL = ((0.7, 0.3), (0.3, 0.4))


@dataclass(frozen=True)
class EvolutionCase:
    """An equation, its solution, the times between which it is solved, and how far mass reaches.

    `effort`: times the steps of others.
    """

    equation: AbstractEquation
    solution: AbstractSolution
    begin: float
    end: float
    reach: float
    limit: float = 0.01
    effort: int = 1


def spring(rate: float):
    """rate |x|^2 / 2."""
    return lambda x: 0.5 * rate * jnp.sum(x**2)


def _cases(dim: int) -> dict[str, EvolutionCase]:
    two = ([[-1.0], [1.2]], [[[0.15]], [[0.3]]])
    start = two if dim == 1 else ([[1.0, 0.5]], [FULL])
    one = ([[1.5]], [[[0.2]]]) if dim == 1 else start
    gaussians = GaussianMixtureSolution
    return {
        f"heat, {dim}-D": EvolutionCase(
            FokkerPlanck(0.5), gaussians(*start, diffusion=0.5), 0.0, 1.0, 8.0
        ),
        f"Ornstein-Uhlenbeck, {dim}-D": EvolutionCase(
            FokkerPlanck(0.5, potential=spring(1.0)),
            gaussians(*start, diffusion=0.5, confinement=1.0),
            0.0,
            1.0,
            7.0,
        ),
        f"McKean-Vlasov, {dim}-D": EvolutionCase(
            FokkerPlanck(0.5, potential=spring(0.5), interaction=spring(1.0)),
            gaussians(*one, diffusion=0.5, confinement=0.5, attraction=1.0),
            0.0,
            1.0,
            7.0,
        ),
        f"porous medium, {dim}-D": EvolutionCase(
            FokkerPlanck(1.0, exponent=2.0),
            Barenblatt(dim),
            0.2,
            1.0,
            4.0,
            effort=1 if dim == 1 else 3,  # for the sharp edge
        ),
    }


EVOLUTIONS: dict[str, EvolutionCase] = {
    **_cases(1),
    **_cases(2),
    "Landau (BKW), 2-D": EvolutionCase(MaxwellLandau(), BKW(), 1.0, 6.0, 7.0, limit=0.02),
}
NODES = {1: 2001, 2: 301}  # per side of the grid that errors are computed on


def nodes_of(case: EvolutionCase) -> tuple[np.ndarray, float]:
    """An even grid over all that has mass, and the size of its cells."""
    dim = case.solution.dim
    axis = np.linspace(-case.reach, case.reach, NODES[dim])
    nodes = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    return nodes, float(axis[1] - axis[0]) ** dim
