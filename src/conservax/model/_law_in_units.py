"""A law seen in the units of a table: rows in, rows out, NumPy arrays."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Float
from numpy.typing import ArrayLike

from conservax.data import DataError, Units
from conservax.law import ConservationLaw
from conservax.model._rows import over_rows
from conservax.transport import transport, transport_with_growth


class ExtrapolationWarning(UserWarning):
    """A time outside the range that the model was fitted on."""


class AbstractLawInUnits:
    """What a law knows, for rows in the units of the data.

    **Attributes:**

    - `law`: the `ConservationLaw`, over times [0, 1] and standardised positions.
    - `units`: names, time axis, mean and standard deviation of every coordinate.
    - `fitted`: the first and the last time that it was fitted on, as `units.time` counts.
    """

    law: ConservationLaw
    units: Units
    fitted: tuple[float, float]

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.units.dim

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return self.units.columns

    def log_prob(self, t: Any, x: ArrayLike) -> Float[np.ndarray, " rows"]:
        """log density, nats, per product of the units of the columns."""
        log_prob = over_rows(Partial(ConservationLaw.log_prob, self.law), *self._inside(t, x))
        return log_prob.astype(np.float64) - self.units.log_volume

    def sample(self, t: Any, n: int | None = None, *, seed: int = 0) -> Float[np.ndarray, "n dim"]:
        """`n` exact draws at one time, or one draw at each of many times."""
        if n is not None and (not isinstance(n, int | np.integer) or n < 0):
            raise DataError(f"expected a whole number n >= 0; got {n!r}.")
        t = self._times(t, n)
        draw = Partial(_sample, self.law, jax.random.key(seed))
        return self.units.restore(over_rows(draw, np.arange(len(t)), t))

    def velocity(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Velocity of the population, in units of the columns per unit of time.

        The unit of time is that of the table, and a day for timestamps.
        """
        velocity = over_rows(Partial(ConservationLaw.velocity, self.law), *self._inside(t, x))
        return velocity * np.array(self.units.std) / self.units.time.scale

    def drift(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Drift of the stochastic process with the law's diffusion, in the units of `velocity`."""
        drift = over_rows(Partial(ConservationLaw.drift, self.law), *self._inside(t, x))
        return drift * np.array(self.units.std) / self.units.time.scale

    def score(self, t: Any, x: ArrayLike) -> Float[np.ndarray, "rows dim"]:
        """Gradient of the log density, per unit of the columns."""
        score = over_rows(Partial(ConservationLaw.score, self.law), *self._inside(t, x))
        return score / np.array(self.units.std)

    def growth(self, t: Any, x: ArrayLike) -> Float[np.ndarray, " rows"]:
        """Births less deaths, per individual and unit of time; 0 for a model without growth."""
        growth = over_rows(Partial(ConservationLaw.growth, self.law), *self._inside(t, x))
        return growth / self.units.time.scale

    def mass(self, t: Any) -> Float[np.ndarray, " times"]:
        """Size of the population over its size at the first time; 1 for a model without growth."""
        log_mass = over_rows(Partial(ConservationLaw.log_mass, self.law), self._times(t, None))
        return np.exp(log_mass)

    def transport(
        self, x: ArrayLike, t0: Any, t1: Any, *, diffusion: float = 0.0, seed: int = 0
    ) -> Float[np.ndarray, "rows dim"]:
        """Where the points x of time t0 are at time t1, forward or backward.

        Without diffusion by the closed flow map where the law has one, else by the ODE. With
        diffusion by the SDE that has the same marginals; `diffusion` is in standard deviations of
        the data per square root of the fitted time range.
        """
        t0, x = self._inside(t0, x)
        times = np.stack([t0, self._times(t1, len(x))], axis=1)
        move = Partial(_transport, self.law, diffusion, jax.random.key(seed))
        return self.units.restore(over_rows(move, np.arange(len(x)), times, x))

    def transport_with_growth(
        self, x: ArrayLike, t0: Any, t1: Any, *, diffusion: float = 0.0, seed: int = 0
    ) -> tuple[Float[np.ndarray, "rows dim"], Float[np.ndarray, " rows"]]:
        """`transport`, and how many each individual of time t0 is at time t1, on average.

        Its descendants, by the growth along its path; or at an earlier time t1 the part of an
        ancestor that it stands for. The mean over the population of t0 is mass(t1) / mass(t0);
        1 for a model without growth.
        """
        t0, x = self._inside(t0, x)
        times = np.stack([t0, self._times(t1, len(x))], axis=1)
        move = Partial(_transport_with_growth, self.law, diffusion, jax.random.key(seed))
        dim = x.shape[1]
        found = over_rows(move, np.arange(len(x)), times, x)
        return self.units.restore(found[:, :dim]), np.exp(found[:, dim].astype(np.float64))

    def _cast(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(values, jax.tree.leaves(self.law)[0].dtype)

    def _inside(self, t: Any, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Times and points in law units, a row each."""
        x = self._cast(np.atleast_2d(self.units.standardise(x)))
        return self._times(t, len(x), caller=4), x

    def _times(self, t: Any, count: int | None, caller: int = 3) -> np.ndarray:
        axis = self.units.time
        t = axis.parse(t)
        if t.ndim == 0:
            t = np.full(1 if count is None else count, float(t))
        if t.ndim != 1 or (count is not None and len(t) != count):
            raise DataError(f"expected one time, or {count} times, one a row; got shape {t.shape}.")
        first, last = self.fitted
        beyond = t[(t < first) | (t > last)]
        if len(beyond):
            warnings.warn(
                f"extrapolation: {axis.name} = {axis.format(beyond[0])} is outside the fitted "
                f"range from {axis.format(first)} to {axis.format(last)}.",
                ExtrapolationWarning,
                stacklevel=caller,
            )
        return self._cast(axis.to_unit(t))


def _sample(law, key, row, t):
    return law.sample(jax.random.fold_in(key, row), t)


def _transport(law, diffusion, key, row, times, x):
    own = jax.random.fold_in(key, row)
    return transport(law, x, times, key=own, diffusion=diffusion)[-1]


def _transport_with_growth(law, diffusion, key, row, times, x):
    own = jax.random.fold_in(key, row)
    end, log_number = transport_with_growth(law, x, *times, key=own, diffusion=diffusion)
    return jnp.append(end, log_number)
