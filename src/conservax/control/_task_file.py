"""Control problems in TOML files."""

import inspect
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from conservax.control._boundaries import AbstractBoundary, EmpiricalSample, GaussianMixture
from conservax.control._costs import Congestion, Cost, Entropy, Flocking, Potential, Workspace
from conservax.control._obstacles import Boxes, Circles, Ellipses, Polygons
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories, PlanTraining
from conservax.control._tasks import task
from conservax.data import DataError, read_points

_COSTS: dict[str, Callable[..., Cost]] = {
    "circles": Circles,
    "ellipses": Ellipses,
    "boxes": Boxes,
    "polygons": Polygons,
    "entropy": Entropy,
    "congestion": Congestion,
    "potential": Potential,
    "flocking": Flocking,
    "workspace": Workspace,
}
_NUMBERS = ("control_weight", "diffusion")
_KEYS = ("task", "columns", "start", "goal", "terminal", "reference", *_NUMBERS, "solve", "rollout")
_TRAINING = tuple(field.name for field in fields(PlanTraining))
_TRAJECTORIES = tuple(field.name for field in fields(FourierTrajectories))
_SOLVE = ("model", "seed", *_TRAINING, *_TRAJECTORIES)


@dataclass(frozen=True)
class TaskFile:
    """Contents of a task file: a problem, arguments of `plan`, and settings of the roll-outs."""

    problem: Problem
    solve: dict[str, Any]
    diffusions: tuple[float, ...]
    paths: int


def read_task(path: Path) -> TaskFile:
    """Read a control problem from a TOML file; docs/control.md has its keys.

    **Raises:** `DataError` that names the file and the key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: expected a TOML file; {error}.") from error
    _check_keys(path, "the file", tables, (*_KEYS, *_COSTS))
    solve = _table(path, "solve", tables.pop("solve", {}), _SOLVE)
    rollout = _table(path, "rollout", tables.pop("rollout", {}), ("diffusion", "paths"))
    diffusions = np.atleast_1d(
        _number_list(path, "rollout.diffusion", rollout.get("diffusion", [0.0, 0.5]))
    )
    if not np.all((diffusions >= 0) & np.isfinite(diffusions)):
        raise DataError(
            f"{path}: rollout.diffusion: expected 0 or more; got {diffusions.tolist()}."
        )
    if not len(diffusions) or len({f"{g:g}" for g in diffusions}) < len(diffusions):
        raise DataError(
            f"{path}: rollout.diffusion: expected different numbers, at least one; got "
            f"{diffusions.tolist()}."
        )
    paths = rollout.get("paths", 1000)
    if not isinstance(paths, int) or paths < 8:
        raise DataError(
            f"{path}: rollout.paths: expected a whole number, 8 or more; got {paths!r}."
        )
    return TaskFile(
        _problem(path, tables), _arguments(path, solve), tuple(diffusions.tolist()), paths
    )


def _arguments(path: Path, solve: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `plan` from a flat table of settings of the model and of training."""
    training = {name: solve.pop(name) for name in _TRAINING if name in solve}
    trajectories = {name: solve.pop(name) for name in _TRAJECTORIES if name in solve}
    model = solve.get("model")
    if trajectories and model not in (None, "fourier-trajectories"):
        raise DataError(
            f"{path}: solve: expected {sorted(trajectories)} with Fourier trajectories alone; got "
            f"model = {model!r}. Leave them out."
        )
    try:
        if trajectories:
            solve["model"] = FourierTrajectories(**trajectories)
        return solve | {"training": PlanTraining(**training)}
    except DataError as error:
        raise DataError(f"{path}: solve: {error}") from error


def _problem(path: Path, tables: dict[str, Any]) -> Problem:
    if "task" in tables:
        if len(tables) > 1:
            rest = sorted(tables.keys() - {"task"})
            raise DataError(
                f"{path}: expected a task or a problem of your own; got task and {rest}."
            )
        return _build(path, "task", lambda: task(str(tables["task"])))
    if "start" not in tables:
        raise DataError(f"{path}: start: expected a table of this name; got none.")
    options: dict[str, Any] = {"costs": _costs(path, tables)}
    for name in _NUMBERS:
        if name in tables:
            options[name] = _number(path, name, tables[name])
    if "columns" in tables:
        options["columns"] = tables["columns"]
    if "terminal" in tables:
        terminal = _table(path, "terminal", tables["terminal"], ("centre", "scale", "weight"))
        potential = _build(path, "terminal", lambda: Potential(**terminal))
        options["terminal"] = lambda x: potential(jnp.zeros(()), x)
    if "reference" in tables:
        drift = np.asarray(_number_list(path, "reference", tables["reference"]))
        options["reference"] = lambda t, x: jnp.asarray(drift, x.dtype)
    boundaries = {
        name: _boundary(path, name, tables[name], tables.get("columns"))
        for name in ("start", "goal")
        if name in tables
    }
    return _build(path, None, lambda: Problem(**boundaries, **options))


def _boundary(path: Path, name: str, value: Any, columns: Any) -> AbstractBoundary:
    table = _table(path, name, value, ("means", "deviations", "weights", "file"))
    if "file" not in table:
        missing = {"means", "deviations"} - table.keys()
        if missing:
            raise DataError(
                f"{path}: {name}: expected {sorted(missing)}, or a file; got {sorted(table)}."
            )
        return _build(path, name, lambda: GaussianMixture(**table))
    if len(table) > 1 or not columns:
        raise DataError(
            f"{path}: {name}.file: expected it alone, and columns at the top of the file."
        )
    source = path.parent / str(table["file"])
    return _build(path, name, lambda: EmpiricalSample(read_points(source, columns=columns)))


def _costs(path: Path, tables: dict[str, Any]) -> list[Cost]:
    costs = []
    for name, make in _COSTS.items():
        found = tables.get(name, [])
        for table in found if isinstance(found, list) else [found]:
            names = tuple(inspect.signature(make).parameters)
            arguments = _table(path, name, table, names)
            for key in {"weight", "margin", "softness", "pull"} & arguments.keys():
                arguments[key] = _number(path, f"{name}.{key}", arguments[key])
            costs.append(_build(path, name, lambda make=make, a=arguments: make(**a)))
    return costs


def _check_keys(path: Path, where: str, table: dict[str, Any], names: tuple[str, ...]) -> None:
    unknown = [key for key in table if key not in names]
    if unknown:
        raise DataError(
            f"{path}: {where}: unknown key {unknown[0]!r}; expected {', '.join(names)}."
        )


def _table(path: Path, where: str, value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{path}: {where}: expected a table of {', '.join(names)}; got {value!r}.")
    _check_keys(path, where, value, names)
    return dict(value)


def _number(path: Path, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{path}: {key}: expected a number; got {value!r}.")
    return float(value)


def _number_list(path: Path, key: str, value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [_number(path, key, item) for item in values]


def _build(path: Path, key: str | None, make: Callable[[], Any]) -> Any:
    """Call `make`, and name the file and the key in the message of an error."""
    where = f"{path}: {key}: " if key else f"{path}: "
    try:
        return make()
    except DataError as error:
        raise DataError(f"{where}{error}") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}expected other values; {error}.") from error
