"""Cache of compiled programs: hits for equal signatures, and eviction."""

import os
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import conservax
from conservax import Training, _programs
from conservax._programs import Constant, program
from conservax.density import Factorized
from conservax.flux import FactorizedFlux
from conservax.law import ConservationLaw
from conservax.models import Autoregressive
from conservax.objective import KineticEnergy, NegativeLogLikelihood, Rows
from conservax.train import Stage, train
from oracles import Compilations

MAPS = Path("/proc/self/maps")


def memory_maps() -> int:
    return len(MAPS.read_text().splitlines())


@program(keep=2)
def heavy(scale, x, *, extra=None):
    """Enough code to take memory maps of its own."""
    for k in range(30):
        x = scale * jnp.sort(jnp.sin(k * x)) @ jnp.ones((len(x), len(x)))
    return x if extra is None else extra.tree + x


def test_equal_signatures_are_compiled_once():
    heavy(1.0, jnp.ones(3)), heavy(1.0, jnp.ones(4))
    with Compilations() as compilations:
        heavy(1.0, jnp.zeros(3)), heavy(1.0, jnp.zeros(4))
    assert compilations.count == 0
    with Compilations() as compilations:
        heavy(2.0, jnp.zeros(3))  # another number that is not an array
    assert compilations.count > 0


def test_the_least_recently_used_one_is_evicted():
    heavy(1.0, jnp.ones(3)), heavy(1.0, jnp.ones(4))
    heavy(1.0, jnp.ones(3)), heavy(1.0, jnp.ones(5))  # that of four goes
    with Compilations() as compilations:
        heavy(1.0, jnp.zeros(3)), heavy(1.0, jnp.zeros(5))
    assert compilations.count == 0
    with Compilations() as compilations:
        heavy(1.0, jnp.zeros(4))
    assert compilations.count > 0


@pytest.mark.skipif(
    sys.platform != "linux", reason="memory maps are counted where Linux lists them"
)
def test_an_evicted_program_leaves_no_memory_maps():
    x = jnp.ones(6)
    sizes = []
    for scale in range(2, 12):
        heavy(float(scale), x)
        sizes.append(memory_maps())
    one = sizes[1] - sizes[0]
    assert max(sizes[3:]) - sizes[2] <= max(one, 20), sizes


def test_constants_are_equal_by_their_contents():
    one, same, other = (Constant((np.arange(3), jnp.tanh, v)) for v in (1.0, 1.0, 2.0))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert Constant(np.arange(3)) != Constant(np.arange(1, 4))
    assert Constant(jax.random.key(0)) == Constant(jax.random.key(0)) != Constant(jax.random.key(1))
    without_hash = [Constant(lambda: None), Constant({"a": set()})]
    assert all(constant == constant for constant in without_hash)
    assert Constant({"a": set()}) != Constant({"a": set()})
    first = heavy(1.0, jnp.zeros(3), extra=Constant(np.arange(3.0)))
    second = heavy(1.0, jnp.zeros(3), extra=Constant(np.arange(3.0) + 1))
    np.testing.assert_array_equal(np.asarray(second - first), 1.0)


EFFORTS = """
import equinox as eqx, jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_enable_x64", True)
from conservax._programs import program
from conservax.density import Autoregressive
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw

density = Autoregressive(3, components=4, width=24, depth=2, key=jax.random.key(0))
law = ConservationLaw(density, KnotheRosenblatt())
t, x = jax.random.uniform(jax.random.key(1), (700,)), jax.random.normal(jax.random.key(2), (700, 3))

def energy(law, t, x):
    return jnp.mean(jax.vmap(law.log_prob)(t, x) + jnp.sum(jax.vmap(law.velocity)(t, x) ** 2, 1))

def leaves(apply):
    value, gradient = apply(eqx.filter_value_and_grad(energy))(law, t, x)
    return [value, *jax.tree.leaves(gradient)]

with jax.disable_jit():
    exact = leaves(lambda function: function)
for effort in ("least", "some", "most"):
    for found, right in zip(leaves(program(effort=effort)), exact, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-7, atol=1e-9)
print("agree")
"""


NESTED = """
import equinox as eqx, jax
from conservax.density import Autoregressive
make = lambda key: Autoregressive(2, components=2, width=8, depth=2, key=key)
inside, outside = eqx.filter_jit(make)(jax.random.key(0)), make(jax.random.key(0))
assert eqx.tree_equal(inside, outside, rtol=1e-6, atol=1e-7)
eqx.filter_eval_shape(make, jax.random.key(0))
eqx.filter_vmap(make)(jax.random.split(jax.random.key(0), 3))
print("agree")
"""


def without_flags(program):
    """What a process prints that has the compiler flags of users, not those of the tests."""
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


def test_laws_are_made_within_other_programs_too():
    assert without_flags(NESTED).endswith("agree\n")


def test_options_that_a_compiler_does_not_know_are_left_out():
    known = _programs._known({"xla_backend_optimization_level": 1, "xla_no_such_option": 1})
    assert known == {"xla_backend_optimization_level": 1}


