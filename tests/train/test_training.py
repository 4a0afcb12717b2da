"""Settings of training: what they refuse, and what is filled in."""

import dataclasses

import optax
import pytest

from conservax.train import Training

USUAL = Training(steps=100, batch_size=32, learning_rate=1e-3, noise=0.0, patience=50)


@pytest.mark.parametrize("name", ["steps", "batch_size", "patience", "ensemble", "chunk"])
def test_counts_are_integers_from_one_on(name):
    for wrong in (0, 2.5, float("nan")):
        with pytest.raises(ValueError, match=f"expected {name} as an integer of at least 1; got"):
            Training(**{name: wrong})
    assert getattr(Training(**{name: 1}), name) == 1


@pytest.mark.parametrize("name", ["noise", "time_noise"])
@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_noise_is_not_negative(name, value):
    with pytest.raises(ValueError, match=f"expected {name} of 0 or more"):
        Training(**{name: value})


@pytest.mark.parametrize(
    "wrong", [{"clip": 0.0}, {"clip": -1.0}, {"ema_decay": 1.0}, {"ema_decay": float("nan")}]
)
def test_clip_and_the_moving_average_make_sense(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Training(**wrong)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_learning_rate_is_above_0(rate):
    with pytest.raises(ValueError, match="learning_rate above 0"):
        Training(learning_rate=rate)


def test_an_optimiser_has_a_learning_rate_of_its_own():
    with pytest.raises(ValueError, match="got both"):
        Training(optimiser=optax.sgd(0.1), learning_rate=0.1)


def test_what_is_unknown_is_refused():
    with pytest.raises(TypeError, match="batch"):
        Training(batch=32)


def test_what_is_none_is_filled_in_and_nothing_else():
    filled = Training(steps=7, noise=0.5).filled(USUAL)
    assert (filled.steps, filled.noise) == (7, 0.5)
    assert (filled.batch_size, filled.learning_rate, filled.patience) == (32, 1e-3, 50)
    assert filled.time_noise is None  # None in the usual settings too
    assert dataclasses.replace(filled) == filled.filled(USUAL)


def test_no_learning_rate_is_filled_in_beside_an_optimiser():
    sgd = optax.sgd(0.1)
    filled = Training(optimiser=sgd).filled(USUAL)
    assert filled.learning_rate is None
    assert filled.optimiser is sgd
