"""A verdict and its values, as printed, agree."""

import math

import pytest

from conservax.check import CheckReport, CheckResult, digits_apart


@pytest.mark.parametrize(
    ("value", "limit"),
    [(0.18, 0.162), (0.162, 0.18), (1.00004e-4, 1e-4), (0.1, 0.1), (0.0, 0.0), (2e-7, 1e-4)],
)
def test_values_as_printed_agree_with_the_verdict(value, limit):
    report = CheckReport((CheckResult("calibration", value, limit, value <= limit, "of ranks"),))
    verdict, _, shown, printed_limit, *_ = str(report).splitlines()[1].split()
    assert (verdict == "PASS") == (float(shown) <= float(printed_limit)) == (value <= limit)
    assert (float(shown) == float(printed_limit)) == (value == limit)


def test_values_far_apart_stay_short_and_no_number_ends_it():
    assert digits_apart(0.5, 0.1) == digits_apart(math.nan, 0.1) == digits_apart(0.1, 0.1) == 3
    assert digits_apart(1.0, 1.0 + 2e-16) == 17
