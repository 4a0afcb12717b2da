"""A check that a flux is made for a density, before anything is computed."""

from typing import Any

from conservax.density import AbstractDensity
from conservax.flux._base import AbstractFlux, require
from conservax.flux._mixture import MixtureFlux
from conservax.flux._push_forward import PushForwardFlux


def check_pair(density: AbstractDensity, flux: AbstractFlux) -> None:
    """Raise `TypeError` if the flux, or that of components or of a base, is made for other densities."""
    held: Any = require(density, flux.needs, flux)
    if isinstance(flux, MixtureFlux):
        check_pair(held.components, flux.component_flux)
    if isinstance(flux, PushForwardFlux):
        check_pair(held.base, flux.base_flux)
