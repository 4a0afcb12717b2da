"""conservax: learn how a population moves, with probability conserved exactly."""

from importlib.metadata import version

import lazy_loader

from conservax import _compiler as _compiler  # first: it must come before any compilation

_names = lazy_loader.attach_stub(__name__, __file__)
__getattr__, __all__ = _names[0], _names[2]
__version__ = version("conservax")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
