"""Euler equations of variable density on the torus by Fourier series: a second truth beside the finite elements."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from numpy.fft import fft2, fftfreq, ifft2
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import LinearOperator, cg

RELATIVE = 1e-7  # tolerance of the steps in time; that of the pressure is a thousandth of it


class _OnGrid(LinearOperator):
    """A linear function of values on a square grid, for solvers of long vectors."""

    def __init__(self, side: int, function: Callable[[np.ndarray], np.ndarray]):
        super().__init__(float, (side**2, side**2))
        self._side, self._function = side, function

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        return self._function(x.reshape(self._side, self._side)).ravel()


def spectral_euler(
    start: Callable[[Float[np.ndarray, "nodes 2"]], Float[np.ndarray, "nodes 3"]],
    side: int,
    times: Sequence[float],
) -> Float[np.ndarray, "times nodes 3"]:
    """(rho, u) at the nodes of an even grid on the unit torus, rows of equal y one after the other.

    rho_t + u . grad rho = 0 and u_t + u . grad u + grad p / rho = 0, where p keeps div u at zero. Products
    are cut off at two thirds of the waves. Right where the solution is smooth on the grid; times > 0 rise.
    """
    waves = 2 * np.pi * fftfreq(side, 1 / side)
    across, up = np.meshgrid(waves, waves)
    kept = np.maximum(np.abs(across), np.abs(up)) < 2 * np.pi * side / 3
    square = np.where(across**2 + up**2 > 0, across**2 + up**2, np.inf)

    def gradient(values):
        turned = 1j * fft2(values)
        return ifft2(np.stack([across * turned, up * turned])).real

    def divergence(pair):
        return ifft2(1j * (across * fft2(pair[0]) + up * fft2(pair[1]))).real

    def smooth(values):
        return ifft2(fft2(values) / square).real

    def force_of_pressure(rho, force):
        """- grad p / rho, which takes the divergence from the force."""
        p, code = cg(
            _OnGrid(side, lambda p: -divergence(gradient(p) / rho)),
            -divergence(force).ravel(),
            rtol=1e-3 * RELATIVE,
            M=_OnGrid(side, smooth),
        )
        if code:
            raise RuntimeError(f"the pressure was not found in {code} iterations.")
        return -gradient(p.reshape(side, side)) / rho

    def rate(_, flat):
        rho, *u = flat.reshape(3, side, side)
        moved = [u[0] * slope[0] + u[1] * slope[1] for slope in map(gradient, (rho, *u))]
        gained = -ifft2(kept * fft2(np.stack(moved))).real
        gained[1:] += force_of_pressure(rho, gained[1:])
        return gained.ravel()

    axis = np.arange(side) / side
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    begun = np.asarray(start(nodes), float).T.ravel()
    path = solve_ivp(
        rate,
        (0, times[-1]),
        begun,
        t_eval=times,
        method="RK45",
        rtol=RELATIVE,
        atol=RELATIVE,
    )
    if not path.success:
        raise RuntimeError(f"the series could not be followed: {path.message}")
    return path.y.T.reshape(len(times), 3, -1).swapaxes(1, 2)
