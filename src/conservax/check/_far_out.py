"""Does anything flow where nobody is? The spurious flux, far out along rays from points of the law.

A flux that satisfies the continuity equation may still carry probability to infinity and back
[hua2025, Lemma 2, figure 1]. It shows at points with one coordinate far out and the others where
the density is, along directions that mix coordinates less so: both are probed.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from conservax._types import PRNGKey
from conservax.check._draws import Rows
from conservax.check._result import CheckResult
from conservax.law import ConservationLaw

RADII = (10.0, 100.0, 1e3, 1e4)
JUDGED = 100.0  # tails may reach 10 standard deviations with some mass left; never 100
LIMIT = 1e-6
ANCHORS = 8
COORDINATES = 16
DIRECTIONS = 8


def check_far_out(law: ConservationLaw, rows: Rows, key: PRNGKey) -> tuple[CheckResult, ...]:
    """Flux at radii from 100 to 10000 over the largest flux at `rows`, and whether all is finite."""
    near = float(_largest_flux(law, rows))
    anchors = jax.tree.map(lambda leaf: leaf[:ANCHORS], rows)
    offsets = _offsets(key, law.dim, rows[1].dtype)
    sizes = [_probe(law, anchors, radius * offsets) for radius in RADII]
    flux, velocity, finite = (np.array(column) for column in zip(*sizes, strict=True))
    judged = flux[np.array(RADII) >= JUDGED]
    # NaN must not win a maximum unseen: `finite` says it.
    value = float(np.max(judged) / near) if near > 0 else float(np.max(judged))
    at_radius = ", ".join(f"{v:.0e} at {r:g}" for v, r in zip(velocity, RADII, strict=True))
    places = f"{ANCHORS * offsets.shape[0]} rays"
    spurious = CheckResult(
        "spurious flux",
        value,
        LIMIT,
        bool(value <= LIMIT),
        f"largest flux beyond radius {JUDGED:g}, over the largest inside, along {places}",
    )
    broken = float(np.sum(~finite))
    whole = CheckResult(
        "finite far out",
        broken,
        0.0,
        broken == 0,
        f"radii with a value that is not finite; largest velocity {at_radius}",
    )
    return spurious, whole


def _offsets(key: PRNGKey, dim: int, dtype: jnp.dtype) -> Float[Array, "rays dim"]:
    """Unit steps both ways: coordinates (the first, the last and some between), and directions."""
    chosen = np.unique(np.linspace(0, dim - 1, min(dim, COORDINATES)).round().astype(int))
    axes = jnp.eye(dim, dtype=dtype)[chosen]
    random = jax.random.normal(key, (DIRECTIONS, dim), dtype)
    signs = jnp.sign(jax.random.normal(jax.random.fold_in(key, 1), (DIRECTIONS, dim), dtype))
    mixed = jnp.concatenate([random, signs])
    mixed = mixed / jnp.linalg.norm(mixed, axis=1, keepdims=True)
    return jnp.concatenate([axes, -axes, mixed, -mixed])


@eqx.filter_jit
def _largest_flux(law: ConservationLaw, rows: Rows) -> Float[Array, ""]:
    return jnp.max(jnp.abs(jax.vmap(law.flux)(*rows)))


@eqx.filter_jit
def _probe(
    law: ConservationLaw, anchors: Rows, offsets: Float[Array, "rays dim"]
) -> tuple[Array, Array, Array]:
    """Largest flux and velocity over anchors and rays, and whether all values are finite."""

    def at(t, anchor, condition, offset):
        x = anchor + offset
        return (
            law.flux(t, x, condition),
            law.velocity(t, x, condition),
            law.drift(t, x, condition),
            law.log_prob(t, x, condition),
        )

    over_rays = jax.vmap(at, in_axes=(None, None, None, 0))
    values = jax.vmap(lambda t, x, c: over_rays(t, x, c, offsets))(*anchors)
    finite = jnp.stack([jnp.all(jnp.isfinite(value)) for value in values])
    return jnp.max(jnp.abs(values[0])), jnp.max(jnp.abs(values[1])), jnp.all(finite)
