"""The usual objective of a fit, and objectives as stages and in words."""

from collections.abc import Sequence

from conservax.data import DataError, Table, Units, snapshots
from conservax.fitting._growing import MASS_WEIGHT, growth_energy, least_motion, mass_error
from conservax.model import CodecError, encode
from conservax.models import AbstractGrowthSpec, AbstractModelSpec, Flow, kind_of
from conservax.objective import (
    AbstractObjective,
    CoupledMatching,
    KineticEnergy,
    LogEnergy,
    NegativeLogLikelihood,
    ReferenceEnergy,
    StateCost,
    Sum,
    as_sum,
)
from conservax.train import Stage

MATCHING_WEIGHT = 2.0  # nats for all motion of the pairs
KINETIC_WEIGHT, REFERENCE_WEIGHT = 0.01, 0.1  # cost of less energy, nats per factor of e


def usual_objective(spec: AbstractModelSpec, train: Table, units: Units) -> Sum:
    """The likelihood, and the weighted energies of motion, births and deaths.

    With growth both energies are weighed as they are, but the kinetic one over that of the least
    motion between the means of the data where this is more than 1, so that a long motion is not
    shortened.

    **Raises:** `DataError` for sizes of the population that make no sense.
    """
    objective = as_sum(NegativeLogLikelihood())
    if spec.state_weight:
        objective = objective + spec.state_weight * StateCost()
    growing = spec if isinstance(spec, AbstractGrowthSpec) else None
    growth_weight = None if growing is None else growing.growth_weight
    kinetic_weight = spec.kinetic_weight
    if kinetic_weight is None:
        # A reference is requested, and its rates are learned by this term alone.
        alone = spec.reference is not None and growth_weight is None
        kinetic_weight = REFERENCE_WEIGHT if alone else KINETIC_WEIGHT
    matching_weight = _matching_weight(spec, train)
    energy = KineticEnergy() if spec.reference is None else ReferenceEnergy()
    if growing is None or growth_weight is None:
        if matching_weight:
            objective = objective + matching_weight * CoupledMatching(spec.has_heavy_tails)
        if not kinetic_weight:
            return objective
        return objective + kinetic_weight * LogEnergy(as_sum(energy))
    # The weights decide between movement and births and deaths. By the logarithm of their energy
    # births and deaths are found too slowly.
    if spec.reference is None:
        kinetic_weight /= max(1.0, least_motion(train, units))
    births = growth_energy(train, units)
    objective = objective + kinetic_weight * energy + growth_weight * births
    if matching_weight:
        if not growth_weight:
            raise DataError(
                "expected growth_weight above 0 beside matching_weight: births that cost nothing leave no "
                "cell to follow. Leave out one of them."
            )
        # To grow by a factor of m costs growth_weight (log m)^2; a factor of its root at both ends of
        # a pair is a divergence of (log m)^2 / 4.
        penalty = 4 * growth_weight / kinetic_weight if kinetic_weight else None
        matching = CoupledMatching(spec.has_heavy_tails, mass_penalty=penalty)
        objective = objective + matching_weight * matching
    if growing.total_mass is None:
        return objective
    return objective + MASS_WEIGHT * mass_error(growing.total_mass, units)


def _matching_weight(spec: AbstractModelSpec, train: Table) -> float:
    """Weight of coupled matching; by default only of flows of two snapshots or more."""
    if spec.matching_weight is not None or spec.reference is not None:
        return spec.matching_weight or 0.0
    found = snapshots(train.t)
    return MATCHING_WEIGHT if isinstance(spec, Flow) and found and len(found) > 1 else 0.0


def matching_of(stages: Sequence[Stage]) -> CoupledMatching | None:
    """The term of some stage that needs pairs of coupled cells; None if there is none.

    **Raises:** `DataError` for terms that want other pairs.
    """
    terms = [term for stage in stages for _, term in as_sum(stage.objective).terms]
    found = [term for term in terms if isinstance(term, CoupledMatching)]
    penalties = {term.mass_penalty for term in found}
    if len(penalties) > 1:
        raise DataError(
            "expected one mass_penalty of all terms of CoupledMatching, since cells are coupled once; "
            f"got {', '.join(map(str, penalties))}."
        )
    return found[0] if found else None


def check_objective(objective: object, spec: AbstractModelSpec) -> None:
    """Refuse weights of the usual objective beside one that replaces it."""
    if objective is None:
        return
    for name in ("kinetic_weight", "matching_weight", "state_weight", "total_mass"):
        if getattr(spec, name, None) is not None:
            raise DataError(
                f"expected {name} without an objective, which replaces what it weighs; got both. "
                "Add a term such as MassResidual or KineticEnergy to the objective instead."
            )


def stages_of(
    objective: AbstractObjective | Sum | Sequence[Stage], steps: int | None, usual: int
) -> tuple[Stage, ...]:
    """One stage of an objective, or explicit stages, which have their own steps.

    **Raises:** `TypeError` for other than an objective; `DataError` for steps beside stages.
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
