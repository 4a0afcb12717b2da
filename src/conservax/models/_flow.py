"""A base density pushed through a flow that changes in time."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from conservax._types import PRNGKey
from conservax.baseline import fit_normal_by_snapshot
from conservax.bijection import (
    AbstractBijection,
    Chain,
    CouplingFlow,
    InterpolatedAffine,
    Transformer,
)
from conservax.data import DataError, snapshots
from conservax.density import AbstractDensity, DiagonalGaussianMixture, PushForward
from conservax.flux import PushForwardFlux
from conservax.models._autoregressive import Autoregressive
from conservax.models._base import (
    AbstractGrowthSpec,
    AbstractModelSpec,
    check_weight,
    check_whole,
)
from conservax.models._clusters import find_clusters
from conservax.models._kernel_mixture import KernelMixture

BaseName = Literal["kernel-mixture", "autoregressive"]
_BASES = {spec.name: spec for spec in (KernelMixture, Autoregressive)}
_COMPONENTS = 4
_LAYERS = 8
_LARGEST_SCALES = {5: 1.0, 20: 0.5}  # logs, up to so many dimensions
_LARGEST_SCALE = 0.3  # beyond
_FAR_APART = 0.5  # nats per coordinate


@dataclass(frozen=True, kw_only=True)
class Flow(AbstractModelSpec):
    """A push-forward: a base density pushed through couplings that change in time.

    It has a closed flow map, prefers no order of coordinates, and does not become stiff in many
    dimensions. Snapshots that are far apart are learned in whitened coordinates, in which each begins as one
    and the same mixture.

    **Attributes:** those of `AbstractModelSpec`, and

    - `base`: "kernel-mixture", "autoregressive" or one of these with its settings, for a base that moves
      by itself; by default a mixture of normals, which rests.
    - `components`: normals of the base that rests: 4.
    - `layers`: couplings, one after the other: 8. A plan has 4.
    - `width`, `depth`: hidden units per layer, and hidden layers, of the network of each coupling.
    - `transformer`: "affine", or "spline" for densities that are far from normal. Splines move nothing that
      is more than 4 deviations of the data from their middle.
    - `max_log_scale`: largest log of the factor by which an affine coupling stretches, and shrinks: 1 up to 5
      dimensions, 0.5 up to 20, 0.3 beyond. It keeps cells that are far from all others where they are.
    - `max_frequency`: fastest cycle in time, in cycles over the whole time range.
    """

    base: AbstractModelSpec | BaseName | None = None
    components: int | None = None
    layers: int | None = None
    width: int = 64
    depth: int = 2
    transformer: Transformer = "affine"
    max_log_scale: float | None = None
    max_frequency: float = 1.0

    name: ClassVar[str] = "flow"

    def __post_init__(self):
        super().__post_init__()
        _check_base(self.moving_base)
        if self.base is not None and self.components is not None:
            raise DataError(
                "expected components of the base that rests; got a base as well. Give them to it, as in "
                "Flow(base=KernelMixture(components=64))."
            )
        for size in ("components", "layers", "width", "depth"):
            check_whole(size, getattr(self, size))
        if self.transformer not in get_args(Transformer):
            raise DataError(
                f"expected a transformer of {list(get_args(Transformer))}; got {self.transformer!r}."
            )
        check_weight("max_log_scale", self.max_log_scale)
        check_weight("max_frequency", self.max_frequency)
        if self.max_log_scale is None:
            return
        if self.transformer != "affine" or not self.max_log_scale:
            raise DataError(
                "expected max_log_scale above 0, of affine transformers; got "
                f"{self.max_log_scale} of {self.transformer}. Leave it out."
            )

    @property
    def moving_base(self) -> AbstractModelSpec | None:
        """The settings of a base that moves by itself; None if it rests."""
        named = _BASES.get(self.base) if isinstance(self.base, str) else None
        return cast(Any, self.base) if named is None else named()

    @property
    def usual_flux(self) -> PushForwardFlux:
        """Flux of a density that is pushed forward, with a closed flow map."""
        base = self.moving_base
        return PushForwardFlux(None if base is None else base.flux or base.usual_flux)

    def noise_fraction(self, t: Float[np.ndarray, " rows"]) -> float:
        """Half as much: it is smooth by itself."""
        del t
        return 0.5

    def is_whitened(self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"]) -> bool:
        """Of snapshots that are far apart, or of unlike widths.

        That is, where a normal for each says more than one for all, by half a nat per coordinate. Else
        the velocity is smoother in time without, for whitening runs linearly from snapshot to snapshot.
        """
        if snapshots(t) is None:
            return False
        normals = fit_normal_by_snapshot(t, x)
        each, means = normals.covariance, normals.mean
        all_of_them = np.mean(each, axis=0) + np.cov(means.T, bias=True)  # each snapshot as much
        log_det = np.linalg.slogdet(all_of_them).logabsdet
        gain = 0.5 * (log_det - np.mean(np.linalg.slogdet(each).logabsdet))
        return bool(gain > _FAR_APART * x.shape[1])

    def density(
        self, t: Float[np.ndarray, " rows"], x: Float[np.ndarray, "rows dim"], *, seed: int
    ) -> Callable[[PRNGKey], PushForward]:
        """See `AbstractModelSpec.density`. Clusters are found once for all ensemble members.

        **Raises:** `DataError` for one column.
        """
        dim = x.shape[1]
        make_base, fixed = self._base(t, x, seed)

        def pushed(key: PRNGKey) -> PushForward:
            flow_key, base_key = jax.random.split(key)
            parts = Chain(self.couplings(dim, flow_key), *fixed)
            return PushForward(make_base(base_key), parts)

        return pushed

    def couplings(
        self, dim: int, key: PRNGKey, *, identity_at: float | None = None
    ) -> CouplingFlow:
        """The couplings; `identity_at`: a time at which they are the identity.

        **Raises:** `DataError` for one dimension.
        """
        if dim < 2:
            raise DataError(
                "expected two columns or more for a flow, whose couplings change one by the other; "
                'got one. Use model="autoregressive".'
            )
        bound = self.max_log_scale
        if bound is None:
            scales = (scale for most, scale in _LARGEST_SCALES.items() if dim <= most)
            bound = next(scales, _LARGEST_SCALE)
        return CouplingFlow(
            dim,
            layers=self.layers or _LAYERS,
            width=self.width,
            depth=self.depth,
            transformer=self.transformer,
            max_log_scale=bound,
            max_frequency=self.max_frequency,
            identity_at=identity_at,
            key=key,
        )

    def _base(
        self, t: np.ndarray, x: np.ndarray, seed: int
    ) -> tuple[Callable[[PRNGKey], AbstractDensity], list[AbstractBijection]]:
        """A function of a key for the base, and the fixed bijections that come after the couplings."""
        if self.moving_base is not None:
            return self.moving_base.density(t, x, seed=seed), []
        fixed: list[AbstractBijection] = [_whitening(t, x)] if self.is_whitened(t, x) else []
        for whitening in fixed:
            rest = jax.vmap(whitening.inverse_and_log_det)(jnp.asarray(t), jnp.asarray(x))[0]
            x = np.asarray(rest)
        clusters = find_clusters(x, self.components or _COMPONENTS, seed=seed)
        scale = np.sqrt(np.diagonal(clusters.covariance, axis1=1, axis2=2))
        return lambda _: DiagonalGaussianMixture(clusters.centre, scale), fixed


def _check_base(base: Any) -> None:
    """Refuse a base that cannot be pushed forward, or whose own motion would have no effect.

    **Raises:** `DataError`, and `TypeError` for what is not a model.
    """
    if base is None:
        return
    if not isinstance(base, Autoregressive | KernelMixture):
        raise TypeError(
            f"expected a base of {list(_BASES)}, or one of these with settings; got {base!r}."
        )
    usual = type(base)()
    motion = {field.name for field in fields(AbstractGrowthSpec)} - {"flux"}
    given = sorted(name for name in motion if getattr(base, name) != getattr(usual, name))
    if given:
        raise DataError(
            f"expected a base without {', '.join(given)}, which the whole model has. Give them to "
            "Flow, or leave them out."
        )


def _whitening(t: np.ndarray, x: np.ndarray) -> InterpolatedAffine:
    """The affine map from the standard normal to that of each snapshot."""
    normals = fit_normal_by_snapshot(t, x)
    factor = np.linalg.cholesky(normals.covariance)
    return InterpolatedAffine(normals.times, normals.mean, factor)
