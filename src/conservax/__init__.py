"""conservax: learn how a population moves, with probability conserved exactly."""

from importlib.metadata import version

__version__ = version("conservax")
