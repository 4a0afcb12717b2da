"""From the settings of a model to the law that training begins with."""

from collections.abc import Callable
from typing import Any, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np

from conservax._types import PRNGKey
from conservax.data import DataError, Units
from conservax.density import Mixture
from conservax.flux import MixtureFlux
from conservax.law import ConservationLaw
from conservax.models._base import (
    AbstractGrowthSpec,
    AbstractModelSpec,
    ReferenceName,
    kind_of,
)
from conservax.reference import (
    AbstractReference,
    FixedDrift,
    LotkaVolterra,
    NetworkDrift,
    Repressilator,
    Rescaled,
    WithReference,
)

_COMPONENTS, _GROWTH_MODES = 4, 3  # of a growing population


def law_maker(
    spec: AbstractModelSpec, units: Units, t: np.ndarray, x: np.ndarray, *, seed: int
) -> Callable[[PRNGKey], ConservationLaw | WithReference]:
    """A function of a random key for the initial law, for training rows in law units.

    **Raises:** `DataError` for a density of another dimension, or with a condition, and for a
    reference that does not fit the rows; `TypeError` for a flux that cannot serve the density.
    """
    make = spec.density(t, x, seed=seed)
    flux = spec.flux or spec.usual_flux
    if isinstance(spec, AbstractGrowthSpec) and spec.growth_weight is not None:
        if isinstance(flux, MixtureFlux):
            raise DataError(
                "expected the flux of one component beside growth_weight, which makes a mixture of "
                "them by itself; got a MixtureFlux. Give the flux in it, or leave flux out."
            )
        make, flux = _growing(make), MixtureFlux(flux)

    def begin(key: PRNGKey) -> ConservationLaw | WithReference:
        density_key, field_key = jax.random.split(key)
        field = None if spec.divergence_free is None else spec.divergence_free(field_key)
        law = ConservationLaw(make(density_key), flux, field, spec.diffusion)
        _check_dimension(law, units)
        if spec.reference is None:
            return law
        return WithReference(law, _reference(spec, units, jax.random.fold_in(key, 2)))

    return begin


def _growing(make: Callable[[PRNGKey], Any]) -> Callable[[PRNGKey], Mixture]:
    """A mixture of densities that `make` makes, each with a mass that may change."""

    def population(key: PRNGKey) -> Mixture:
        keys = jax.random.split(key, _COMPONENTS)
        return Mixture([make(k) for k in keys], growth_modes=_GROWTH_MODES)

    return population


def _check_dimension(law: ConservationLaw, units: Units) -> None:
    if law.dim != units.dim:
        raise DataError(
            f"expected a density of dim {units.dim}, one for each of {list(units.columns)}; "
            f"got dim {law.dim}."
        )
    if law.condition_dim:
        raise DataError(
            f"expected a density without condition; got condition_dim {law.condition_dim}. "
            "Tables carry no conditions: use conservax.train.train on Rows(t, x, condition)."
        )


def _reference(spec: AbstractModelSpec, units: Units, key: PRNGKey) -> AbstractReference:
    """The reference drift in law units."""
    reference = spec.reference
    if isinstance(reference, str) and reference not in get_args(ReferenceName):
        raise DataError(
            f"expected a drift or one of {list(get_args(ReferenceName))} as reference; got "
            f"{reference!r}."
        )
    if reference == "network":
        return NetworkDrift(units.dim, key=key)
    if isinstance(reference, str):
        reference = LotkaVolterra() if reference == "lotka-volterra" else Repressilator()
    if isinstance(reference, LotkaVolterra) and units.dim != 2:
        raise DataError(
            f"expected two columns, prey and predators, with Lotka-Volterra; got {list(units.columns)}."
        )
    if not isinstance(reference, AbstractReference):
        reference = _fixed_drift(reference, units.dim)
    axis = units.time
    start = axis.start if axis.kind == "number" else 0.0
    return Rescaled(reference, start, axis.scale, units.mean, units.std)


def _fixed_drift(drift: object, dim: int) -> FixedDrift:
    """A function of the user as a reference, tried without computing anything.

    **Raises:** `DataError` for what is not a function v(t, x), or one that gives another shape.
    """
    usual = "expected a reference as a function v(t, x) that JAX can trace"
    if not callable(drift):
        raise DataError(f"{usual}; got {kind_of(drift)}.")
    try:
        fixed = FixedDrift(cast(Callable[..., Any], drift))
        jax.eval_shape(fixed, jnp.zeros(()), jnp.zeros(dim))
    except (TypeError, ValueError) as error:
        raise DataError(f"{usual}, x of shape ({dim},); got one that fails: {error}") from error
    return fixed


def reference_parameters(reference: AbstractReference | None) -> dict[str, float]:
    """Learned parameters of a reference by name, in units of the data."""
    inner = reference.reference if isinstance(reference, Rescaled) else None
    if isinstance(inner, LotkaVolterra):
        return dict(zip("abcd", inner.rates.tolist(), strict=True))
    if isinstance(inner, Repressilator):
        names = ("production", "threshold", "hill", "decay")
        return dict(zip(names, inner.parameters.tolist(), strict=True))
    return {}
