"""Benchmarks: their options, and the metrics and claims that they measure."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A metric that must stay at or below its limit, or at or above it where `at_least` is set.

    A claim is made for the full form; one that is `also_quick` holds for the quick form as well.
    """

    name: str
    value: float
    limit: float
    at_least: bool = False
    also_quick: bool = False

    @property
    def passed(self) -> bool:
        """Whether the limit is met; NaN does not meet it."""
        return bool(self.value >= self.limit if self.at_least else self.value <= self.limit)


@dataclass(frozen=True)
class Findings:
    """Results of a benchmark.

    **Attributes:**

    - `rows`: metrics by name, one row each; a row may lack some.
    - `claims`: limits that they are compared with.
    - `more`: other results, by name: text, metrics, or another table of rows.
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

    - `default`, `quick`: the value by default, and that with `--quick` if it is another.
      A default of False makes a switch, and a tuple an option of several names.
    - `help`: its description.
    - `among`: the names that are known; a mapping describes each, in the help.
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

    def __call__(self, *, quick: bool, **chosen: Any) -> Findings:
        """Measure; other options have their defaults."""
        unknown = chosen.keys() - self.options.keys()
        if unknown:
            raise TypeError(f"expected options {', '.join(self.options)}; got {sorted(unknown)}.")
        values = {
            name: option.quick if quick and option.quick is not None else option.default
            for name, option in self.options.items()
        }
        return self.measure(quick=quick, **values | chosen)


def benchmark(**options: Option) -> Callable[[Callable[..., Findings]], Benchmark]:
    """Make a benchmark of a function `run(*, quick, ...)`, which takes these options by name.

    All have `--quick` and `--json` besides.
    """
    return lambda measure: Benchmark(measure, options)


def out_option(name: str, help: str = "folder for tables and pictures") -> Option:
    """Option for where a benchmark writes, by default in the current folder."""
    return Option(Path(name), help)


def log(text: str) -> None:
    """Log progress on standard error."""
    print(text, file=sys.stderr, flush=True)
