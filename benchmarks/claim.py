"""What a benchmark is: options that it takes, and figures and claims that it comes to."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A figure that must stay at or below its limit, or at or above it where `at_least` is set.

    A claim is made for the full form; one that is `also_quick` holds for the quick form as well.
    """

    name: str
    value: float
    limit: float
    at_least: bool = False
    also_quick: bool = False

    @property
    def passed(self) -> bool:
        """Whether it does; a figure that is no number does not."""
        return bool(self.value >= self.limit if self.at_least else self.value <= self.limit)


@dataclass(frozen=True)
class Findings:
    """What a benchmark comes to.

    **Attributes:**

    - `rows`: figures by name, a line each; a line may lack some.
    - `claims`: what they are held to.
    - `more`: what else there is to know, by name: text, figures, or another table of lines.
    - `shown`: what a terminal shows instead of `rows` and `more`, as rich renders it.
    """

    rows: Sequence[Mapping[str, Any]]
    claims: Sequence[Claim] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    shown: Any = None


@dataclass(frozen=True)
class Option:
    """An option of one benchmark, of the type of its default.

    **Attributes:**

    - `default`, `quick`: the value where none is given, and that with `--quick` if it is another.
      A default of False makes a switch, and a tuple an option of several names.
    - `help`: what it is.
    - `among`: the names that are known; a mapping says of each what it is, in the help.
    - `least`: the smallest number.
    """

    default: Any
    help: str
    quick: Any = None
    among: Collection[str] | Mapping[str, str] = ()
    least: int = 0


SEEDS = Option(1, "repeats, each from a seed of its own", least=1)
FORCE = Option(False, "replace what is at --out")


@dataclass(frozen=True)
class Benchmark:
    """A function from `quick` and its options to findings."""

    measure: Callable[..., Findings]
    options: Mapping[str, Option]

    def __call__(self, *, quick: bool, **given: Any) -> Findings:
        """Measure; options that are not given have their defaults."""
        unknown = given.keys() - self.options.keys()
        if unknown:
            raise TypeError(f"expected options {', '.join(self.options)}; got {sorted(unknown)}.")
        values = {
            name: option.quick if quick and option.quick is not None else option.default
            for name, option in self.options.items()
        }
        return self.measure(quick=quick, **values | given)


def benchmark(**options: Option) -> Callable[[Callable[..., Findings]], Benchmark]:
    """Make a benchmark of a function `run(*, quick, ...)`, which takes these options by name.

    All have `--quick` and `--json` besides.
    """
    return lambda measure: Benchmark(measure, options)


def out_option(name: str, help: str = "folder for figures and pictures") -> Option:
    """Where a benchmark writes, by default in the folder that one is in."""
    return Option(Path(name), help)


def log(text: str) -> None:
    """Tell of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)
