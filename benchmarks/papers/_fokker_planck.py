"""Equations for densities solved without a grid, and compared with their closed solutions."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.claim import Claim
from benchmarks.papers._drawn import Drawn
from benchmarks.papers._fokker_planck_cases import EVOLUTIONS, EvolutionCase, nodes_of
from conservax.density import Autoregressive
from conservax.field import MatrixField
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.objective import EquationResidual, InitialResidual, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train

TIMES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the law, at which it is evaluated
PUBLISHED = (
    "Not in the paper: equations for densities are an addition. The closed solutions are the "
    "measure; mass is exact by construction, and what is left of it is the error of the sum over nodes."
)


@dataclass(frozen=True)
class SolverSettings:
    """Sizes and lengths of a run; weight of the start beside the equation."""

    steps: int
    first: int  # steps of likelihood at the start alone
    components: int = 32
    width: int = 64
    depth: int = 2
    times: int = 16
    points: int = 32
    start_points: int = 2048  # a sharp edge makes the start noisy
    weight: float = 30.0
    learning_rate: float = 5e-3


QUICK, FULL = SolverSettings(1000, 200), SolverSettings(8000, 1000, times=32, points=64)


def bench_fokker_planck(
    cases: Sequence[str] = tuple(EVOLUTIONS),
    *,
    quick: bool = False,
    seeds: int = 1,
    log: Callable[[str], None] = lambda text: None,
) -> Drawn:
    """Relative L2 error at five times, a row per case, seed and time; the picture is that of seed 0."""
    lines, claims, solved = [], [], {}
    for name in cases:
        case = EVOLUTIONS[name]
        for seed in range(seeds):
            begun = time.perf_counter()
            law = solve(case, QUICK if quick else FULL, seed)
            seconds = time.perf_counter() - begun
            found = errors(law, case)
            about = {"case": name, "seed": seed, "seconds": seconds}
            lines += [about | {"t": t, **line} for t, line in found.items()]
            worst = max(line["error"] for line in found.values())
            log(f"{name}, seed {seed}: relative error at most {worst:.2%} after {seconds:.0f} s")
            claims.append(Claim(f"relative L2 error, {name}, seed {seed}", worst, case.limit))
            solved.setdefault(name, law)
    frame = pd.DataFrame(lines)
    claims.append(Claim("mass error", float(frame["mass error"].max()), 1e-4))
    return Drawn(frame, tuple(claims), PUBLISHED, lambda path: _draw(solved, frame, path))


def solve(case: EvolutionCase, settings: SolverSettings, seed: int) -> ConservationLaw:
    """Train a law on the solution at the start and then on the equation alone."""
    dim = case.solution.dim
    density_key, field_key, row_key, key = jax.random.split(jax.random.key(seed), 4)
    width, depth = settings.width, settings.depth
    density = Autoregressive(
        dim,
        components=settings.components,
        width=width,
        depth=depth,
        kernel="normal",
        key=density_key,
    )
    field = MatrixField(dim, width=width, depth=depth, key=field_key) if dim > 1 else None
    law = ConservationLaw(density, KnotheRosenblatt(), field)
    keys = jax.random.split(row_key, 20_000)
    x = jax.jit(jax.vmap(lambda key: case.solution.sample(key, jnp.asarray(case.begin))))(keys)
    start = InitialResidual(case.solution, case.begin, settings.start_points)
    equation = EquationResidual(
        case.equation, case.begin, case.end, settings.times, settings.points
    )
    stages = [
        Stage(settings.first, NegativeLogLikelihood()),
        Stage(case.effort * settings.steps, equation + settings.weight * start),
    ]
    return train(
        law,
        Rows(jnp.zeros(len(x)), x),
        stages,
        key=key,
        training=Training(learning_rate=settings.learning_rate),
    ).law


def errors(law: ConservationLaw, case: EvolutionCase) -> dict[float, dict[str, float]]:
    """Relative L2 error of the density on the grid, and how far its sum is from 1, per time."""
    nodes, cell = nodes_of(case)

    @jax.jit
    def densities(t, begun, x):
        ours = jax.lax.map(lambda x: law.log_prob(t, x), x, batch_size=4096)
        truth = jax.lax.map(lambda x: case.solution.log_prob(begun, x), x, batch_size=4096)
        return jnp.exp(ours), jnp.exp(truth)

    metrics = {}
    for t in TIMES:
        then = case.begin + t * (case.end - case.begin)
        ours, truth = map(
            np.asarray, densities(jnp.asarray(t), jnp.asarray(then), jnp.asarray(nodes))
        )
        metrics[t] = {
            "error": float(np.linalg.norm(ours - truth) / np.linalg.norm(truth)),
            "mass error": abs(float(ours.sum(dtype=float) * cell) - 1),
        }
    return metrics


def _draw(solved: dict[str, ConservationLaw], frame: pd.DataFrame, path: Path) -> None:
    """Draw the error against time, and in one dimension densities beside their solutions."""
    lines = [name for name in solved if EVOLUTIONS[name].solution.dim == 1]
    figure = Figure(figsize=(4 * (len(lines) + 1), 4), layout="constrained")
    panels = figure.subplots(1, len(lines) + 1, squeeze=False)[0]
    for panel, name in zip(panels, lines, strict=False):
        _draw_line(panel, EVOLUTIONS[name], solved[name])
        panel.set(title=name, xlabel="x")
    for name, group in frame[frame["seed"] == 0].groupby("case", sort=False):
        panels[-1].semilogy(group["t"], 100 * group["error"], "o-", label=name)
    panels[-1].set(title="relative L2 error, %", xlabel="fraction of the time")
    panels[-1].legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=120)


def _draw_line(panel: Axes, case: EvolutionCase, law: ConservationLaw) -> None:
    """Draw solutions broad and pale, the law thin on top."""
    x = jnp.linspace(-0.7 * case.reach, 0.7 * case.reach, 500)[:, None]
    along = jax.jit(jax.vmap(lambda t, x: law.log_prob(t, x), in_axes=(None, 0)))
    truth = jax.jit(jax.vmap(case.solution.log_prob, in_axes=(None, 0)))
    for n, t in enumerate(TIMES):
        now = case.begin + t * (case.end - case.begin)
        panel.plot(x[:, 0], np.exp(truth(now, x)), color=f"C{n}", linewidth=4, alpha=0.3)
        panel.plot(x[:, 0], np.exp(along(t, x)), color=f"C{n}", linewidth=1, label=f"t = {now:g}")
    panel.legend()
