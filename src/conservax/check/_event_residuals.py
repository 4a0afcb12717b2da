"""Point processes against data: rescaled times, counts and locations of events.

By the time-rescaling theorem [brown2002] the events of a window become, after the time warp of their own
integrated hazard, a Poisson process of rate 1, whatever the process was.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from conservax.check._calibration import LEVEL, SLACK, ranks_result
from conservax.check._result import CheckResult

MEAN_SLACK, SPREAD_SLACK = 0.03, 0.15  # relative: what a fitted model is forgiven
RESAMPLED = 4000  # sets of windows, for the limits of counts


def pooled_residuals(
    hazards: Sequence[Float[np.ndarray, " before"]],
) -> Float[np.ndarray, " events"]:
    """Inter-event times of all windows, rescaled by their own hazard: exponential with rate 1.

    **Arguments:**

    - `hazards`: of every window, the hazard integrated from event to event, and last from the
      last event to the end of the window, where the time is censored.

    What is censored is added to the first one of the next window: a Poisson process of rate 1 has no
    memory, so windows laid end to end are one. Only the end of the last window is left out.
    """
    residuals: list[float] = []
    over = 0.0
    for window in hazards:
        *whole, end = window
        if whole:
            whole[0] += over
            residuals.extend(whole)
            over = 0.0
        over += end
    return np.asarray(residuals, float)


def rescaled_ranks(hazards: Sequence[Float[np.ndarray, " before"]]) -> Float[np.ndarray, " events"]:
    """Residuals by their own distribution function: uniform where the model is right."""
    return -np.expm1(-pooled_residuals(hazards))


def check_rescaled_times(hazards: Sequence[Float[np.ndarray, " before"]]) -> CheckResult:
    """Kolmogorov's distance of rescaled inter-event times from the exponential distribution.

    The limit is what exact ones exceed once in a thousand records, plus 0.05.
    """
    from scipy import stats

    ranks = rescaled_ranks(hazards)
    value = float(stats.kstest(ranks, "uniform").statistic)
    limit = float(stats.kstwo.isf(LEVEL, len(ranks))) + SLACK
    detail = (
        f"Kolmogorov distance of {len(ranks)} held-out inter-event times, rescaled by their "
        "own hazard, from the exponential distribution of rate 1"
    )
    return CheckResult("rescaled times", value, limit, value <= limit, detail)


def check_locations(ranks: Float[np.ndarray, "events dim"]) -> CheckResult:
    """Calibration of held-out locations, ranked given the hidden state before each: uniform if right."""
    return ranks_result(ranks, "locations", "held-out locations given the events before")


def check_event_samples(
    hazards: Sequence[Float[np.ndarray, " before"]], ranks: Float[np.ndarray, "events dim"]
) -> CheckResult:
    """Check of simulated windows under their own law: smallest p-value over times and coordinates."""
    from scipy import stats

    columns = [rescaled_ranks(hazards), *ranks.T]
    p_values = [stats.kstest(u, "uniform").pvalue for u in columns]
    value = float(min(1.0, np.min(p_values) * len(columns)))
    detail = (
        f"p-value of {len(ranks)} simulated events under the hazard and the conditional CDFs, to "
        f"stay above the limit: the smallest of {len(columns)}, times {len(columns)}"
    )
    return CheckResult("samples", value, LEVEL, value > LEVEL, detail)


def check_counts(
    observed: Int[np.ndarray, " windows"], simulated: Int[np.ndarray, " draws"], *, seed: int = 0
) -> list[CheckResult]:
    """Events per window: mean and standard deviation, observed against simulated.

    The limits are what as many simulated windows as were observed exceed once in a thousand, plus
    3 % of the mean and 15 % of the standard deviation. One window has no standard deviation.
    """
    rng = np.random.default_rng(seed)
    simulated = np.asarray(simulated, float)
    sets = rng.choice(simulated, (RESAMPLED, len(observed)))
    shown = f"observed {_summary(observed)}; simulated {_summary(simulated)}"
    statistics: list[tuple[str, Callable[..., Any], float]] = [("count mean", np.mean, MEAN_SLACK)]
    if len(observed) > 1:
        statistics.append(("count spread", _spread, SPREAD_SLACK))
    results = []
    for name, statistic, slack in statistics:
        # Where the value is zero, differences are counted in events.
        whole = float(statistic(simulated)) or 1.0
        value = abs(float(statistic(observed)) - float(statistic(simulated))) / whole
        chance = np.abs(statistic(sets, axis=1) - float(statistic(simulated))) / whole
        limit = float(np.quantile(chance, 1 - LEVEL)) + slack
        detail = f"relative difference over {len(observed)} windows: {shown}"
        results.append(CheckResult(name, value, limit, value <= limit, detail))
    return results


def dispersion(counts: Int[np.ndarray, " windows"]) -> float:
    """Variance of counts over their mean: 1 for a Poisson process, more where events cluster."""
    return float(_spread(counts) ** 2 / np.mean(counts)) if np.any(counts) else float("nan")


def _spread(counts: np.ndarray, axis: int | None = None) -> np.ndarray:
    return np.std(counts, axis=axis, ddof=1)


def _summary(counts: np.ndarray) -> str:
    if len(counts) < 2:
        return f"mean {np.mean(counts):.3g}"
    spread = float(_spread(counts))
    return f"mean {np.mean(counts):.3g}, sd {spread:.3g}, dispersion {dispersion(counts):.2f}"
