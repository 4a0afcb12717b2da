"""Claim: event models simulate as many events per window as the data have, and as widely spread.

Records of known processes (Poisson, renewal, Hawkes, the pinwheel) and earthquakes are fitted with
default settings; windows simulated from the model are compared with those it was fitted to: mean
within 3 %, standard deviation within 15 %. Beside them Kolmogorov's distance of rescaled
inter-event times of fresh windows (of the data themselves for earthquakes) from the exponential
distribution, and how much of it chance explains in 99 of 100 records.

    python -m benchmarks event_counts [--quick] [--json] [--rows NAME ...]
"""

import time
import warnings

import numpy as np
from scipy import stats

import conservax
from benchmarks.claim import Claim, Findings, Option, benchmark, log
from conservax.check import pooled_residuals
from conservax.data import Events, cut_into_windows, earthquakes, pinwheel_hawkes

MEAN_WITHIN, SPREAD_WITHIN = 0.03, 0.15
WEEK, PER_WEEK = 7.0, 58.0
WINDOWS, SIMULATED = 100, 2000
BRANCHING, DECAY = 0.6, 10.0  # of the Hawkes process: children per event, and their rate per day


def windows_of(t, x, sequence, count, length, source):
    """Events of `count` windows, sorted."""
    order = np.lexsort((t, sequence))
    return Events(
        t[order],
        x[order],
        sequence[order],
        np.arange(float(count)),
        length,
        ("east", "north"),
        "day",
        "number",
        source,
        sequence_name="week",
    )


def renewal(rng, windows, shape):
    """Gamma inter-event times of one mean; a Poisson process for shape 1. A record that runs long before."""
    most = int(windows * PER_WEEK * 1.5) + 1000
    t = np.cumsum(rng.gamma(shape, WEEK / PER_WEEK / shape, most)) - 20 * WEEK / PER_WEEK
    t = t[(t > 0) & (t < windows * WEEK)]
    sequence = (t // WEEK).astype(int)
    return windows_of(
        t - sequence * WEEK, rng.normal(size=(len(t), 2)), sequence, windows, WEEK, "renewal"
    )


def hawkes(rng, windows):
    """Immigrants at a constant rate, each event with children at exponential delays."""
    count = rng.poisson(PER_WEEK * (1 - BRANCHING), windows)
    sequence = np.repeat(np.arange(windows), count)
    t = rng.uniform(0, WEEK, len(sequence))
    generations = [(t, sequence)]
    while len(t):
        parent = np.repeat(np.arange(len(t)), rng.poisson(BRANCHING, len(t)))
        born = t[parent] + rng.exponential(1 / DECAY, len(parent))
        t, sequence = born[born < WEEK], sequence[parent][born < WEEK]
        generations.append((t, sequence))
    t, sequence = map(np.concatenate, zip(*generations, strict=True))
    return windows_of(t, rng.normal(size=(len(t), 2)), sequence, windows, WEEK, "hawkes")


def pinwheel(rng, windows):
    """Pinwheel of the package."""
    t, x, sequence = pinwheel_hawkes(rng, windows)
    return windows_of(np.minimum(t, 30.0), x, sequence, windows, 30.0, "pinwheel")


def quakes(rng, windows):
    """The earthquakes of the demo in windows of 10 days, for any request."""
    del rng, windows
    return cut_into_windows(earthquakes(), "10d")


RECORDS = {
    "poisson 25": lambda rng, n: renewal(rng, n // 4, 1.0),
    "poisson": lambda rng, n: renewal(rng, n, 1.0),
    "gamma .5": lambda rng, n: renewal(rng, n, 0.5),
    "gamma 3": lambda rng, n: renewal(rng, n, 3.0),
    # So many that chance moves the mean by less than 2 %: these counts spread most.
    "hawkes": lambda rng, n: hawkes(rng, 4 * n),
    "pinwheel": pinwheel,
    "earthquakes": quakes,
}


def metrics(name, quick):
    """Fit one record, simulate, and compare the two."""
    make, rng, start = RECORDS[name], np.random.default_rng(0), time.perf_counter()
    events = make(rng, 40 if quick else WINDOWS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ties in the catalogue of earthquakes
        training = conservax.Training(steps=400 if quick else 1500, progress=False)
        model = conservax.fit_events(events, training=training)
    drawn = model.simulate(SIMULATED, seed=1, most_events=600).counts
    fresh = make(rng, WINDOWS)
    residuals = pooled_residuals(model.integrated_hazards(fresh))
    real = events.counts
    return {
        "record": name,
        "real mean": real.mean(),
        "of those trained on": model.split.train.counts.mean(),
        "real sd": real.std(),
        "mean": drawn.mean(),
        "sd": drawn.std(),
        "empty": np.mean(drawn == 0),
        "KS": stats.kstest(residuals, "expon").statistic,
        "by chance": stats.kstwo.ppf(0.99, len(residuals)),
        "steps": model.settings.outcome.steps,
        "seconds": time.perf_counter() - start,
    }


def claims_of(row):
    """Claims on mean and standard deviation of the counts drawn, against those of the data."""
    for name, ours, theirs, limit in (
        ("mean", row["mean"], row["real mean"], MEAN_WITHIN),
        ("standard deviation", row["sd"], row["real sd"], SPREAD_WITHIN),
    ):
        yield Claim(f"{row['record']}: {name} off by", abs(ours / theirs - 1), limit)


@benchmark(
    rows=Option(tuple(RECORDS), "records", quick=("poisson", "gamma 3"), among=tuple(RECORDS))
)
def run(*, quick, rows):
    results = []
    for name in rows:
        results.append(metrics(name, quick))
        log(f"{name}: mean {results[-1]['mean']:.3f}, of the data {results[-1]['real mean']:.3f}")
    return Findings(results, [claim for row in results for claim in claims_of(row)])
