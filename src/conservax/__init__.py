"""conservax: learn how a population moves, with probability conserved exactly."""

from importlib.metadata import version

import lazy_loader

from conservax import _compiler as _compiler  # first: it must come before any compilation

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("conservax")
