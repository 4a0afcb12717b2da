"""Settings of a plan: the initial population and the stages of training."""

from dataclasses import dataclass, replace
from typing import Any

from conservax.control._obstacles import not_negative, positive
from conservax.data import DataError
from conservax.models import Flow


@dataclass(frozen=True, kw_only=True)
class FourierTrajectories:
    """Mixture of components on sine-series trajectories, which fix both boundary distributions.

    **Attributes:**

    - `components`: number of components.
    - `coefficients`: sine coefficients per trajectory.
    - `bend`: size of the random initial coefficients, as a fraction of the distance.

    **Raises:** `DataError` for numbers that make no sense.
    """

    components: int = 32
    coefficients: int = 16
    bend: float = 0.25

    def __post_init__(self):
        check_whole("components", self.components, 1)
        check_whole("coefficients", self.coefficients, 1)
        not_negative("bend", self.bend)


@dataclass(frozen=True, kw_only=True)
class PlanTraining:
    """Three stages of training of a plan, as in Appendix D of [hua2025].

    **Attributes:**

    - `likelihood_steps`, `control_steps`, `steps`: lengths of the stages: the likelihood of draws of
      the boundary distributions; then also the control cost; then all costs (34).
    - `points`: draws per step: 1536, of `conservax.models.Flow` 512.
    - `learning_rate`: peak learning rate of Adam, which falls along a cosine: 0.02, of `Flow` 0.005.
    - `boundary_weight`: weight of the likelihood of the boundary distributions, per cost of the
      straight line. By default 1 for Fourier trajectories, which fix their endpoints, and 30 for
      others: their error at the boundaries is inverse to it.

    **Raises:** `DataError` for numbers that make no sense, or no steps at all.
    """

    likelihood_steps: int = 50
    control_steps: int = 20
    steps: int = 1500
    points: int | None = None
    learning_rate: float | None = None
    boundary_weight: float | None = None

    def __post_init__(self):
        for name in ("likelihood_steps", "control_steps", "steps"):
            check_whole(name, getattr(self, name), 0)
        if self.points is not None:
            check_whole("points", self.points, 1)
        if not self.likelihood_steps + self.control_steps + self.steps:
            raise DataError("expected at least one step; got none in all three stages.")
        for name in ("learning_rate", "boundary_weight"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))

    def usual_for(self, model: Any) -> "PlanTraining":
        """These settings, those that are None as is usual for a model."""
        usual = {
            "points": 512 if isinstance(model, Flow) else 1536,
            "learning_rate": 0.005 if isinstance(model, Flow) else 0.02,
            "boundary_weight": 1.0 if isinstance(model, FourierTrajectories) else 30.0,
        }
        return replace(self, **{k: v for k, v in usual.items() if getattr(self, k) is None})


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse a value that is not a whole number, or is too small."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DataError(f"{name}: expected a whole number, {least} or more; got {value!r}.")
