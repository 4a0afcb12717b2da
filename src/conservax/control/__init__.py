"""Steering: bring a population from a start to a goal at the least cost."""

from conservax.control._costs import Congestion as Congestion
from conservax.control._costs import Entropy as Entropy
from conservax.control._costs import Flocking as Flocking
from conservax.control._costs import Potential as Potential
from conservax.control._costs import Workspace as Workspace
from conservax.control._ends import AbstractEnd as AbstractEnd
from conservax.control._ends import Drawn as Drawn
from conservax.control._ends import Normals as Normals
from conservax.control._ends import Samples as Samples
from conservax.control._obstacles import AbstractObstacles as AbstractObstacles
from conservax.control._obstacles import Boxes as Boxes
from conservax.control._obstacles import Circles as Circles
from conservax.control._obstacles import Ellipses as Ellipses
from conservax.control._obstacles import Polygons as Polygons
from conservax.control._paths import Paths as Paths
from conservax.control._paths import hits as hits
from conservax.control._paths import ways as ways
from conservax.control._paths import ways_used as ways_used
from conservax.control._plan import Plan as Plan
from conservax.control._plan import PlanScores as PlanScores
from conservax.control._plan import plan as plan
from conservax.control._problem import Problem as Problem
from conservax.control._tasks import TASKS as TASKS
from conservax.control._tasks import task as task
from conservax.control._worlds import circles_world as circles_world
from conservax.control._worlds import mixed_world as mixed_world
