"""Runs that are interrupted, damaged or over: they go on bit for bit, or say why not."""

import contextlib
import signal
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import pandas as pd
import pytest

from conservax.density import Factorized
from conservax.flux import FactorizedFlux
from conservax.law import ConservationLaw
from conservax.objective import AbstractObjective
from conservax.train import CHECKPOINT, METRICS, CheckpointError, DivergedError
from small_runs import KEY, NLL, assert_same, fit, moving_rows, small_law


def interrupt_at(step):
    def stop(report):
        if report.step == step:
            raise InterruptedError

    return stop


class LosesInterrupts(AbstractObjective):
    """Drops an interrupt while it is traced, as callbacks of Python's garbage collector do."""

    name: ClassVar[str] = "loses"

    def __call__(self, key, law, rows):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return NLL(key, law, rows)


def test_an_interrupt_that_was_lost_ends_the_run_after_the_chunk(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit(objective=LosesInterrupts(), run=tmp_path)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert pd.read_csv(tmp_path / METRICS)["step"].tolist() == [10]


def test_a_run_resumes_bit_for_bit(tmp_path):
    validation = moving_rows(50, seed=2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    straight = fit(run=whole, validation=validation)
    with pytest.raises(InterruptedError):
        fit(run=broken, validation=validation, on_chunk=interrupt_at(20))
    resumed = fit(run=broken, validation=validation)
    assert_same(straight, resumed)
    assert (whole / METRICS).read_text() == (broken / METRICS).read_text()
    assert (whole / CHECKPOINT).read_bytes() == (broken / CHECKPOINT).read_bytes()


def test_a_run_on_shards_resumes_bit_for_bit(tmp_path):
    shards = lambda number: moving_rows(100, seed=number)  # noqa: E731
    with pytest.raises(InterruptedError):
        fit(rows=shards, run=tmp_path, on_chunk=interrupt_at(20))
    assert_same(fit(rows=shards, run=tmp_path), fit(rows=shards))


def test_metrics_of_a_chunk_without_checkpoint_are_forgotten(tmp_path):
    with pytest.raises(InterruptedError):
        fit(run=tmp_path, on_chunk=interrupt_at(20))
    with (tmp_path / METRICS).open("a") as file:
        file.write("0,30,1.0,,1.0\n")
    fit(run=tmp_path)
    assert pd.read_csv(tmp_path / METRICS)["step"].tolist() == [10, 20, 30, 40]


@pytest.mark.parametrize("damage", ["truncate", "flip", "foreign"])
def test_a_damaged_checkpoint_is_refused(tmp_path, damage):
    fit(20, run=tmp_path)
    content = bytearray((tmp_path / CHECKPOINT).read_bytes())
    law = small_law()
    if damage == "truncate":
        (tmp_path / CHECKPOINT).write_bytes(content[: len(content) // 2])
    elif damage == "flip":  # one bit of the last number: the file is as readable as before
        content[-65] ^= 1
        (tmp_path / CHECKPOINT).write_bytes(content)
    else:
        density = Factorized(1, components=3, width=24, depth=2, key=KEY)
        law = ConservationLaw(density, FactorizedFlux())
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors"):
        fit(40, law=law, run=tmp_path)


class Two(eqx.Module):
    one: jax.Array
    other: jax.Array


def test_a_checkpoint_of_another_law_with_as_many_numbers_is_refused(tmp_path):
    def run(law):
        fit(10, law=law, objective=Squares(), run=tmp_path)

    run(Two(jnp.ones((2, 3)), jnp.ones(4)))
    with pytest.raises(CheckpointError, match="another run"):
        run(Two(jnp.ones((2, 2)), jnp.ones(6)))


class Squares(AbstractObjective):
    """The sum of squares of all parameters."""

    name: ClassVar[str] = "squares"

    def __call__(self, key, law, rows):
        return jnp.sum(law.one**2) + jnp.sum(law.other**2)


class Escape(AbstractObjective):
    """Pushes the biases of the first layer up, and is NaN once they are above a limit."""

    limit: float
    name: ClassVar[str] = "escape"

    def __call__(self, key, law, rows):
        bias = law.density.network.biases[0]
        return jnp.where(bias.max() < self.limit, -bias.sum(), jnp.nan)


def test_nan_stops_with_its_step_and_keeps_the_last_good_checkpoint(tmp_path):
    # Signed steps of 0.01: the biases are 0.15 when step 16 looks at them.
    sign = optax.sign_sgd(0.01)
    with pytest.raises(DivergedError, match=r"step 16.*last good checkpoint") as caught:
        fit(objective=Escape(0.145), optimiser=sign, run=tmp_path)
    assert caught.value.step == 16
    assert pd.read_csv(tmp_path / METRICS)["step"].tolist() == [10]
    resumed = fit(12, objective=Escape(0.145), optimiser=sign, run=tmp_path)
    assert resumed.steps == 12


def test_a_run_starts_with_a_checkpoint(tmp_path):
    """Killed in the first chunk, a run goes on from the laws it began with."""
    initial = lambda key: small_law(key)  # noqa: E731
    straight = fit(20, ensemble=2, initial=initial)
    with pytest.raises(DivergedError):
        fit(20, ensemble=2, initial=initial, objective=Escape(-1.0), run=tmp_path)
    resumed = fit(20, ensemble=2, initial=lambda key: small_law(), run=tmp_path)
    assert_same(straight, resumed)


def test_a_run_that_stopped_early_has_nothing_left_to_do(tmp_path):
    arguments = {"validation": moving_rows(50, seed=2), "patience": 10, "learning_rate": 0.3}
    stopped = fit(3000, run=tmp_path, **arguments)
    assert stopped.stopped_early
    before = (tmp_path / CHECKPOINT).read_bytes()
    again = fit(3000, run=tmp_path, **arguments)
    assert (again.steps, again.stopped_early) == (stopped.steps, True)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert_same(stopped, again)
