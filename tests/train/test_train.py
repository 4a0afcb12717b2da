"""The training loop: what it reaches, and what it survives."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from conservax.objective import AbstractObjective, KineticEnergy, Rows
from conservax.train import (
    DivergedError,
    Stage,
    Training,
    train,
)
from conservax.train._validation import PIECE
from small_runs import KEY, NLL, assert_same, fit, leaves, moving_rows, small_law

ENTROPY = 0.5 * np.log(2 * np.pi * np.e * 0.25)


def test_likelihood_reaches_the_entropy():
    trained = fit(800, rows=moving_rows(20_000), chunk=100, learning_rate=5e-3)
    held_out = moving_rows(20_000, seed=1)
    assert NLL(KEY, trained.law, held_out) == pytest.approx(ENTROPY, abs=0.03)


def test_same_key_same_model_and_chunks_do_not_matter():
    assert_same(fit(40, chunk=40), fit(40, chunk=40))
    np.testing.assert_allclose(
        leaves(fit(40, chunk=40))[0], leaves(fit(40, chunk=10))[0], rtol=1e-9
    )


class MeanCoordinate(AbstractObjective):
    """The mean coordinate of a batch."""

    name: ClassVar[str] = "mean"

    def __call__(self, key, law, rows):
        return jnp.mean(rows.x) + 0 * NLL(key, law, rows)


def numbered(shard):
    """Rows of which every coordinate is the number of the shard."""
    rows = moving_rows(100)
    return rows._replace(x=jnp.full_like(rows.x, shard))


def test_every_chunk_draws_from_its_own_shard():
    called = []
    trained = fit(35, rows=lambda n: called.append(n) or numbered(n), objective=MeanCoordinate())
    assert trained.metrics["train"].tolist() == [0, 1, 2, 3]
    assert called == [0, 1, 2, 3]


def test_one_shard_over_and_over_is_a_table():
    assert_same(fit(20, rows=lambda number: moving_rows(500)), fit(20))


@pytest.mark.parametrize("count", [PIECE, 2 * PIECE + 300])
def test_many_validation_rows_are_evaluated_in_pieces(count):
    validation = moving_rows(count, seed=5)
    trained = fit(10, validation=validation, ema_decay=0.0)
    # 2348 rows are three pieces of 782, and two rows that are left out.
    seen = jax.tree.map(lambda leaf: leaf[: count - count % -(-count // PIECE)], validation)
    expected = float(NLL(KEY, trained.law, seen))
    assert trained.metrics["validation"].iloc[-1] == pytest.approx(expected, rel=1e-12)


class RowsAtOnce(AbstractObjective):
    """How many rows there are at once, and whether their times are spread evenly."""

    name: ClassVar[str] = "rows"

    def __call__(self, key, law, rows):
        return len(rows.t) + jnp.ptp(rows.t) + 0 * NLL(key, law, rows)


def test_a_piece_is_spread_over_the_validation_rows():
    rows = Rows(jnp.linspace(0, 1, 3 * PIECE), jnp.zeros((3 * PIECE, 1)))
    trained = fit(10, validation=rows, objective=RowsAtOnce())
    assert trained.metrics["validation"].iloc[-1] == pytest.approx(PIECE + 1, abs=1e-3)


class Windows(NamedTuple):
    """Windows of events, padded to one length."""

    t: jax.Array
    x: jax.Array
    length: jax.Array


class MeanEvent(AbstractObjective):
    """The mean coordinate of the events of a batch; notes how many windows there are at once."""

    name: ClassVar[str] = "event"
    seen: ClassVar[set[int]] = set()

    def __call__(self, key, law, rows):
        self.seen.add(len(rows.t))
        there = jnp.arange(rows.t.shape[1])[None] < rows.length[:, None]
        first = NLL(key, law, Rows(rows.t[:, 0], rows.x[:, 0]))
        return jnp.sum(jnp.where(there, rows.x[..., 0], 0)) / jnp.sum(rows.length) + 0 * first


def test_long_windows_are_evaluated_in_pieces_weighted_by_their_events():
    rng = np.random.default_rng(0)
    x, length = rng.normal(size=(40, 256, 1)), rng.integers(1, 257, 40)
    windows = Windows(jnp.zeros((40, 256)), jnp.asarray(x), jnp.asarray(length))
    trained = fit(10, rows=windows, validation=windows, objective=MeanEvent(), batch_size=8)
    assert MeanEvent.seen == {8}  # of validation windows too
    expected = sum(x[n, : length[n]].sum() for n in range(40)) / length.sum()
    assert trained.metrics["validation"].iloc[-1] == pytest.approx(expected, rel=1e-9)


class NanWhereFew(AbstractObjective):
    """Not a number on the few rows of the validation set."""

    name: ClassVar[str] = "few"

    def __call__(self, key, law, rows):
        return NLL(key, law, rows) + (jnp.nan if len(rows.t) < 60 else 0.0)


def test_nan_on_the_validation_rows_stops_too():
    with pytest.raises(DivergedError, match="on the validation rows at step 10"):
        fit(objective=NanWhereFew(), validation=moving_rows(50, seed=2))


def test_early_stopping_keeps_the_best_law():
    few = moving_rows(20)
    validation = moving_rows(2000, seed=5)
    trained = fit(3000, rows=few, validation=validation, patience=200, chunk=20, learning_rate=2e-2)
    assert trained.stopped_early
    assert trained.steps < 3000
    best = trained.metrics["validation"].min()
    assert trained.metrics["validation"].iloc[-1] > best
    assert NLL(KEY, trained.law, validation) == pytest.approx(best, rel=1e-6)
    rows = trained.metrics.set_index("step")["validation"]
    assert trained.best_step == rows.idxmin()
    assert trained.steps - trained.best_step >= 200


def test_the_initial_law_is_kept_where_training_overfits():
    """Four rows can only lead away from the right law."""
    right = fit(800, rows=moving_rows(20_000), chunk=100, learning_rate=5e-3).law
    rows, held_out = moving_rows(4, seed=1), moving_rows(2000, seed=2)
    trained = fit(law=right, rows=rows, validation=held_out, learning_rate=2e-2, steps=200)
    assert trained.best_step == 0
    assert (
        NLL(KEY, trained.law, rows) > trained.metrics["train"].iloc[-1] + 0.5
    )  # others were found
    assert NLL(KEY, trained.law, held_out) == pytest.approx(ENTROPY, abs=0.05)


def test_stages_follow_one_another():
    trained = train(
        small_law(),
        moving_rows(500),
        [Stage(20, NLL), Stage(30, NLL + 0.1 * KineticEnergy())],
        key=KEY,
        training=Training(batch_size=64, chunk=20),
        validation=moving_rows(50, 1),
    )
    assert trained.metrics["step"].tolist() == [20, 40, 50]
    assert trained.metrics["kinetic"].notna().tolist() == [False, True, True]


def test_kinetic_energy_weighs_in():
    free = fit(300, chunk=100)
    tied = fit(300, chunk=100, objective=NLL + 10.0 * KineticEnergy())
    energy = [KineticEnergy(2000)(KEY, t.law, moving_rows(10)) for t in (free, tied)]
    assert energy[1] < 0.2 * energy[0]


def test_ensemble_members_are_trained_at_once_and_the_best_is_kept():
    validation = moving_rows(500, 1)
    trained = fit(ensemble=3, initial=small_law, validation=validation)
    last = trained.metrics.groupby("member")["validation"].min()
    assert len(last) == 3
    assert last.nunique() == 3
    assert trained.member == last.idxmin()
    assert NLL(KEY, trained.law, validation) == pytest.approx(last.min(), rel=1e-6)


def test_any_optax_optimiser_and_clipping():
    still = fit(10, optimiser=optax.set_to_zero())
    np.testing.assert_array_equal(leaves(still)[0], jax.tree.leaves(small_law())[0])
    # Plain gradient descent of rate one moves at most `clip` a step.
    one = fit(1, chunk=1, optimiser=optax.sgd(1.0), clip=1e-3, ema_decay=0.0)
    moved = jax.tree.map(lambda a, b: a - b, leaves(one), jax.tree.leaves(small_law()))
    assert optax.tree.norm(moved) == pytest.approx(1e-3, rel=1e-6)


def test_an_optimiser_of_wider_numbers_keeps_those_of_the_law():
    law = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), small_law())
    trained = fit(10, law=law, optimiser=optax.sgd(np.float64(1e-2)))
    assert {leaf.dtype for leaf in leaves(trained)} == {jnp.dtype(jnp.float32)}


class Track(NamedTuple):
    """Rows of which each is five points in 2-D at one time."""

    t: jax.Array
    x: jax.Array


class TrackMean(AbstractObjective):
    """The mean square of all points."""

    name: ClassVar[str] = "track"

    def __call__(self, key, law, rows):
        return jnp.mean(rows.x**2) + 0 * NLL(key, law, Rows(rows.t, rows.x[:, 0, :1]))


def test_rows_of_any_shape_have_input_noise():
    rows = Track(jnp.linspace(0, 1, 200), jnp.zeros((200, 5, 2)))
    trained = fit(20, rows=rows, objective=TrackMean(), noise=0.3)
    # 64 * 10 squares of deviation .3 a step: a standard error of 6 % of .09, over 20 steps of 1.3 %.
    assert trained.metrics["train"].mean() == pytest.approx(0.09, rel=0.1)


class VarianceOfTimes(AbstractObjective):
    """The mean square of times from their middle."""

    name: ClassVar[str] = "times"

    def __call__(self, key, law, rows):
        return jnp.mean((rows.t - 0.5) ** 2) + 0 * NLL(key, law, rows)


def test_times_that_are_even_stay_even_under_input_noise():
    rows = Rows(jnp.linspace(0, 1, 200), jnp.zeros((200, 1)))
    trained = fit(20, rows=rows, objective=VarianceOfTimes(), time_noise=0.3)
    # 1 / 12, with a standard error of 2.5 %; a third more if what leaves [0, 1] stayed at its ends.
    assert trained.metrics["train"].mean() == pytest.approx(1 / 12, rel=0.1)


def test_the_law_is_a_running_mean():
    last = fit(200, chunk=50, optimiser=optax.sgd(0.5), ema_decay=0.0)
    mean = fit(200, chunk=50, optimiser=optax.sgd(0.5), ema_decay=0.99)
    held_out = moving_rows(5000, 1)
    # Steps this large jump about the optimum, and their mean lies nearer to it.
    assert NLL(KEY, mean.law, held_out) < NLL(KEY, last.law, held_out) - 1e-4


def test_no_steps_at_all_are_refused():
    with pytest.raises(ValueError, match="at least one step in all stages"):
        fit(0)


def test_steps_are_those_of_the_stages_alone():
    training = Training(steps=20)
    with pytest.raises(ValueError, match="got 10 of them beside steps=20"):
        train(small_law(), moving_rows(50), [Stage(10, NLL)], key=KEY, training=training)
    same = Training(steps=10, batch_size=64, chunk=10)
    trained = train(small_law(), moving_rows(500), [Stage(10, NLL)], key=KEY, training=same)
    assert_same(trained, fit(10))


def test_training_stops_where_on_chunk_says_true(tmp_path):
    steps = []

    def on_chunk(report):
        steps.append(report.step)
        return report.step == 20

    stopped = fit(40, on_chunk=on_chunk, run=tmp_path)
    assert steps == [10, 20]
    assert (stopped.steps, stopped.stopped_early) == (20, True)
    assert stopped.metrics["step"].tolist() == [10, 20]
    assert_same(fit(40, run=tmp_path), fit(40))  # and goes on from there


def test_what_on_chunk_returns_but_true_stops_nothing():
    assert fit(20, on_chunk=lambda report: "yes").steps == 20
