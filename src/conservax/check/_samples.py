"""Check of the sampler: samples against the law's own conditional CDFs."""

import numpy as np

from conservax.check._calibration import LEVEL, calibration
from conservax.check._draws import LawPoints
from conservax.check._result import CheckResult
from conservax.law import ConservationLaw


def check_samples(law: ConservationLaw, rows: LawPoints) -> CheckResult:
    """Smallest p-value of Kolmogorov and Smirnov over the coordinates, times their number.

    `rows` are samples of the law. A sampler that is right fails once in a thousand keys.
    """
    from scipy import stats

    p_values = [stats.kstest(u, "uniform").pvalue for u in calibration(law, *rows).T]
    value = float(min(1.0, np.min(p_values) * law.dim))
    detail = (
        f"p-value of {rows[1].shape[0]} samples under the conditional CDFs, to stay above the "
        f"limit; worst in coordinate {int(np.argmin(p_values))}, times {law.dim}"
    )
    return CheckResult("samples", value, LEVEL, value > LEVEL, detail)
