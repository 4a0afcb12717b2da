"""What a fit makes small: the usual objective, and objectives as stages and in words."""

from collections.abc import Sequence

from conservax.data import DataError, Table, Units
from conservax.fitting._growing import MASS_WEIGHT, growth_energy, least_motion, mass_error
from conservax.model import CodecError, encode
from conservax.models import AbstractGrowingSpec, AbstractModelSpec, kind_of
from conservax.objective import (
    AbstractObjective,
    KineticEnergy,
    LogEnergy,
    NegativeLogLikelihood,
    ReferenceEnergy,
    Sum,
    as_sum,
)
from conservax.train import Stage

PRICE, PRICE_OF_REFERENCE = 0.01, 0.1  # what less energy may cost, nats for a factor of e


def usual_objective(spec: AbstractModelSpec, train: Table, units: Units) -> Sum:
    """The likelihood, and what less motion, births and deaths may cost it.

    With growth both energies are weighed as they are; without a reference, over that of the least
    motion between the means of the data where this is more than 1, so that the ends of a long way
    are not pulled together.

    **Raises:** `DataError` for sizes of the population that make no sense.
    """
    objective = as_sum(NegativeLogLikelihood())
    growing = spec if isinstance(spec, AbstractGrowingSpec) else None
    growth = None if growing is None else growing.growth_weight
    kinetic = spec.kinetic_weight
    if kinetic is None:
        # A reference is asked for, and its rates are learned by this term alone.
        kinetic = PRICE_OF_REFERENCE if spec.reference is not None and growth is None else PRICE
    energy = KineticEnergy() if spec.reference is None else ReferenceEnergy()
    if growing is None or growth is None:
        return objective + kinetic * LogEnergy(as_sum(energy)) if kinetic else objective
    # Which of what happened was movement, and which births and deaths, is for the weights to say. By
    # their logarithm births and deaths are found too slowly.
    unit = max(1.0, least_motion(train, units)) if spec.reference is None else 1.0
    births = growth_energy(train, units)
    objective = objective + kinetic / unit * energy + growth / unit * births
    if growing.total_mass is None:
        return objective
    return objective + MASS_WEIGHT * mass_error(growing.total_mass, units)


def check_objective(objective: object, spec: AbstractModelSpec) -> None:
    """Refuse weights of the usual objective beside one that replaces it."""
    if objective is None:
        return
    for name in ("kinetic_weight", "total_mass"):
        if getattr(spec, name, None) is not None:
            raise DataError(
                f"expected {name} without an objective, which replaces what it weighs; got both. "
                "Add a term such as MassError or KineticEnergy to the objective instead."
            )


def stages_of(
    objective: AbstractObjective | Sum | Sequence[Stage], steps: int | None, usual: int
) -> tuple[Stage, ...]:
    """One stage of an objective, or the stages that were given, which bring their steps.

    **Raises:** `TypeError` for what is not an objective; `DataError` for steps beside stages.
    """
    if isinstance(objective, Sequence):
        if steps is not None:
            raise DataError(f"expected the steps of the stages alone; got steps={steps} too.")
        return tuple(objective)
    if not isinstance(objective, AbstractObjective | Sum):
        raise TypeError(
            "expected an objective such as NegativeLogLikelihood(), a sum of them, or a list of "
            f"Stage; got {kind_of(objective)}."
        )
    return (Stage(steps or usual, as_sum(objective)),)


def is_known(stages: Sequence[Stage]) -> bool:
    """Whether every objective is one of conservax, so that a file can name it."""
    try:
        encode(tuple(stage.objective for stage in stages))
    except CodecError:
        return False
    return True


def describe(stages: Sequence[Stage]) -> str:
    """The objective in words: `2000 steps of nll + 0.01 log(kinetic)`."""

    def term(objective: AbstractObjective) -> str:
        if isinstance(objective, LogEnergy):
            return f"log({terms(objective.energy)})"
        return objective.name

    def terms(objective: Sum) -> str:
        return " + ".join(term(t) if w == 1 else f"{w:g} {term(t)}" for w, t in objective.terms)

    return ", then ".join(
        f"{stage.steps} steps of {terms(as_sum(stage.objective))}" for stage in stages
    )
