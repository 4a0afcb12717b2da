"""Claim: given the events before, a point process predicts where the next one comes, and draws such events.

The pinwheel of `conservax.data.pinwheel_hawkes`: ten classes of events, each exciting the next one
around the circle. A point process is fitted to 2000 windows. Printed: its held-out nats per
event beside a law without history and a Poisson process; then counts, inter-event times and transitions
between classes in windows that it draws, beside those of windows held out. Classes are assigned by
nearest neighbours among points of known class. Limits: locations 0.3 nats below the law without
history; mean count within 5 %, chance of the next class within 0.03.

    python -m benchmarks pinwheel_memory [--quick] [--json]
"""

import time

import numpy as np
from scipy.stats import ks_2samp
from sklearn.neighbors import KNeighborsClassifier

import conservax
from benchmarks.claim import Claim, Findings, benchmark
from benchmarks.papers._event_models import fit_kernel_mixture
from benchmarks.papers._event_sets import EVENT_SETS
from conservax.data import Events
from conservax.scoring import event_scores, scores

CLASSES, SOON = 10, 0.3  # inter-event times below this are mostly between parents and children
GAIN_LIMIT, COUNT_LIMIT, CHANCE_LIMIT = 0.3, 0.05, 0.03


def locations_of_known_class(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the arms, written anew from the description of the data."""
    label = rng.integers(CLASSES, size=n)
    arm = np.stack([rng.normal(1, 0.3, n), rng.normal(0, 0.1, n)], axis=1)
    angle = 2 * np.pi * label / CLASSES + 0.25 * np.exp(arm[:, 0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return 2 * np.einsum("ni,ijn->nj", arm, turn), label


def statistics_of(events: Events, classifier: KNeighborsClassifier) -> dict[str, np.ndarray]:
    """Counts of the windows, inter-event times, and classes of events that come soon after another."""
    label = classifier.predict(events.x)
    within = np.diff(events.sequence) == 0
    intervals = np.diff(events.t)[within]
    steps = ((label[1:] - label[:-1]) % CLASSES)[within]
    soon = np.bincount(steps[intervals < SOON], minlength=CLASSES)
    late = np.bincount(steps[intervals >= SOON], minlength=CLASSES)
    return {
        "counts": events.counts,
        "inter-event times": intervals,
        "soon": soon / soon.sum(),
        "late": late / late.sum(),
        "classes": np.bincount(label, minlength=CLASSES) / len(label),
    }


def measure(quick: bool) -> dict[str, float]:
    split = EVENT_SETS["pinwheel"].load(0)
    test = split.test.take(np.arange(500))
    began = time.perf_counter()
    model = conservax.fit_events(
        split,
        model=conservax.models.PointProcess(components=256),
        training=conservax.Training(steps=200 if quick else 4000),
    )
    seconds = time.perf_counter() - began
    ours, poisson = event_scores(model, test)[:2]
    static = fit_kernel_mixture("pinwheel", split, 0, quick)
    static.split = None
    without_history = scores(static, test.table())[0].standardised

    classifier = KNeighborsClassifier(15)
    classifier.fit(*locations_of_known_class(np.random.default_rng(1), 20_000))
    drawn = model.simulate(500, seed=2)
    here, there = statistics_of(drawn, classifier), statistics_of(test, classifier)
    count = here["counts"].mean() / there["counts"].mean()
    return {
        "seconds": seconds,
        "temporal": ours.temporal,
        "temporal of a Poisson process": poisson.temporal,
        "locations": ours.spatial,
        "locations without history": without_history,
        "gain in locations": without_history - ours.spatial,
        "mean count drawn": here["counts"].mean(),
        "mean count held out": there["counts"].mean(),
        "ratio of mean counts": count,
        "deviation of counts drawn": here["counts"].std(),
        "deviation of counts held out": there["counts"].std(),
        "KS distance of counts": ks_2samp(here["counts"], there["counts"]).statistic,
        "KS distance of inter-event times": ks_2samp(
            here["inter-event times"], there["inter-event times"]
        ).statistic,
        "next class soon, drawn": here["soon"][1],
        "next class soon, held out": there["soon"][1],
        "largest difference of chances, soon": np.abs(here["soon"] - there["soon"]).max(),
        "largest difference of chances, late": np.abs(here["late"] - there["late"]).max(),
        "largest difference of fractions of classes": np.abs(
            here["classes"] - there["classes"]
        ).max(),
    }


@benchmark()
def run(*, quick: bool) -> Findings:
    row = {name: float(value) for name, value in measure(quick).items()}
    chances = (f"largest difference of chances, {when}" for when in ("soon", "late"))
    claims = [
        Claim("gain in locations, nats", row["gain in locations"], GAIN_LIMIT, at_least=True),
        Claim("mean count off by", abs(row["ratio of mean counts"] - 1), COUNT_LIMIT),
        *(Claim(name, row[name], CHANCE_LIMIT) for name in chances),
    ]
    return Findings([row], claims)
