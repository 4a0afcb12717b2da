"""The drift of a reference process."""

import abc

import equinox as eqx

from conservax._types import Point, Time, Vector


class AbstractReference(eqx.Module):
    """Drift v(t, x) of the process that a population is taken to follow as closely as it can.

    Among all dynamics with the observed marginals, the one closest to dX = v dt + g dW is the
    (multi-marginal) Schroedinger bridge with this reference. Array leaves are parameters, learned
    along with the law: then the population is explained by the closest member of the family.

    A new family is one class with a `__call__`, in the units of the data; `conservax.fit` converts.
    """

    @abc.abstractmethod
    def __call__(self, t: Time, x: Point) -> Vector:
        """Drift at time t and position x, shape `(dim,)`, units of x per unit of t."""
