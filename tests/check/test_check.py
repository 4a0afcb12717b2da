import json

import jax
import numpy as np
import pytest

from conservax.check import CheckReport, CheckResult, check
from conservax.check._draws import draw_rows, random_times
from conservax.flux import KnotheRosenblatt, NaiveFlux
from conservax.law import ConservationLaw

KEY = jax.random.key(0)


def test_a_law_passes_with_its_own_samples_held_out(gaussian):
    law = ConservationLaw(gaussian, KnotheRosenblatt(), diffusion=0.5)
    t, x, _ = draw_rows(law, jax.random.key(7), random_times(jax.random.key(8), 300, law), None)
    report = check(law, key=KEY, t=np.asarray(t), x=np.asarray(x))
    assert report.passed
    assert [result.name for result in report.results] == [
        "continuity equation",
        "Fokker-Planck equation",
        "mass",
        "spurious flux",
        "finite far out",
        "samples",
        "calibration",
    ]


def test_a_spurious_flux_fails_alone(gaussian):
    report = check(ConservationLaw(gaussian, NaiveFlux()), key=KEY, points=200)
    assert not report.passed
    failed = {result.name for result in report.results if not result.passed}
    assert failed == {"spurious flux", "finite far out"}


@pytest.mark.slow
def test_conditions_are_probed(shaken):
    law = ConservationLaw(shaken(2, condition_dim=1), KnotheRosenblatt())
    assert check(law, key=KEY, condition=np.array([[0.0], [1.5]]), points=200).passed


def test_what_does_not_fit_is_refused(gaussian, shaken):
    law = ConservationLaw(gaussian, KnotheRosenblatt())
    with pytest.raises(ValueError, match="expected t and x together"):
        check(law, key=KEY, t=np.zeros(3))
    with pytest.raises(ValueError, match=r"expected t \(rows,\) and x \(rows, 2\)"):
        check(law, key=KEY, t=np.zeros(3), x=np.zeros((3, 1)))
    with pytest.raises(ValueError, match="expected points >= 100; got 3"):
        check(law, key=KEY, points=3)
    with pytest.raises(ValueError, match="expected no condition"):
        check(law, key=KEY, condition=np.zeros((3, 1)))
    law = ConservationLaw(shaken(2, condition_dim=1), KnotheRosenblatt())
    with pytest.raises(ValueError, match=r"expected conditions of shape \(rows, 1\); got None"):
        check(law, key=KEY)
    with pytest.raises(ValueError, match=r"expected conditions of shape \(rows, 1\); got \(3, 2\)"):
        check(law, key=KEY, condition=np.zeros((3, 2)))
    with pytest.raises(ValueError, match="expected a condition for each of 4 rows; got 3"):
        check(law, key=KEY, t=np.zeros(4), x=np.zeros((4, 2)), condition=np.zeros((3, 1)))


RESULTS = (
    CheckResult("mass", 1.5e-9, 1e-6, True, "as it should be"),
    CheckResult("samples", float("nan"), 1e-3, False, "not a number"),
)


def test_a_report_passes_if_all_results_do():
    assert CheckReport(RESULTS[:1]).passed
    assert not CheckReport(RESULTS).passed


def test_a_report_reads_as_a_table():
    table = str(CheckReport(RESULTS)).splitlines()
    assert table[1] == "PASS  mass     1.50e-09  1.00e-06  as it should be"
    assert table[2].startswith("FAIL  samples  nan")
    assert table[1].index("1.00e-06") == table[2].index("1.00e-03")
    assert table[3] == "some checks FAILED"


def test_a_report_is_plain_json():
    read = json.loads(json.dumps(CheckReport(RESULTS).to_json(), allow_nan=False))
    assert read["passed"] is False
    assert read["results"][0] == CheckReport(RESULTS).to_rows()[0]
    assert read["results"][1]["value"] is None
