"""The parts of a law as `fit` is given them: checked, and in law units."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import equinox as eqx

from conservax._types import PRNGKey, Scalar, Time
from conservax.data import DataError, Units
from conservax.flux import AbstractFlux
from conservax.law import ConservationLaw
from conservax.reference import (
    AbstractReference,
    Given,
    InUnits,
    LotkaVolterra,
    NetworkDrift,
    Repressilator,
)

ReferenceName = Literal["network", "lotka-volterra", "repressilator"]


def reference_of(
    reference: AbstractReference | Callable | ReferenceName | None,
    diffusion: float | Callable[[Time], Scalar],
    units: Units,
    key: PRNGKey,
) -> AbstractReference | None:
    """The reference drift in law units.

    **Raises:** `DataError` for another name, without diffusion, or for prey and predators that are
    not two columns.
    """
    if reference is None:
        return None
    if not callable(diffusion) and not diffusion > 0:
        raise DataError(
            f"expected a diffusion above 0 beside a reference; got {diffusion}. Give the noise of "
            "the process, such as diffusion=0.3 (--diffusion 0.3)."
        )
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
        reference = Given(reference)
    axis = units.time
    start = axis.start if axis.kind == "number" else 0.0
    return InUnits(reference, start, axis.scale, units.mean, units.std)


def reference_parameters(law: ConservationLaw) -> dict[str, float]:
    """What was learned of a reference that has a name: its rates, in units of the data."""
    inner = law.reference.reference if isinstance(law.reference, InUnits) else None
    if isinstance(inner, LotkaVolterra):
        return dict(zip("abcd", inner.rates.tolist(), strict=True))
    if isinstance(inner, Repressilator):
        names = ("production", "threshold", "hill", "decay")
        return dict(zip(names, inner.parameters.tolist(), strict=True))
    return {}


def check_parts(density: Any, flux: Any, divergence_free: Any) -> None:
    """Tell a part that is built too early, or not at all."""
    for name, part in (("density", density), ("divergence_free", divergence_free)):
        given = part is not None and not isinstance(part, str)
        if given and (isinstance(part, eqx.Module | type) or not callable(part)):
            raise TypeError(
                f"expected {name} as a function of a random key, such as lambda key: "
                f"Part(..., key=key); got {kind_of(part)}."
            )
    if flux is not None and not isinstance(flux, AbstractFlux):
        raise TypeError(f"expected a flux, such as KnotheRosenblatt(); got {kind_of(flux)}.")


def kind_of(part: Any) -> str:
    """A part in words."""
    return f"the class {part.__name__}" if isinstance(part, type) else f"a {type(part).__name__}"
