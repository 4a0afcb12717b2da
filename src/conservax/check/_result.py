"""Result of a check: a value, its limit and a verdict."""

import math
from dataclasses import asdict, dataclass
from typing import Any


def digits_apart(value: float, limit: float, fewest: int = 3) -> int:
    """Significant digits at which two values, rounded, compare as they do unrounded."""
    order = (value > limit) - (value < limit)
    for digits in range(fewest, 17):
        a, b = (float(f"{number:.{digits}g}") for number in (value, limit))
        if (a > b) - (a < b) == order:
            return digits
    return 17


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    **Arguments:**

    - `name`: what was checked.
    - `value`: the measured value.
    - `limit`: what it is compared with.
    - `passed`: the verdict.
    - `detail`: what the value is, and what else was measured, in a sentence.
    """

    name: str
    value: float
    limit: float
    passed: bool
    detail: str


@dataclass(frozen=True)
class CheckReport:
    """All checks of one law; `str` gives a table.

    **Arguments:**

    - `results`: of the checks, in order.
    - `notes`: sentences on checks that this law does not allow.
    """

    results: tuple[CheckResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)

    def to_rows(self) -> list[dict[str, str | float | bool]]:
        """One dict per check, with the fields of `CheckResult`."""
        return [asdict(result) for result in self.results]

    def to_json(self) -> dict[str, Any]:
        """`{"passed": ..., "results": [...], "notes": [...]}`, plain; a value that is not finite becomes None."""
        rows = [
            {
                k: None if isinstance(v, float) and not math.isfinite(v) else v
                for k, v in row.items()
            }
            for row in self.to_rows()
        ]
        return {"passed": self.passed, "results": rows, "notes": list(self.notes)}

    def __str__(self) -> str:
        head = ("", "check", "value", "limit", "")
        rows = []
        for r in self.results:
            after = digits_apart(r.value, r.limit) - 1
            numbers = f"{r.value:.{after}e}", f"{r.limit:.{after}e}"
            rows.append(("PASS" if r.passed else "FAIL", r.name, *numbers, r.detail))
        widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
        lines = [
            "  ".join(
                [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]
            )
            for row in (head, *rows)
        ]
        verdict = "all checks passed" if self.passed else "some checks FAILED"
        return "\n".join([*(line.rstrip() for line in lines), *self.notes, verdict])
