"""Transport of particles through time, by closed flow map, ODE or SDE."""

from conservax.transport._growth import transport_with_growth
from conservax.transport._ode import solve_ode
from conservax.transport._sde import solve_sde
from conservax.transport._transport import transport

__all__ = [
    "solve_ode",
    "solve_sde",
    "transport",
    "transport_with_growth",
]
