"""Claim: linear-quadratic control, a Gaussian bridge and a mean-field game as their closed solutions.

`lq`: dX = u dt + g dW from a normal start, cost E [integral of |u|^2 / 2 + sum_i q_i X_i^2 / 2] +
E sum_i c X_i^2 / 2, solved by Riccati's equation. `bridge`: the Schroedinger bridge between two
normals with independent coordinates, against Brownian motion [bunne2023]. `game`: every individual also
pays for its distance from the population's mean times `pull`, as a Nash equilibrium; `planner`: the same
cost for all in common. In the last two the mean and the fluctuations have Riccati equations of
their own. Compared: the total cost (limit 1 %), means over the root of the variance, and variances,
at t = 0.25, 0.5, 0.75 and 1 (limit 2 %; a mean is 2 % of a standard deviation off).

    python -m benchmarks linear_quadratic [--quick] [--json]
"""

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks._gaussian_bridge import GaussianBridge
from benchmarks.claim import Claim, Findings, benchmark
from conservax.control import (
    Flocking,
    FourierTrajectories,
    GaussianMixture,
    Plan,
    PlanTraining,
    Problem,
    plan,
    task,
)
from conservax.control import Potential as Valley

TIMES = np.array([0.25, 0.5, 0.75, 1.0])
COST_LIMIT, MOMENT_LIMIT, GRID = 0.01, 0.02, 4001
PULL, FLOCK, TERMINAL = 0.5, 6.0, 2.0


def riccati(q: float, end: float) -> np.ndarray:
    """P on the grid, with -P' = q - P^2 and P(1) = end."""
    grid = np.linspace(1, 0, GRID)
    found = solve_ivp(lambda _, p: p**2 - q, (1, 0), [end], t_eval=grid, rtol=1e-10, atol=1e-12)
    return found.y[0][::-1]


def gaussian(m0, s0, feedback, mean_feedback, g):
    """Mean and variance on the grid of dX = (-P (X - m) - R m) dt + g dW, per coordinate."""
    grid = np.linspace(0, 1, GRID)

    def slope(t, y):
        p, r = np.interp(t, grid, feedback), np.interp(t, grid, mean_feedback)
        return [-r * y[0], -2 * p * y[1] + g**2]

    found = solve_ivp(slope, (0, 1), [m0, s0**2], t_eval=grid, rtol=1e-10, atol=1e-12)
    return found.y


def expected(problem: Problem, q: np.ndarray, attraction: float, nash: bool):
    """Cost, means and variances of the solution: `q`, and `attraction` |x - PULL mean|^2 beside it."""
    start, g = problem.start, problem.diffusion
    grid, cost, means, variances = np.linspace(0, 1, GRID), 0.0, [], []
    for m0, s0, own in zip(start.means[0], start.deviations[0], q, strict=True):
        p = riccati(own + attraction, TERMINAL)
        # In equilibrium no individual moves the mean; a planner does.
        pulled = (1 - PULL) if nash else (1 - PULL) ** 2
        r = riccati(own + attraction * pulled, TERMINAL)
        m, v = gaussian(m0, s0, p, r, g)
        running = 0.5 * (p**2 * v + (r * m) ** 2 + own * (m**2 + v))
        running += 0.5 * attraction * (v + ((1 - PULL) * m) ** 2)
        cost += np.trapezoid(running, grid) + 0.5 * TERMINAL * (m[-1] ** 2 + v[-1])
        means.append(np.interp(TIMES, grid, m))
        variances.append(np.interp(TIMES, grid, v))
    return cost, np.stack(means, 1), np.stack(variances, 1)


def bridge():
    """The task, and its cost and moments."""
    problem = task("gaussian-bridge")
    ends = (problem.start, problem.goal)
    moments = [part for end in ends for part in (end.means[0], np.diag(end.deviations[0] ** 2))]
    known = GaussianBridge(*moments, problem.diffusion)
    cost = known.divergence * problem.diffusion**2
    means = np.stack([known.mean(t) for t in TIMES])
    return problem, (cost, means, np.stack([np.diag(known.covariance(t)) for t in TIMES]))


def game(nash: bool) -> Problem:
    """The linear-quadratic task with an attraction."""
    base = task("linear-quadratic")
    costs = [*base.costs, Flocking(FLOCK, pull=PULL)]
    how = {"terminal": base.terminal, "diffusion": base.diffusion, "mean_field_game": nash}
    return Problem(GaussianMixture([2.0, -1.0], [0.5, 1.0]), costs=costs, **how)


def errors(solved: Plan, known) -> dict[str, float]:
    """Relative errors."""
    cost, means, variances = known
    deviation = np.sqrt(variances)
    draws = [solved.model.sample(float(t), 200_000, seed=n) for n, t in enumerate(TIMES)]
    mean, variance = (np.stack([f(x, axis=0) for x in draws]) for f in (np.mean, np.var))
    return {
        "cost": float(abs(solved.costs()["total"] / cost - 1)),
        "mean": float(np.max(np.abs(mean - means) / deviation)),
        "variance": float(np.max(np.abs(variance / variances - 1))),
        "seconds": solved.seconds,
    }


@benchmark()
def run(*, quick: bool) -> Findings:
    """A third of the steps if quick."""
    linear = task("linear-quadratic")
    assert isinstance(linear.costs[0], Valley)
    q = np.asarray(linear.costs[0].scale)
    problems = {
        "lq": (linear, expected(linear, q, 0.0, nash=True)),
        "bridge": bridge(),
        "game": (game(True), expected(linear, q, FLOCK, nash=True)),
        "planner": (game(False), expected(linear, q, FLOCK, nash=False)),
    }
    model = FourierTrajectories(components=4)
    training = PlanTraining(steps=500 if quick else 1500)
    rows = [
        {"problem": name, **errors(plan(problem, model=model, training=training), known)}
        for name, (problem, known) in problems.items()
    ]
    limits = {"cost": COST_LIMIT, "mean": MOMENT_LIMIT, "variance": MOMENT_LIMIT}
    claims = [
        Claim(f"relative error of the {name}, {row['problem']}", row[name], limit)
        for row in rows
        for name, limit in limits.items()
    ]
    return Findings(rows, claims)
