"""Reference drifts: against closed forms, in any units, learned along with a law."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import conservax
from conservax import Training
from conservax.density import Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.models import Autoregressive, reference_parameters
from conservax.objective import ReferenceEnergy, Rows
from conservax.reference import (
    AbstractReference,
    FixedDrift,
    LotkaVolterra,
    NetworkDrift,
    Repressilator,
    Rescaled,
    WithReference,
)
from oracles import ornstein_uhlenbeck, over_points

KEY = jax.random.key(5)
ROWS = Rows(jnp.linspace(0, 1, 4000), jnp.zeros((4000, 2)))
THETA, G = 1.5, 0.8


class Pull(AbstractReference):
    """Towards the origin at a rate to be learned."""

    tenth: jax.Array

    def __call__(self, t, x):
        return -10 * self.tenth * x


def ou_law(reference, **options):
    """Ornstein-Uhlenbeck marginals that start off the stationary ones."""
    density = ornstein_uhlenbeck(THETA, G, [1.0, -0.5], [0.3, 0.9])
    return WithReference(ConservationLaw(density, KnotheRosenblatt(), **options), reference)


def test_paths_that_follow_their_reference_are_at_no_distance_from_it():
    law = ou_law(FixedDrift(lambda t, x: -THETA * x), diffusion=G)
    assert ReferenceEnergy(500)(KEY, law, ROWS) == pytest.approx(0.0, abs=1e-12)


def test_divergence_from_brownian_motion_is_girsanovs():
    # E |theta X|^2 / (2 g^2), with E |X|^2 of the process known at every t.
    law = ou_law(FixedDrift(lambda t, x: jnp.zeros_like(x)), diffusion=G)
    t = np.linspace(0, 1, 2001)
    fade, end = np.exp(-2 * THETA * t), G**2 / (2 * THETA)
    second = (1 + 0.25) * fade + 2 * end + (0.09 + 0.81 - 2 * end) * fade
    expected = np.trapezoid(THETA**2 * second / (2 * G**2), t)
    assert ReferenceEnergy(40_000)(KEY, law, ROWS) == pytest.approx(expected, rel=0.02)


def test_divergence_weighs_times_by_the_noise_there():
    law = ConservationLaw(
        Gaussian(2, lambda t: jnp.zeros(2), lambda t: jnp.ones(2)),
        KnotheRosenblatt(),
        diffusion=lambda t: 1 + t,
    )
    # The drift is -g^2 x / 2; with this reference u - v = 1 in each coordinate.
    both = WithReference(law, FixedDrift(lambda t, x: -((1 + t) ** 2) * x / 2 - 1))
    assert ReferenceEnergy(4000)(KEY, both, ROWS) == pytest.approx(0.5, rel=1e-3)


def test_a_law_without_reference_or_noise_is_refused():
    with pytest.raises(ValueError, match="WithReference"):
        ReferenceEnergy()(KEY, ou_law(None, diffusion=G).law, ROWS)
    with pytest.raises(ValueError, match="diffusion"):
        ReferenceEnergy()(KEY, ou_law(Pull(jnp.ones(()))), ROWS)


def test_a_reference_that_is_held_pulls_and_is_not_pulled():
    def divergence(rate, mean, *, refine):
        density = Gaussian(2, lambda t: mean * jnp.ones(2), lambda t: jnp.ones(2))
        law = ConservationLaw(density, KnotheRosenblatt(), diffusion=G)
        both = WithReference(law, Pull(rate / 10))
        return ReferenceEnergy(500, refine=refine)(KEY, both, ROWS)

    at = jnp.array(2.0), jnp.array(0.7)
    held, refined = (
        jax.grad(lambda *a, r=r: divergence(*a, refine=r), argnums=(0, 1))(*at)
        for r in (False, True)
    )
    assert held[0] == 0
    assert abs(refined[0]) > 0.1
    assert held[1] == refined[1] != 0


def test_the_rate_of_a_family_is_found():
    def loss(rate, key):
        return ReferenceEnergy(500)(key, ou_law(Pull(rate / 10), diffusion=G), ROWS)

    optimiser = optax.adam(0.05)
    rate = jnp.zeros(())
    state = optimiser.init(rate)

    @jax.jit
    def step(carry, key):
        rate, state = carry
        updates, state = optimiser.update(jax.grad(loss)(rate, key), state)
        return (optax.apply_updates(rate, updates), state), None

    (rate, _), _ = jax.lax.scan(step, (rate, state), jax.random.split(KEY, 200))
    assert rate == pytest.approx(THETA, rel=0.02)


def test_units_do_not_change_a_path():
    # A particle that follows v in data units, seen in law units, follows Rescaled(v).
    reference = LotkaVolterra([1.0, 0.4, 0.1, 0.4])
    mean, std, start, scale = np.array([4.0, 3.0]), np.array([2.0, 0.5]), 1.0, 0.01
    seen = Rescaled(reference, start, scale, tuple(mean.tolist()), tuple(std.tolist()))
    x = np.array([5.0, 4.0])
    later = x + scale * np.asarray(reference(jnp.asarray(start), jnp.asarray(x)))
    z = jnp.asarray((x - mean) / std)
    later_seen = z + 1.0 * seen(jnp.zeros(()), z)  # the whole law time, one Euler step
    np.testing.assert_allclose(mean + std * np.asarray(later_seen), later, rtol=1e-12)


def test_units_of_time_reach_a_drift_that_depends_on_it():
    seen = Rescaled(FixedDrift(lambda t, x: t * jnp.ones_like(x)), 2.0, 10.0, (0.0,), (2.0,))
    assert seen(jnp.asarray(0.5), jnp.zeros(1)) == pytest.approx(7.0 * 10 / 2)


def test_lotka_volterra_stands_still_where_it_should():
    a, b, c, d = rates = (1.0, 0.4, 0.1, 0.4)
    v = LotkaVolterra(rates)(jnp.zeros(()), jnp.array([d / c, a / b]))
    np.testing.assert_allclose(v, 0, atol=1e-12)


def test_repressilator_is_cyclic_and_decays_without_production():
    x = jnp.array([0.5, 1.5, 2.5])
    genes = Repressilator(10.0, 1.0, 3.0, 1.0)
    v = genes(jnp.zeros(()), x)
    np.testing.assert_allclose(genes(jnp.zeros(()), jnp.roll(x, 1)), jnp.roll(v, 1), rtol=1e-12)
    held = 10 / (1 + 2.5**3) - 0.5
    assert v[0] == pytest.approx(held)


@pytest.mark.parametrize("reference", [LotkaVolterra(), Repressilator()])
def test_gradients_are_finite_at_empty_and_negative_locations(reference):
    def loss(reference, x):
        return jnp.sum(reference(jnp.zeros(()), x) ** 2)

    for x in (jnp.zeros(2), jnp.array([-1.0, -2.0])):
        grads = jax.grad(loss, argnums=(0, 1))(reference, x)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


def test_rates_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        LotkaVolterra([1.0, -1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="positive"):
        Repressilator(hill=0.0)


def decay_table(rows=300, seed=0):
    """Snapshots of dx = -0.5 x dt + 0.3 dW at t = 0 ... 4, different particles each time."""
    rng, frames = np.random.default_rng(seed), []
    for t in range(5):
        fade = np.exp(-0.5 * t)
        spread = np.sqrt(0.09 * fade**2 + 0.09 * (1 - fade**2))
        x = 10 * fade + spread * rng.normal(size=(rows, 2)) + np.array([[0.0, 2 * fade]])
        frames.append(pd.DataFrame({"t": t, "a": x[:, 0], "b": x[:, 1]}))
    return pd.concat(frames)


@pytest.mark.slow
def test_fit_finds_the_rate_of_decay(seed):
    model = conservax.fit(
        decay_table(seed=seed),
        seed=seed,
        time="t",
        columns=["a", "b"],
        model=Autoregressive(reference=Pull(jnp.asarray(0.01)), diffusion=0.2),
        training=Training(steps=600, progress=False),
    )
    # Over seeds 0.0499 +- 0.0001.
    assert model.reference.reference.tenth == pytest.approx(0.05, rel=0.03)


@pytest.fixture(scope="module")
def small_fit():
    """A small network in two steps, with further settings of the model."""

    def fit(out=None, **options):
        sizes = {"width": 8, "depth": 1, "components": 2, "diffusion": 0.3}
        return conservax.fit(
            decay_table(40),
            time="t",
            columns=["a", "b"],
            model=Autoregressive(**sizes | options),
            training=Training(steps=2, batch_size=32, progress=False),
            out=out,
        )

    return fit


def values(reference):
    return over_points(lambda r, t, x: r(t, x), reference, jnp.zeros(1), jnp.ones((1, 2)))


def test_fit_takes_families_functions_and_the_network(small_fit, tmp_path):
    known = small_fit(reference=LotkaVolterra())
    assert isinstance(known.reference, Rescaled)
    assert isinstance(known.law, ConservationLaw)
    known.save(tmp_path / "model.conservax")
    back = conservax.load(tmp_path / "model.conservax")
    np.testing.assert_array_equal(values(known.reference), values(back.reference))
    fixed = small_fit(reference=lambda t, x: -x)
    assert isinstance(fixed.reference.reference, FixedDrift)
    run = tmp_path / "run"
    free = small_fit(run, reference="network")
    assert isinstance(free.reference, NetworkDrift)
    back = conservax.load(run / "model.conservax")
    assert isinstance(back.reference, NetworkDrift)
    np.testing.assert_array_equal(values(free.reference), values(back.reference))
    with pytest.raises(ValueError, match="shape"):
        small_fit(reference=lambda t, x: x[0])
    with pytest.raises(conservax.DataError, match="network"):
        small_fit(reference="lorenz")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"diffusion": 0.0}, r"diffusion=0\.3"),
        ({"kinetic_weight": 0}, "kinetic_weight above 0 beside a reference"),
    ],
)
def test_a_reference_without_noise_or_weight_is_refused(options, words):
    with pytest.raises(conservax.DataError, match=words):
        Autoregressive(**{"reference": "network", "diffusion": 0.3} | options)


def test_learned_parameters_of_a_reference_have_names(small_fit):
    rates = reference_parameters(small_fit(reference="lotka-volterra").reference)
    assert list(rates) == ["a", "b", "c", "d"]
    assert reference_parameters(None) == {}
    learned = Rescaled(Repressilator(hill=3.0), 0.0, 1.0, (0.0,) * 3, (1.0,) * 3)
    assert reference_parameters(learned)["hill"] == pytest.approx(3.0)
