"""Interface of objectives: losses estimated from rows of data and draws from the law."""

import abc
from typing import TYPE_CHECKING, Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float

from conservax._types import PRNGKey, Scalar
from conservax.reference import WithReference

if TYPE_CHECKING:
    from typing import ClassVar as AbstractClassVar
else:
    from equinox import AbstractClassVar


class Rows(NamedTuple):
    """Observed points: times in [0, 1], standardised positions, and maybe conditions.

    `weight` is the weight of each row, 1 on average over all rows; None for equal weights.
    `spread` is the unit of the input noise on x in training, None for 1: see `train`.
    `growth` is the prior growth rate of each, per unit of law time; see `GrowthPrior`.
    `pair` holds as many pairs of coupled cells of neighbouring snapshots as there are rows, whichever
    the rows: time and position of the earlier and of the later one; see `CoupledMatching`.
    """

    t: Float[Array, " rows"]
    x: Float[Array, "rows dim"]
    condition: Float[Array, "rows condition_dim"] | None = None
    weight: Float[Array, " rows"] | None = None
    growth: Float[Array, " rows"] | None = None
    spread: Float[Array, "rows dim"] | None = None
    pair: Float[Array, "rows 2 1+dim"] | None = None


class AbstractObjective(eqx.Module):
    """One term of the loss. Terms add up with weights: `NegativeLogLikelihood() + 0.1 * Mine()`.

    A new term is one class with a `name` and a `__call__`. It is called with what `train`
    gets: a `ConservationLaw` and `Rows`, or laws and rows of another kind. Of a law that is
    trained with a reference it sees the law, unless it is an `AbstractReferenceObjective`.
    """

    name: AbstractClassVar[str]

    @abc.abstractmethod
    def __call__(self, key: PRNGKey, law: Any, rows: Any) -> Scalar:
        """The mean over a batch of rows (or over draws from the law), shape `()`."""

    def __mul__(self, weight: float) -> "Sum":
        return Sum(((float(weight), self),))

    __rmul__ = __mul__

    def __add__(self, other: "AbstractObjective | Sum") -> "Sum":
        return as_sum(self) + other


class AbstractReferenceObjective(AbstractObjective):
    """A term that depends on the reference, too: it is called with a `WithReference` if there is one."""


class Sum(eqx.Module):
    """A weighted sum of objectives; every term gets a random key of its own."""

    terms: tuple[tuple[float | Scalar, AbstractObjective], ...]

    def __check_init__(self):
        names = [term.name for _, term in self.terms]
        if len(set(names)) != len(names):
            raise ValueError(f"expected every objective once; got {names}. Add up their weights.")

    def parts(self, key: PRNGKey, law: Any, rows: Any) -> dict[str, Scalar]:
        """The value of every term before weighing, by name."""
        single = len(self.terms) == 1  # which needs no key but this one
        keys = [key] if single else jax.random.split(key, len(self.terms))
        return {
            term.name: term(k, _seen(law, term), rows)
            for k, (_, term) in zip(keys, self.terms, strict=True)
        }

    def total(self, parts: dict[str, Scalar]) -> Scalar:
        """The weighted sum of `parts`."""
        weighted = [weight * parts[term.name] for weight, term in self.terms]
        return sum(weighted[1:], start=weighted[0])

    def __mul__(self, weight: float) -> "Sum":
        return Sum(tuple((weight * w, term) for w, term in self.terms))

    __rmul__ = __mul__

    def __add__(self, other: "AbstractObjective | Sum") -> "Sum":
        return Sum(self.terms + as_sum(other).terms)


def _seen(trained: Any, term: AbstractObjective) -> Any:
    """The argument of a term: the law alone, unless the term compares it with a reference."""
    compares = isinstance(term, AbstractReferenceObjective)
    return trained.law if isinstance(trained, WithReference) and not compares else trained


def as_sum(objective: AbstractObjective | Sum) -> Sum:
    """The objective as a sum, of one term if it is single."""
    return objective if isinstance(objective, Sum) else Sum(((1.0, objective),))
