"""Figure 2 [richterpowell2022]: cost of a field in n dimensions, and fitted flows."""

import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float
from matplotlib.figure import Figure

from benchmarks._no_rows import no_rows
from benchmarks.claim import Claim
from benchmarks.papers._drawn import Drawn
from conservax.field import AbstractDivergenceFree, MatrixField, Torus, VectorPotentialField
from conservax.objective import CollocationPoints, FieldResidual
from conservax.train import Stage, Training, train

DIMENSIONS = (2, 4, 8, 16, 32, 64, 100, 128)
POINTS = 32  # evaluated at once
CLAIMED = 100  # dimensions, where a field may cost so many forward passes at most
PUBLISHED = (
    "Figure 2 of the paper, in function evaluations: both constructions grow quadratically with "
    "the dimension, the vector field with one more Jacobian."
)


def taylor_green(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """(cos x sin y, -sin x cos y), period 2 pi."""
    return jnp.array([jnp.cos(x[0]) * jnp.sin(x[1]), -jnp.sin(x[0]) * jnp.cos(x[1])])


def abc_flow(x: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """The flow of Arnold, Beltrami and Childress with A = B = C = 1, period 2 pi."""
    sine, cosine = jnp.sin(x), jnp.cos(x)
    return jnp.array([sine[2] + cosine[1], sine[0] + cosine[2], sine[1] + cosine[0]])


FLOWS: dict[str, tuple[int, Callable[[Float[Array, " dim"]], Float[Array, " dim"]]]] = {
    "Taylor-Green": (2, taylor_green),
    "ABC": (3, abc_flow),
}
KINDS = {"matrix": MatrixField, "vector": VectorPotentialField}


def bench_divfree(
    *, quick: bool = False, seed: int = 0, log: Callable[[str], None] = lambda text: None
) -> Drawn:
    """Seconds and forward passes of an evaluation, and errors of fitted flows."""
    lines = []
    for dim in DIMENSIONS:
        for name, field in _fields(dim, jax.random.key(seed)).items():
            forward, seconds = _cost(field, dim, repeats=3 if quick else 20)
            lines.append(
                {"kind": name, "dim": dim, "seconds": seconds, "passes": seconds / forward}
            )
            log(f"n = {dim}, {name}: {lines[-1]['passes']:.1f} forward passes")
    costs = pd.DataFrame(lines)
    fits = pd.DataFrame(
        [
            {"kind": kind, "flow": flow, **fit_flow_to(flow, kind, quick=quick, seed=seed, log=log)}
            for flow in FLOWS
            for kind in KINDS
        ]
    )
    claimed = next(line for line in lines if line["dim"] == CLAIMED and line["kind"] == "matrix")
    claims = [Claim(f"forward passes, n = {CLAIMED}, matrix", claimed["passes"], CLAIMED)]
    claims += [
        Claim(f"relative error, {line['flow']}, {line['kind']}", line["error"], 0.01)
        for line in fits.to_dict("records")
    ]
    frame = pd.concat([costs, fits], ignore_index=True)
    return Drawn(frame, tuple(claims), PUBLISHED, lambda path: _draw(costs, path))


def fit_flow_to(
    flow: str,
    kind: str,
    *,
    quick: bool = False,
    seed: int = 0,
    log: Callable[[str], None] = lambda text: None,
) -> dict[str, float]:
    """Relative L2 error of a field fitted to a flow of `FLOWS`, on fresh points; and seconds."""
    dim, target = FLOWS[flow]
    torus = Torus(2 * np.pi)
    field = KINDS[kind](dim, domain=torus, width=64, depth=2, key=jax.random.key(seed))
    begun = time.perf_counter()
    steps = 2000 if quick else 4000
    objective = FieldResidual(target, CollocationPoints(torus, dim, 256 if quick else 1024))
    trained = train(
        field,
        no_rows(dim),
        [Stage(steps, objective)],
        key=jax.random.key(seed + 1),
        training=Training(batch_size=jax.device_count(), learning_rate=1e-2),
    )
    seconds = time.perf_counter() - begun
    x = CollocationPoints(torus, dim, 2000)(jax.random.key(seed + 2))[1]
    truth = jax.vmap(target)(x)
    error = jax.jit(jax.vmap(lambda x: trained.law(jnp.zeros(()), x)))(x) - truth
    relative = float(jnp.linalg.norm(error) / jnp.linalg.norm(truth))
    log(f"{flow}, {kind} field: relative error {relative:.2%} after {seconds:.0f} s")
    return {"error": relative, "seconds": seconds}


def _fields(dim: int, key) -> dict[str, AbstractDivergenceFree]:
    fields = {name: kind(dim, key=key) for name, kind in KINDS.items()}
    if dim > 2:
        fields["matrix, one band"] = MatrixField(dim, bandwidth=1, key=key)
    return fields


def _cost(field: AbstractDivergenceFree, dim: int, repeats: int) -> tuple[float, float]:
    """Seconds of a forward pass of the network, and of the field, for `POINTS` points."""
    network = field.entries if isinstance(field, MatrixField) else field.potential  # type: ignore
    x, t = jax.random.normal(jax.random.key(0), (POINTS, dim)), jnp.zeros(())
    return (
        _seconds(lambda x: network(t, x, None), x, repeats),
        _seconds(lambda x: field(t, x), x, repeats),
    )


def _seconds(function: Callable, x, repeats: int) -> float:
    """The least time of a call over all points, calls lasting at least a hundredth of a second."""
    compiled = jax.jit(jax.vmap(function))
    compiled(x).block_until_ready()
    begun = time.perf_counter()
    compiled(x).block_until_ready()
    calls = max(1, round(0.01 / (time.perf_counter() - begun)))
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        for _ in range(calls):
            compiled(x).block_until_ready()
        times.append((time.perf_counter() - begun) / calls)
    return min(times)


def _draw(costs: pd.DataFrame, path: Path) -> None:
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for kind, lines in costs.groupby("kind", sort=False):
        left.loglog(lines["dim"], 1e3 * lines["seconds"] / POINTS, "o-", label=kind)
        right.loglog(lines["dim"], lines["passes"], "o-", label=kind)
    right.loglog(DIMENSIONS, DIMENSIONS, "k:", label="n")
    left.set(xlabel="dimension n", ylabel="milliseconds per point", title="evaluation of a field")
    right.set(xlabel="dimension n", ylabel="forward passes", title="over its network")
    left.legend()
    right.legend()
    figure.savefig(path, dpi=120)
