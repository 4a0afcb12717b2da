"""Figures 6 and 7 [richterpowell2022]: optimal transport between named densities of the plane."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array
from matplotlib.figure import Figure

from benchmarks.claim import Claim
from benchmarks.papers._drawn import Drawn
from benchmarks.papers._named_densities import DEVIATIONS, NamedDensity, named_density
from benchmarks.papers._subharmonic_transport import EndError, SpreadEnergy, end_rows, excess
from conservax.check import wasserstein
from conservax.data import DataError
from conservax.density import Autoregressive, Subharmonic
from conservax.field import MatrixField
from conservax.flux import KnotheRosenblatt, SubharmonicFlux
from conservax.law import ConservationLaw
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train
from conservax.transport import solve_ode

PLANE_DENSITIES = tuple(DEVIATIONS)
PAIRS = tuple(combinations(PLANE_DENSITIES, 2))
QUICK_PAIRS = tuple((name, "gaussian") for name in PLANE_DENSITIES if name != "gaussian")
NEAREST, LIMIT = 5, 0.03  # so many pairs must be as near as that
DEFAULT, SUBHARMONIC = "autoregressive", "subharmonic"
PUBLISHED = (
    "Figure 7 of the paper, without numbers: costs that roughly agree with discrete optimal transport. "
    "`excess` is the divergence of the law from the density at that end, nats: a cost means nothing where "
    "the ends are not met."
)
DRAWS = 20_000  # training rows per end
TOLERANCE = 1e-4  # of the ODE


@dataclass(frozen=True)
class TransportSettings:
    """Stages of the default law, steps and weight of energy each; steps of the other; test samples.

    The other learns its ends by likelihood first, and then by the loss of the paper. It is stiff, and may
    be evaluated on the first few of the samples.
    """

    stages: tuple[tuple[int, float], ...]
    subharmonic_first: int
    subharmonic_steps: int
    subharmonic_samples: int
    components: int  # of the default law, per conditional
    normals: int  # of the other
    samples: int = 5000
    width: int = 96
    batch_size: int = 512
    ends: float = 50.0  # weight of the densities beside the energy


QUICK = TransportSettings(
    ((600, 0.2), (600, 0.02), (800, 0.005)),
    subharmonic_first=1500,
    subharmonic_steps=500,
    subharmonic_samples=1000,
    components=16,
    normals=64,
)
FULL = TransportSettings(
    ((2000, 0.2), (2000, 0.02), (6000, 0.002)),
    subharmonic_first=4000,
    subharmonic_steps=10_000,
    subharmonic_samples=5000,
    components=32,
    normals=128,
    width=128,
)


def bench_transport2d(
    rows: Sequence[str] = (),
    *,
    quick: bool = False,
    seed: int = 0,
    log: Callable[[str], None] = lambda text: None,
) -> Drawn:
    """Cost of the learned transport beside the exact one, a row per pair and law.

    Every pair of the densities `rows`; if none are named every density to the normal if quick, and all
    pairs otherwise. Fewer than five pairs claim nothing.
    """
    settings = QUICK if quick else FULL
    lines, transported = [], {}
    for names in _pairs_of(rows, quick):
        for line, paths in evaluate_pair(names, (DEFAULT, SUBHARMONIC), settings, seed):
            lines.append(line)
            transported[line["pair"], line["law"]] = paths
            log(
                f"{line['pair']}, {line['law']}: squared cost {line['cost']:.3f}, "
                f"exact {line['exact']:.3f}, after {line['seconds']:.0f} s"
            )
    frame = pd.DataFrame(lines)
    claims = (nearest_claim(frame),) if frame["pair"].nunique() >= NEAREST else ()
    return Drawn(frame, claims, PUBLISHED, lambda path: _draw(frame, transported, path))


def _pairs_of(rows: Sequence[str], quick: bool) -> tuple[tuple[str, str], ...]:
    if not rows:
        return QUICK_PAIRS if quick else PAIRS
    if len(set(rows)) < 2:
        raise DataError(
            f"expected two densities or more of {', '.join(PLANE_DENSITIES)}; got {rows}."
        )
    return tuple(pair for pair in PAIRS if set(pair) <= set(rows))


def nearest_claim(frame: pd.DataFrame) -> Claim:
    """Claim on the error of the default law at the fifth nearest pair; NaN if there are fewer."""
    errors = frame.loc[frame["law"] == DEFAULT, "error"].sort_values().to_numpy()
    fifth = float(errors[NEAREST - 1]) if len(errors) >= NEAREST else float("nan")
    return Claim(f"error of the squared cost, {DEFAULT}, {NEAREST} nearest pairs", fifth, LIMIT)


def evaluate_pair(
    names: tuple[str, str], kinds: Sequence[str], settings: TransportSettings, seed: int
) -> Iterator[tuple[dict, np.ndarray]]:
    """Metrics of each law trained on a pair, and the transported samples, shape `(samples, 2, 2)`.

    The error is that of the squared cost, relative to the exact one of the same samples to
    others of the second density. `failed` is the fraction of particles whose path was not found.
    """
    ends = named_density(names[0]), named_density(names[1])
    row_key, law_key, *sample_keys = jax.random.split(jax.random.key(seed), 4)
    x, y = (
        jax.jit(jax.vmap(end.sample))(jax.random.split(key, settings.samples))
        for end, key in zip(ends, sample_keys, strict=True)
    )
    exact = wasserstein(x, y) ** 2
    for kind in kinds:
        begun = time.perf_counter()
        learn = {DEFAULT: learn_autoregressive, SUBHARMONIC: learn_subharmonic}[kind]
        law = learn(ends, settings, row_key, law_key)
        seconds = time.perf_counter() - begun
        paths = push_forward(law, x if kind == DEFAULT else x[: settings.subharmonic_samples])
        found = np.isfinite(paths).all(axis=(1, 2))
        cost = np.mean(np.sum((paths[found, 1] - paths[found, 0]) ** 2, axis=1))
        line = {
            "pair": " to ".join(names),
            "law": kind,
            "cost": float(cost),
            "exact": exact,
            "error": abs(float(cost) / exact - 1),
            "excess 0": excess(partial(law.log_prob, jnp.zeros(())), ends[0], x),
            "excess 1": excess(partial(law.log_prob, jnp.ones(())), ends[1], y),
            "failed": 1 - float(found.mean()),
            "seconds": seconds,
        }
        yield line, paths


def learn_autoregressive(
    ends: tuple[NamedDensity, NamedDensity],
    settings: TransportSettings,
    row_key: Array,
    key: Array,
) -> ConservationLaw:
    """The default law, from draws of both ends alone."""
    density_key, field_key, key = jax.random.split(key, 3)
    law = ConservationLaw(
        Autoregressive(
            2, components=settings.components, width=settings.width, depth=3, key=density_key
        ),
        KnotheRosenblatt(),
        MatrixField(2, key=field_key),
    )
    stages = [
        Stage(steps, NegativeLogLikelihood() + weight * KineticEnergy(settings.batch_size))
        for steps, weight in settings.stages
    ]
    return train(
        law,
        _drawn(ends, row_key),
        stages,
        key=key,
        training=Training(batch_size=settings.batch_size, learning_rate=4e-3),
    ).law


def _drawn(ends: tuple[NamedDensity, NamedDensity], key: Array) -> Rows:
    """Draws of both ends."""
    keys = jax.random.split(key, (2, DRAWS))
    x = [jax.jit(jax.vmap(end.sample))(k) for end, k in zip(ends, keys, strict=True)]
    return Rows(jnp.repeat(jnp.array([0.0, 1.0]), DRAWS), jnp.concatenate(x))


def learn_subharmonic(
    ends: tuple[NamedDensity, NamedDensity],
    settings: TransportSettings,
    row_key: Array,
    key: Array,
) -> ConservationLaw:
    """The model of the paper, from draws and both densities. Its field is not density-weighted: it has to undo
    a flux that does not vanish where the density does.
    """
    density_key, field_key, first_key, key = jax.random.split(key, 4)
    law = ConservationLaw(
        Subharmonic(components=settings.normals, width=settings.width, key=density_key),
        SubharmonicFlux(),
        MatrixField(2, density_weighted=False, key=field_key),
    )
    law = train(
        law,
        _drawn(ends, row_key),
        [Stage(settings.subharmonic_first, NegativeLogLikelihood())],
        key=first_key,
        training=Training(batch_size=settings.batch_size, learning_rate=1e-2),
    ).law
    return train(
        law,
        end_rows(ends, DRAWS // 2, row_key),
        [Stage(settings.subharmonic_steps, settings.ends * EndError() + SpreadEnergy())],
        key=key,
        training=Training(batch_size=settings.batch_size),
    ).law


def push_forward(law: ConservationLaw, x) -> np.ndarray:
    """Positions of rows at t = 0 and at 1 along the velocity, shape `(rows, 2, 2)`.

    Paths that are not found in so many steps end in numbers that are not finite.
    """
    times = jnp.array([0.0, 1.0])
    move = lambda x: solve_ode(  # noqa: E731
        law, x, times, rtol=TOLERANCE, atol=TOLERANCE, max_steps=500, throw=False
    )
    return np.asarray(jax.jit(jax.vmap(move))(x))


def _draw(frame: pd.DataFrame, transported: dict[tuple[str, str], np.ndarray], path: Path) -> None:
    """A row per pair: samples in blue, transported by each law in orange, and a few of the paths."""
    pairs = list(dict.fromkeys(frame["pair"]))
    figure = Figure(figsize=(7, 3.3 * len(pairs)), layout="constrained")
    panels = figure.subplots(len(pairs), 2, sharex=True, sharey=True, squeeze=False)
    for row, pair in zip(panels, pairs, strict=True):
        for panel, kind in zip(row, (DEFAULT, SUBHARMONIC), strict=True):
            paths = transported[pair, kind][:1000]
            line = frame[(frame["pair"] == pair) & (frame["law"] == kind)].iloc[0]
            panel.plot(*paths[:100].T, color="grey", linewidth=0.4)
            panel.plot(*paths[:, 0].T, ".", color="C0", markersize=2)
            panel.plot(*paths[:, 1].T, ".", color="C1", markersize=2)
            panel.set(title=f"{pair}, {kind}:\n{line['cost']:.3f} (exact {line['exact']:.3f})")
            panel.title.set_fontsize("small")
            panel.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
    figure.savefig(path, dpi=80)
