"""Claim: on COVID-19 NJ no law without history can be expected to score much below 1.80 nats.

Every location was drawn uniformly from one county: from a square around its centroid, again until the
nearest town of GeoNames lies in that county. So the density of locations is the county's weight over
the area of its part of the square, and both can be measured. Printed is the negative
log-likelihood of the test events under this density, first with the weights of the training events,
which is all that a law without history can learn, then with the weights of the test events
themselves, which are unknown beforehand. Beside it: the weights of each day of the week.

    pip install reverse_geocoder
    python -m benchmarks covid_floor [--quick] [--json]
"""

import numpy as np

from benchmarks.claim import Findings, benchmark
from benchmarks.papers._event_sets import EVENT_SETS
from conservax.data import Events, Units

DRAWS, QUICK_DRAWS, DAYS = 200_000, 20_000, 7  # points per county to measure its area with


def counties(x: np.ndarray) -> np.ndarray:
    """The county of the nearest town to each location (longitude, latitude)."""
    import reverse_geocoder  # used here alone

    found = reverse_geocoder.search([(lat, lon) for lon, lat in x.tolist()], mode=1, verbose=False)
    return np.array([f"{town['admin1']}, {town['admin2']}" for town in found])


def log_areas(x: np.ndarray, county: np.ndarray, std: np.ndarray, draws: int) -> dict[str, float]:
    """Log of the area that a county's locations fill, in standardised units."""
    rng = np.random.default_rng(0)
    logs = {}
    for name in np.unique(county):
        own = x[county == name]
        low, size = own.min(0), np.ptp(own, axis=0)
        inside = np.mean(counties(low + size * rng.random((draws, 2))) == name)
        logs[str(name)] = float(np.log(inside) + np.log(size / std).sum())
    return logs


def log_weights(county: np.ndarray) -> dict[str, float]:
    names, counts = np.unique(county, return_counts=True)
    return dict(zip(names.tolist(), np.log(counts / counts.sum()).tolist(), strict=True))


def measure(draws: int) -> dict[str, float]:
    split = EVENT_SETS["covid"].load(0)
    std = np.array(Units.of(split.train.table()).std)
    known, tested = counties(split.train.x), counties(split.test.x)
    # A town seen once has no area to measure: a few strays beyond the borders, left out everywhere.
    names, counts = np.unique(known, return_counts=True)
    kept = np.isin(known, names[counts >= 20])
    kept_test = np.isin(tested, names[counts >= 20])
    area = log_areas(split.train.x[kept], known[kept], std, draws)

    def nll(county: np.ndarray, weights: dict[str, float]) -> float:
        return float(np.mean([area[name] - weights[name] for name in county]))

    def of_day(events: Events, number: int) -> np.ndarray:
        return np.minimum(events.t.astype(int), DAYS - 1) == number

    weights = log_weights(known[kept])
    by_day = [
        nll(
            tested[kept_test & of_day(split.test, n)],
            log_weights(known[kept & of_day(split.train, n)]),
        )
        for n in range(DAYS)
    ]
    events_per_day = [np.sum(kept_test & of_day(split.test, n)) for n in range(DAYS)]
    return {
        "training events": nll(known[kept], weights),
        "test events": nll(tested[kept_test], weights),
        "test events, weights of the day of the week": float(
            np.average(by_day, weights=events_per_day)
        ),
        "test events, their own weights": nll(tested[kept_test], log_weights(tested[kept_test])),
        "test events evaluated": int(kept_test.sum()),
        "of": len(tested),
    }


@benchmark()
def run(*, quick: bool) -> Findings:
    """Nats per event, standardised, of the density that the locations were drawn from."""
    return Findings([measure(QUICK_DRAWS if quick else DRAWS)])
