"""Conservation laws: a density, its flux and a diffusion."""

from conservax.law._conservation_law import ConservationLaw

__all__ = [
    "ConservationLaw",
]

# Classes that a file of a model may name.
IN_FILES = (ConservationLaw,)
