"""Settings of a plan: the initial population and the stages of training."""

from dataclasses import dataclass

from conservax.control._obstacles import not_negative, positive
from conservax.data import DataError


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
    - `points`: draws per step.
    - `learning_rate`: peak learning rate of Adam, which falls along a cosine.
    - `boundary_weight`: weight of the likelihood of the boundary distributions, per cost of the
      straight line. By default 1 for Fourier trajectories, which fix their endpoints, and 30 for
      others: their error at the boundaries is inverse to it.

    **Raises:** `DataError` for numbers that make no sense, or no steps at all.
    """

    likelihood_steps: int = 50
    control_steps: int = 20
    steps: int = 1500
    points: int = 1536
    learning_rate: float = 0.02
    boundary_weight: float | None = None

    def __post_init__(self):
        for name in ("likelihood_steps", "control_steps", "steps"):
            check_whole(name, getattr(self, name), 0)
        check_whole("points", self.points, 1)
        if not self.likelihood_steps + self.control_steps + self.steps:
            raise DataError("expected at least one step; got none in all three stages.")
        positive("learning_rate", self.learning_rate)
        if self.boundary_weight is not None:
            positive("boundary_weight", self.boundary_weight)


def check_whole(name: str, value: object, least: int) -> None:
    """Refuse a value that is not a whole number, or is too small."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DataError(f"{name}: expected a whole number, {least} or more; got {value!r}.")
