"""Checks of a law: conservation, mass, spurious flux, samples and held-out data."""

from conservax.check._calibration import calibration
from conservax.check._calibration import ecdf_band as ecdf_band
from conservax.check._check import check
from conservax.check._distances import wasserstein
from conservax.check._event_residuals import check_counts as check_counts
from conservax.check._event_residuals import check_event_samples as check_event_samples
from conservax.check._event_residuals import check_locations as check_locations
from conservax.check._event_residuals import check_rescaled_times as check_rescaled_times
from conservax.check._event_residuals import dispersion as dispersion
from conservax.check._event_residuals import pooled_residuals as pooled_residuals
from conservax.check._event_residuals import rescaled_ranks as rescaled_ranks
from conservax.check._population import Population as Population
from conservax.check._population import TransportMethod as TransportMethod
from conservax.check._residual import continuity_residual, fokker_planck_residual
from conservax.check._result import CheckReport, CheckResult
from conservax.check._result import digits_apart as digits_apart
from conservax.check._snapshot_metric import SnapshotMetric
from conservax.check._snapshot_metric import frame_of_metrics as frame_of_metrics
from conservax.check._snapshots import FLOOR as FLOOR
from conservax.check._snapshots import SnapshotTest as SnapshotTest
from conservax.check._snapshots import snapshot_distances

__all__ = [
    "CheckReport",
    "CheckResult",
    "SnapshotMetric",
    "calibration",
    "check",
    "continuity_residual",
    "fokker_planck_residual",
    "snapshot_distances",
    "wasserstein",
]

# Classes that a file of a model may name.
IN_FILES = (CheckResult,)
