"""Spurious flux at infinity, along rays from points of the law.

A flux that satisfies the continuity equation may still transport probability to infinity and back
[hua2025, Lemma 2, figure 1]. It shows at points with one coordinate far out and the others where
the density is, along directions that mix coordinates less so: both are probed.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._programs import program
from conservax._types import PRNGKey
from conservax.check._draws import LawPoints, generator
from conservax.check._result import CheckResult
from conservax.law import ConservationLaw

RADII = (10.0, 100.0, 1e3, 1e4)
EVALUATED_FROM = (
    1000.0  # radius: wide components leave something at 100 standard deviations, never at 1000
)
LIMIT = 1e-6
ANCHORS = 32
COORDINATES = 8
DIRECTIONS = 4


def check_flux_at_infinity(
    law: ConservationLaw, rows: LawPoints, key: PRNGKey
) -> tuple[CheckResult, ...]:
    """Flux at radii of 1000 and more over that at points of the law, and whether all is finite."""
    anchors = jax.tree.map(lambda leaf: leaf[:ANCHORS], rows)
    offsets = _offsets(key, law.dim, rows[1].dtype)
    near = float(_probe(law, anchors, 0 * offsets)[0])
    sizes = [_probe(law, anchors, radius * offsets) for radius in RADII]
    flux, velocity, finite = (np.array(column) for column in zip(*sizes, strict=True))
    evaluated = flux[np.array(RADII) >= EVALUATED_FROM]
    value = float(np.max(evaluated) / near) if near > 0 else float(np.max(evaluated))
    at_radius = ", ".join(f"{v:.0e} at {r:g}" for v, r in zip(velocity, RADII, strict=True))
    rays = f"{anchors[0].shape[0] * offsets.shape[0]} rays"
    spurious = CheckResult(
        "spurious flux",
        value,
        LIMIT,
        bool(value <= LIMIT),
        f"largest flux from radius {EVALUATED_FROM:g} on over the largest inside, along {rays}",
    )
    broken = float(np.sum(~finite))
    whole = CheckResult(
        "finite far out",
        broken,
        0.0,
        broken == 0,
        f"radii where a value is not finite; largest velocity {at_radius}",
    )
    return spurious, whole


def _offsets(key: PRNGKey, dim: int, dtype: jnp.dtype) -> Float[np.ndarray, "rays dim"]:
    """Unit steps both ways: coordinates (the first, the last and some between), and directions."""
    chosen = np.unique(np.linspace(0, dim - 1, min(dim, COORDINATES)).round().astype(int))
    axes, rng = np.eye(dim)[chosen], generator(key)
    random, signs = rng.normal(size=(DIRECTIONS, dim)), rng.choice([-1.0, 1.0], (DIRECTIONS, dim))
    mixed = np.concatenate([random, signs])
    mixed = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return np.concatenate([axes, -axes, mixed, -mixed]).astype(dtype)


@program(effort="least")
def _probe(
    law: ConservationLaw, anchors: LawPoints, offsets: Float[Array | np.ndarray, "rays dim"]
) -> tuple[Array, Array, Array]:
    """Largest flux and velocity over anchors and rays, and whether all values are finite."""

    def at(t, x, condition):
        log_prob, score = jax.value_and_grad(law.log_prob, argnums=1)(t, x, condition)
        velocity, flux = law.velocity(t, x, condition), law.flux(t, x, condition)
        finite = [jnp.all(jnp.isfinite(value)) for value in (log_prob, score, velocity, flux)]
        return jnp.max(jnp.abs(flux)), jnp.max(jnp.abs(velocity)), jnp.all(jnp.stack(finite))

    rays = offsets.shape[0]
    t, x, condition = jax.tree.map(lambda leaf: jnp.repeat(leaf, rays, axis=0), anchors)
    x = x + jnp.tile(offsets, (anchors[0].shape[0], 1))
    flux, velocity, finite = jax.vmap(at)(t, x, condition)
    return jnp.max(flux), jnp.max(velocity), jnp.all(finite)
