"""What a fit makes small: the usual objective, and objectives as stages and in words."""

from collections.abc import Sequence

from conservax.data import Table, Units
from conservax.model._codec import CodecError, encode
from conservax.model._growing import growth_energy
from conservax.model._parts import kind_of
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


def usual_objective(
    kinetic: float | None, growth: float | None, has_reference: bool, train: Table, units: Units
) -> Sum:
    """The likelihood, and what less motion may cost it; or with growth, both energies as they are."""
    objective = as_sum(NegativeLogLikelihood())
    if kinetic is None:
        # A reference is asked for, and its rates are learned by this term alone.
        kinetic = PRICE_OF_REFERENCE if has_reference and growth is None else PRICE
    energy = ReferenceEnergy() if has_reference else KineticEnergy()
    if growth is not None:
        # Which of what happened was movement, and which births and deaths, is for the weights to say.
        # By their logarithm births and deaths are found too slowly.
        return objective + kinetic * energy + growth * growth_energy(train, units)
    return objective + kinetic * LogEnergy(as_sum(energy)) if kinetic else objective


def stages_of(
    objective: AbstractObjective | Sum | Sequence[Stage], steps: int
) -> tuple[Stage, ...]:
    """One stage of an objective, or the stages that were given.

    **Raises:** `TypeError` for what is no objective.
    """
    if isinstance(objective, Sequence):
        return tuple(objective)
    if not isinstance(objective, AbstractObjective | Sum):
        raise TypeError(
            "expected an objective such as NegativeLogLikelihood(), a sum of them, or a list of "
            f"Stage; got {kind_of(objective)}."
        )
    return (Stage(steps, as_sum(objective)),)


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
