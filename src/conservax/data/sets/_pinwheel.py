"""The pinwheel of Chen et al. (2021): clusters that excite each other in a circle.

Ten classes of events. Class k fires at the rate mu, and each event of class k - 1 adds
alpha omega exp(-omega s) at the delay s (a multivariate Hawkes process). An event of class k lies
on the k-th of ten bent arms.
"""

import numpy as np
from jaxtyping import Float64, Int

_Times = Float64[np.ndarray, " events"]
_Points = Float64[np.ndarray, "events 2"]
_Numbers = Int[np.ndarray, " events"]

_CLASSES = 10
_RATE = 0.05  # mu, events of a class per unit time
_OFFSPRING = 0.6  # alpha, mean number of events that one event excites
_DECAY = 10.0  # omega, per unit time
_HORIZON = 30.0


def pinwheel_hawkes(rng: np.random.Generator, sequences: int) -> tuple[_Times, _Points, _Numbers]:
    """Draw independent sequences of events from the exact process.

    **Returns:** times in [0, 30], positions, and the sequence (from 0) each event belongs to,
    ordered by sequence and then by time.
    """
    t, label, sequence = _cluster_process(rng, sequences)
    order = np.lexsort((t, sequence))
    return t[order], _locations(rng, label[order]), sequence[order]


def _cluster_process(rng: np.random.Generator, sequences: int) -> tuple[_Times, _Numbers, _Numbers]:
    """Hawkes process as a forest: immigrants at rate mu, and children, generation by generation."""
    count = rng.poisson(_RATE * _CLASSES * _HORIZON, sequences)
    sequence = np.repeat(np.arange(sequences), count)
    t = rng.uniform(0.0, _HORIZON, len(sequence))
    label = rng.integers(_CLASSES, size=len(sequence))
    generations = [(t, label, sequence)]
    while len(t):
        parent = np.repeat(np.arange(len(t)), rng.poisson(_OFFSPRING, len(t)))
        born = t[parent] + rng.exponential(1 / _DECAY, len(parent))
        parent, t = parent[born < _HORIZON], born[born < _HORIZON]
        label, sequence = (label[parent] + 1) % _CLASSES, sequence[parent]
        generations.append((t, label, sequence))
    times, labels, sequences_of = zip(*generations, strict=True)
    return np.concatenate(times), np.concatenate(labels), np.concatenate(sequences_of)


def _locations(rng: np.random.Generator, label: _Numbers) -> _Points:
    """The row vector 2 (radius, side) R(angle): turned clockwise, and more so the farther out."""
    radius = rng.normal(1.0, 0.3, len(label))
    side = rng.normal(0.0, 0.1, len(label))
    angle = 2 * np.pi * label / _CLASSES + 0.25 * np.exp(radius)
    cos, sin = np.cos(angle), np.sin(angle)
    return 2 * np.stack((radius * cos + side * sin, side * cos - radius * sin), axis=1)