@pytest.mark.slow
def test_numbers_do_not_depend_on_the_effort_of_the_compiler():
    # Without jit nothing is fused.
    assert without_flags(EFFORTS).endswith("agree\n")


def test_errors_at_running_keep_their_words():
    @program()
    def positive(x):
        return eqx.error_if(x, x < 0, "expected x >= 0.")

    with pytest.raises(eqx.EquinoxRuntimeError, match="expected x >= 0"):
        positive(jnp.float64(-1.0))


@pytest.mark.skipif(
    sys.platform != "linux", reason="memory maps are counted where Linux lists them"
)
def test_room_is_made_where_a_third_of_the_memory_maps_is_used(monkeypatch, tmp_path):
    held = []
    for scale in range(20, 28):  # as users compile, outside of what the library keeps
        held.append(jax.jit(lambda x, scale=scale: heavy.__wrapped__(float(scale), x)))
        held[-1](jnp.ones(6))
    full = memory_maps()
    monkeypatch.setattr(_programs, "MAX_MAPS", tmp_path / "most")
    (tmp_path / "most").write_text(str(4 * full))
    _programs.make_room()
    assert memory_maps() > full - 20
    (tmp_path / "most").write_text(str(2 * full))
    _programs.make_room()
    assert memory_maps() < full - 200
    assert np.isfinite(held[0](jnp.ones(6))).all()  # compiled again
    with Compilations() as compilations:
        heavy(1.0, jnp.ones(3))
    assert compilations.count > 0


def small_fit(seed: int, rows: int = 200, dim: int = 2) -> None:
    rng = np.random.default_rng(7)
    t, x = rng.uniform(0, 5, rows), rng.normal(size=(rows, dim))
    small = Autoregressive(width=8, depth=1, components=2)
    training = Training(steps=10, progress=False)
    model = conservax.fit((t, x), seed=seed, model=small, training=training)
    at = 1.0, x[:3]
    model.log_prob(*at), model.velocity(*at), model.sample(1.0, 3, seed=seed)


@pytest.fixture
def with_room(monkeypatch):
    """All that tests before have compiled is gone, so that none of it makes a fit let go of its own."""
    monkeypatch.setitem(_programs._evicted, "since", _programs.TURNOVER)
    _programs.make_room()


@pytest.mark.usefixtures("with_room")
def test_a_fit_with_another_seed_compiles_nothing():
    small_fit(0)
    with Compilations() as compilations:
        small_fit(1)
    assert compilations.count == 0


@pytest.mark.usefixtures("with_room")
def test_other_weights_and_noise_compile_nothing_and_are_used():
    key = jax.random.key(0)
    law = ConservationLaw(Factorized(1, components=2, width=8, depth=1, key=key), FactorizedFlux())
    rows = Rows(jnp.linspace(0, 1, 50), jnp.linspace(-1, 1, 50)[:, None])

    def run(weight, noise):
        objective = NegativeLogLikelihood() + weight * KineticEnergy()
        training = Training(batch_size=16, chunk=5, noise=noise, time_noise=noise)
        return train(law, rows, [Stage(5, objective)], key=key, training=training).metrics

    metrics = [run(0.01, 0.1)]
    with Compilations() as compilations:
        metrics += [run(10.0, 0.1), run(10.0, 0.5)]
    assert compilations.count == 0
    for weight, found in zip([0.01, 10.0, 10.0], metrics, strict=True):
        total = found["nll"] + weight * found["kinetic"]
        np.testing.assert_allclose(found["train"], total, rtol=1e-12)
    wide, narrow = metrics[2]["nll"][0], metrics[1]["nll"][0]
    assert abs(wide - narrow) > 1e-3


def test_memory_is_returned_once_after_programs_were_evicted(monkeypatch):
    returned = []
    monkeypatch.setattr(_programs, "_trim", lambda: returned.append(True))
    _programs.make_room()
    returned.clear()
    for rows in (3, 4, 5):
        heavy(3.0, jnp.ones(rows))  # the first of them goes
    _programs.make_room(), _programs.make_room()
    assert returned == [True]


def test_everything_goes_where_programs_are_evicted_all_the_time(monkeypatch):
    _programs.make_room()
    monkeypatch.setattr(_programs, "TURNOVER", 2)
    monkeypatch.setitem(_programs._evicted, "since", 0)
    heavy = program(keep=2)(globals()["heavy"].__wrapped__)  # one that nobody has called
    for rows in (3, 4, 5):
        heavy(4.0, jnp.ones(rows))
    _programs.make_room()  # one of them was evicted: too few
    with Compilations() as compilations:
        heavy(4.0, jnp.zeros(5))
    assert compilations.count == 0
    heavy(4.0, jnp.ones(6))
    _programs.make_room()
    with Compilations() as compilations:
        heavy(4.0, jnp.zeros(6))
    assert compilations.count > 0
