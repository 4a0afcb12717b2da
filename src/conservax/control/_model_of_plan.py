"""The model of a plan: the usual one of a problem, and which of them can solve it."""

from dataclasses import asdict, fields, replace
from typing import Any, Literal, get_args

from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories
from conservax.data import DataError
from conservax.models import AbstractModelSpec, Flow

ModelName = Literal["fourier-trajectories", "flow", "factorized", "autoregressive"]
_LAYERS = 4  # of a flow
_FEW_DIMENSIONS = 3


def checked_model(model: Any, problem: Problem) -> Any:
    """The requested model, or the usual one; refused if it is unknown or cannot solve the problem."""
    if model is None:
        model = _usual_model(problem)
    if model == "fourier-trajectories":
        return FourierTrajectories()
    if model == "flow":
        model = Flow()
    if isinstance(model, Flow):
        _check_flow(model)
        model = replace(model, layers=model.layers or _LAYERS)
    if isinstance(model, str) and model not in get_args(ModelName):
        raise DataError(f"expected a model of {list(get_args(ModelName))}; got {model!r}.")
    if problem.needs_mean and (model == "autoregressive" or isinstance(model, Flow)):
        raise DataError(
            'a cost that takes the mean needs model="fourier-trajectories" or "factorized"; got '
            f'"{model if isinstance(model, str) else model.name}".'
        )
    return model


def _usual_model(problem: Problem) -> ModelName:
    """A flow where there is no goal, or many dimensions; Fourier trajectories among obstacles, and else."""
    if problem.obstacles or problem.needs_mean or problem.dim == 1:
        return "fourier-trajectories"
    if problem.goal is None or problem.dim > _FEW_DIMENSIONS:
        return "flow"
    return "fourier-trajectories"


def _check_flow(model: Flow) -> None:
    """Refuse settings of a flow that a problem decides: its base, and the weights of its motion."""
    usual, decided = Flow(), ("base", *_motion())
    given = [name for name in decided if getattr(model, name) != getattr(usual, name)]
    if given:
        raise DataError(
            f"expected a flow without {', '.join(given)}, which the problem decides. Leave it out."
        )


def _motion() -> list[str]:
    """Settings of a model that say how it moves."""
    return [field.name for field in fields(AbstractModelSpec)]


def settings_of(model: Any) -> dict[str, Any]:
    """A model as plain settings."""
    if isinstance(model, FourierTrajectories):
        return {"model": "fourier-trajectories", **asdict(model)}
    if isinstance(model, Flow):
        own = [field.name for field in fields(Flow) if field.name not in _motion()]
        return {"model": model.name} | {name: getattr(model, name) for name in own}
    return {"model": model if isinstance(model, str) else "custom density"}
