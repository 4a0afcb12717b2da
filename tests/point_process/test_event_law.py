"""Windows of events: the joint density is one, and draws follow it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from conservax.check import pooled_residuals
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.point_process import Encoder, EventLaw, SequenceLikelihood, Sequences, simulate
from oracles import compiled, perturbed

STATE_SIZE = 4


def event_law(dim: int, seed: int = 0) -> EventLaw:
    """A small law whose hidden state matters."""
    keys = jax.random.split(jax.random.key(seed), 4)
    density = Autoregressive(
        dim, components=3, width=16, depth=2, condition_dim=STATE_SIZE, key=keys[0]
    )
    law = ConservationLaw(density, KnotheRosenblatt())
    # Few events per window, so that all windows of up to two can be summed up.
    encoder = Encoder(dim, STATE_SIZE, key=keys[1])
    whole = EventLaw(law, encoder, typical_interval=2.0, components=4, key=keys[2])
    return perturbed(whole, keys[3], 0.3)


@pytest.fixture(scope="module")
def law():
    return event_law(1)


def joint(law, t, x):
    terms = law.log_prob(t, x)
    return jnp.exp(terms.temporal + terms.spatial)


def test_probabilities_of_no_and_one_event_agree_with_draws(law):
    """P(no event) in closed form, P(one event) by quadrature over its time and location."""
    none = float(compiled(lambda law: joint(law, jnp.zeros(0), jnp.zeros((0, 1))))(law))
    # Substituting t = exp(s) spreads the singular start of the inter-event time.
    s, x = jnp.linspace(-16.0, 0.0, 801), jnp.linspace(-30.0, 30.0, 801)

    def at(law, s):
        t = jnp.exp(s)[None]
        return jax.vmap(lambda x: joint(law, t, x[None, None]))(x) * t

    grid = compiled(lambda law: jax.lax.map(lambda s: at(law, s), s))(law)
    one = np.trapezoid(np.trapezoid(grid, x, axis=1), s)
    drawn = simulate(law, jax.random.key(3), 40_000, most_events=12)
    for probability, count in ((none, 0), (one, 1)):
        assert 0.05 < probability < 0.9
        error = np.sqrt(probability * (1 - probability) / 40_000)
        assert np.mean(drawn.length == count) == pytest.approx(probability, abs=4 * error)


def test_one_more_event_and_nothing_more_sum_to_nothing_yet(law):
    """With one event given: the density of a second one integrates to the rest."""
    t1, x1 = jnp.array([0.2]), jnp.array([[0.4]])
    terms = compiled(lambda law: law.log_prob(t1, x1))(law)
    silent = float(jnp.exp(terms.temporal + terms.spatial))
    s, x = jnp.linspace(-15.0, np.log(0.8), 801), jnp.linspace(-30.0, 30.0, 801)

    def at(law, s):
        t = jnp.append(t1, 0.2 + jnp.exp(s))
        return jax.vmap(lambda x: joint(law, t, jnp.stack([x1[0], x[None]])))(x) * jnp.exp(s)

    def survival(law, s):
        """Over P(nothing after the second event): what is left is its density alone."""
        t, interval = 0.2 + jnp.exp(s), 0.8 - jnp.exp(s)

        def one(x):
            logs = law.relative(jnp.array([0.2, 0.0])).at[1].set(law.relative(jnp.exp(s)))
            hidden = law.encoder(logs, jnp.append(t1, t), jnp.stack([x1[0], x[None]]))[-1]
            return jnp.exp(law.inter_event_time(hidden).log_survival(law.relative(interval)))

        return jax.vmap(one)(x)

    grid = compiled(lambda law: jax.lax.map(lambda s: at(law, s) / survival(law, s), s))(law)
    second = np.trapezoid(np.trapezoid(grid, x, axis=1), s)
    first = compiled(
        lambda law: jnp.exp(
            law.inter_event_time(law.encoder.first).log_pdf(law.relative(0.2))
            - jnp.log(0.2)
            + law.law.log_prob(law.time_warp(0.2), x1[0], law.encoder.first)
        )
    )(law)
    assert silent + second == pytest.approx(float(first), rel=2e-4)


def test_the_hidden_state_depends_on_the_past_alone(law):
    t = jnp.array([0.1, 0.3, 0.6])
    x = jnp.array([[0.1], [-0.5], [1.2]])
    hidden = compiled(lambda law, x: law.encoder(jnp.log(t), t, x))
    here, other = hidden(law, x), hidden(law, x.at[1].add(1.0))
    np.testing.assert_array_equal(here[:2], other[:2])
    assert np.all(np.abs(here[2:] - other[2:]).max(axis=1) > 1e-4)


def test_the_last_events_are_kept_as_they_are():
    encoder = Encoder(2, STATE_SIZE, triggering=3, key=jax.random.key(0))
    intervals = jnp.array([0.5, 1.0, 2.0, 4.0])  # typical ones
    x = jnp.arange(8.0).reshape(4, 2)
    hidden = compiled(lambda e: e(jnp.log(intervals), jnp.zeros(4), x))(encoder)
    assert hidden.shape == (5, encoder.hidden_size)
    kept = hidden[:, STATE_SIZE:]
    np.testing.assert_array_equal(kept[0], 0.0)
    second, last = kept[2], kept[4]
    np.testing.assert_array_equal(second[3:6], [1, 1, 0])
    np.testing.assert_array_equal(second[6:], [2, 3, 0, 1, 0, 0])
    np.testing.assert_array_equal(last[3:6], [1, 1, 1])
    np.testing.assert_array_equal(last[6:], [6, 7, 4, 5, 2, 3])
    np.testing.assert_allclose(last[:3], [0, 4 / 5, 6 / 7], rtol=1e-12)


def test_padding_changes_nothing(law):
    t = jnp.array([0.1, 0.3, 0.6, jnp.nan, 0.0])
    x = jnp.array([[0.1], [-0.5], [1.2], [jnp.nan], [7.0]])

    def value(law, t, x, length):
        terms = law.log_prob(t, x, length)
        return terms.temporal + terms.spatial

    padded = compiled(eqx.filter_value_and_grad(value))(law, t, x, jnp.array(3))
    plain = compiled(eqx.filter_value_and_grad(value))(law, t[:3], x[:3], None)
    for a, b in zip(jax.tree.leaves(padded), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_the_objective_is_a_mean_per_event(law):
    t = jnp.array([[0.1, 0.3, 0.0], [0.2, 0.5, 0.9]])
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 1)))
    rows = Sequences(t, x, jnp.array([2, 3]))
    nll = compiled(lambda law: SequenceLikelihood()(jax.random.key(0), law, rows))(law)
    each = [
        compiled(lambda law, n=n: law.log_prob(t[n], x[n], rows.length[n]))(law) for n in (0, 1)
    ]
    assert float(nll) == pytest.approx(
        -float(sum(e.temporal + e.spatial for e in each)) / 5, rel=1e-12
    )


def test_draws_are_in_order_and_within_the_window():
    drawn = simulate(event_law(2), jax.random.key(0), 200, most_events=20)
    for t, length in zip(drawn.t, drawn.length, strict=True):
        assert np.all(np.diff(t[:length]) > 0)
        assert np.all((t[:length] > 0) & (t[:length] <= 1))
    assert drawn.x.shape == (200, 20, 2)


def test_events_at_one_time_have_a_finite_likelihood(law):
    t, x = jnp.array([0.0, 0.5, 0.5, 1.0]), jnp.zeros((4, 1))
    value = compiled(eqx.filter_value_and_grad(lambda law: sum(law.log_prob(t, x))))(law)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(value))


def test_the_condition_of_the_law_is_the_hidden_state():
    density = Autoregressive(1, components=2, width=8, depth=1, key=jax.random.key(0))
    law = ConservationLaw(density, KnotheRosenblatt())
    with pytest.raises(ValueError, match="as long as the hidden state, 4; got 0"):
        EventLaw(law, Encoder(1, 4, key=jax.random.key(1)), key=jax.random.key(2))


def test_rescaled_draws_are_exponential_and_locations_uniform(law):
    drawn = simulate(law, jax.random.key(5), 3000, most_events=12)

    def both(law, t, x, length):
        return law.integrated_hazard(t, x, length), law.location_ranks(t, x, length)

    hazards, ranks = compiled(lambda law, rows: jax.vmap(lambda r: both(law, *r))(rows))(law, drawn)
    windows = [row[: n + 1] for row, n in zip(np.asarray(hazards), drawn.length, strict=True)]
    residuals = pooled_residuals(windows)
    assert len(residuals) > 1500
    assert stats.kstest(residuals, "expon").pvalue > 1e-3
    there = np.arange(12) < np.asarray(drawn.length)[:, None]
    assert stats.kstest(np.asarray(ranks)[there][:, 0], "uniform").pvalue > 1e-3


def test_the_integrated_hazard_is_minus_the_log_survival(law):
    hazard = compiled(lambda law: law.integrated_hazard(jnp.zeros(0), jnp.zeros((0, 1))))(law)
    none = compiled(lambda law: law.log_prob(jnp.zeros(0), jnp.zeros((0, 1))).temporal)(law)
    assert float(hazard[0]) == pytest.approx(-float(none), rel=1e-12)
