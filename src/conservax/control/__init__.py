"""Optimal control of a population: from a start to a goal at the least cost, past obstacles."""

from conservax.control._boundaries import (
    AbstractBoundary,
    DensityAt,
    EmpiricalSample,
    GaussianMixture,
)
from conservax.control._collision_check import ObstacleWarning as ObstacleWarning
from conservax.control._collision_check import RepeatWarning as RepeatWarning
from conservax.control._collision_check import advice as advice
from conservax.control._collision_check import percent as percent
from conservax.control._costs import Congestion, Entropy, Flocking, Potential
from conservax.control._costs import Workspace as Workspace
from conservax.control._objectives import Scale as Scale
from conservax.control._obstacles import AbstractObstacles, Boxes, Circles, Ellipses, Polygons
from conservax.control._paths import Paths, collisions, homotopy_classes
from conservax.control._paths import homotopy_classes_used as homotopy_classes_used
from conservax.control._picture import draw_paths as draw_paths
from conservax.control._plan import Plan, PlanScores, plan
from conservax.control._problem import Problem
from conservax.control._settings import FourierTrajectories, PlanTraining
from conservax.control._task_file import read_task as read_task
from conservax.control._tasks import TASKS as TASKS
from conservax.control._tasks import task
from conservax.control._worlds import circles_world as circles_world

__all__ = [
    "AbstractBoundary",
    "AbstractObstacles",
    "Boxes",
    "Circles",
    "Congestion",
    "DensityAt",
    "Ellipses",
    "EmpiricalSample",
    "Entropy",
    "Flocking",
    "FourierTrajectories",
    "GaussianMixture",
    "Paths",
    "Plan",
    "PlanScores",
    "PlanTraining",
    "Polygons",
    "Potential",
    "Problem",
    "collisions",
    "homotopy_classes",
    "plan",
    "task",
]
