"""The parts of a law as `fit` is given them: checked, and in law units."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

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
        reference = _given(reference, units.dim)
    axis = units.time
    start = axis.start if axis.kind == "number" else 0.0
    return InUnits(reference, start, axis.scale, units.mean, units.std)


def _given(drift: AbstractReference | Callable, dim: int) -> Given:
    """A function of the user as a reference, tried without computing anything.

    **Raises:** `DataError` for what is no function v(t, x), or one that gives another shape.
    """
    usual = "expected a reference as a function v(t, x) that JAX can trace"
    if not callable(drift):
        raise DataError(f"{usual}; got {kind_of(drift)}.")
    try:
        given = Given(drift)
        jax.eval_shape(given, jnp.zeros(()), jnp.zeros(dim))
    except (TypeError, ValueError) as error:
        raise DataError(f"{usual}, x of shape ({dim},); got one that fails: {error}") from error
    return given


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


def check_weights(kinetic: Any, growth: Any, masses: Any, reference: Any) -> None:
    """Refuse weights that are no numbers from 0 on, and what they would make meaningless."""
    for name, weight in (("kinetic", kinetic), ("growth", growth)):
        number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
        if weight is not None and not (number and 0 <= weight < float("inf")):
            raise DataError(
                f"expected {name} as a weight, a number from 0 on; got {weight!r}. "
                f"Give {name}=0.01 (--{name} 0.01)."
            )
    if masses is not None and not isinstance(masses, Mapping):
        raise DataError(
            f"expected masses as {{time: size, ...}}; got {kind_of(masses)}. For example "
            "masses={0: 1.0, 4: 2.7}."
        )
    if reference is not None and kinetic == 0:
        raise DataError(
            "expected kinetic (--kinetic) above 0 beside a reference: it weighs how closely the "
            "reference is followed. Leave out one of them."
        )


def kind_of(part: Any) -> str:
    """A part in words."""
    return f"the class {part.__name__}" if isinstance(part, type) else f"a {type(part).__name__}"
