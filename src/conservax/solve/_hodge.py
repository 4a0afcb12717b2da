"""The Hodge decomposition of a field on a torus: a gradient and a divergence-free field, learned."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from conservax._types import Point, PRNGKey, Scalar, Time, Vector
from conservax.field import AbstractDivergenceFree, FieldNetwork, Torus
from conservax.objective import (
    AbstractObjective,
    CollocationPoints,
    FieldAsymmetry,
    FieldResidual,
    Rows,
    Sum,
    as_sum,
)
from conservax.train import OnChunk, Stage, Training, cosine_muon, train


class HodgeParts(eqx.Module):
    """A field as the sum of a divergence-free one, constant part included, and a gradient."""

    field: AbstractDivergenceFree
    network: FieldNetwork

    def __call__(self, t: Time, x: Point) -> Vector:
        """The sum, shape `(dim,)`; no part depends on t."""
        return self.field(t, x) + self.gradient(x)

    def divergence_free(self, x: Point) -> Vector:
        """The divergence-free part, to rounding, shape `(dim,)`."""
        return self.field(jnp.zeros((), x.dtype), x)

    def potential(self, x: Point) -> Scalar:
        """The potential of the gradient part, up to a constant, shape `()`."""
        return self.network(jnp.zeros((), x.dtype), x, None)[0]

    def gradient(self, x: Point) -> Vector:
        """The gradient part, without rotation to rounding, shape `(dim,)`."""
        return jax.grad(self.potential)(x)


class _OfDivergenceFree(AbstractObjective):
    """An objective of the divergence-free part alone: the other has a gradient of exactly zero."""

    objective: FieldAsymmetry
    name: ClassVar[str] = FieldAsymmetry.name

    def __call__(self, key: PRNGKey, parts: HodgeParts, rows: Any) -> Scalar:
        return self.objective(key, parts.field, rows)


def hodge_decomposition(
    target: Callable[[Point], Vector],
    field: AbstractDivergenceFree,
    torus: Torus,
    *,
    key: PRNGKey,
    steps: int = 5000,
    symmetry_steps: int = 0,
    points: int = 256,
    width: int = 64,
    depth: int = 2,
    learning_rate: float = 1e-2,
    watch: AbstractObjective | None = None,
    on_chunk: OnChunk | None = None,
) -> HodgeParts:
    """The Hodge decomposition [richterpowell2022, section 6] of a field on a torus.

    Gradients and divergence-free fields are orthogonal on the torus, so the decomposition
    is unique. Both are learned at once, by least squares: that takes no derivative of
    the target, and has no noise where it is least. The loss (14) of the paper, the asymmetry of the
    remainder, sees the divergence-free part alone, and costs about ten times as much per step.

    **Arguments:**

    - `target`: periodic, x -> shape `(dim,)`.
    - `field`: the initial field, on that torus, say
      `MatrixField(dim, domain=torus, key=key)`.
    - `steps`, `symmetry_steps`: of least squares, and then of the loss (14).
    - `points`: collocation points per step.
    - `width`, `depth`: of the network of the potential.
    - `learning_rate`: peak learning rate of `cosine_muon`.
    - `watch`: a metric to report, which is not minimised.
    - `on_chunk`: gets the reports, as in `train`; each loss counts its steps from its beginning.

    **Raises:** `ValueError` if the field has no constant part, as fields on a torus have, the
    target has another shape, one of them is not periodic on the torus, or there are no steps.
    """
    if field.constant is None:
        raise ValueError(
            "expected a field on a torus; got one without a constant part. "
            "Build it with domain=Torus(...)."
        )
    found = jax.eval_shape(target, jnp.zeros(field.dim)).shape
    if not isinstance(torus, Torus) or found != (field.dim,):
        raise ValueError(
            f"expected a torus, and a target of shape {(field.dim,)} on it; got {torus} and {found}."
        )
    if min(steps, symmetry_steps) < 0 or steps + symmetry_steps == 0:
        raise ValueError(
            f"expected steps and symmetry_steps >= 0, not both 0; got {steps} and {symmetry_steps}."
        )
    for name, part in {"target": target, "field": lambda x: field(jnp.zeros(()), x)}.items():
        torus.check_periodic(name, part, field.dim)
    network_key, key = jax.random.split(key)
    network = FieldNetwork(torus, field.dim, 1, width=width, depth=depth, key=network_key)
    at = CollocationPoints(torus, field.dim, points)
    watched = () if watch is None else ((0.0, watch),)
    count = jax.device_count()
    parts = HodgeParts(field, network)
    # One after the other, each with an optimiser of its own: Muon moves what has no gradient by its momentum.
    for steps_of_it, objective in (
        (steps, FieldResidual(target, at)),
        (symmetry_steps, _OfDivergenceFree(FieldAsymmetry(target, at))),
    ):
        if steps_of_it:
            fit_key, key = jax.random.split(key)
            parts = train(
                parts,
                Rows(jnp.zeros(count), jnp.zeros((count, field.dim))),
                [Stage(steps_of_it, Sum((*as_sum(objective).terms, *watched)))],
                key=fit_key,
                training=Training(
                    batch_size=count, optimiser=cosine_muon(learning_rate, steps_of_it)
                ),
                on_chunk=on_chunk,
            ).law
    return parts
