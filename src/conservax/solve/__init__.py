"""Problems that training solves by itself: the Hodge decomposition of a vector field."""

from conservax.solve._hodge import HodgeParts, hodge_decomposition

__all__ = [
    "HodgeParts",
    "hodge_decomposition",
]
