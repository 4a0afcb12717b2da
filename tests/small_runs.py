"""A small law, rows whose entropy is known, and a short training of both."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from conservax.density import Factorized
from conservax.flux import FactorizedFlux
from conservax.law import ConservationLaw
from conservax.objective import NegativeLogLikelihood, Rows
from conservax.train import Stage, Training, train

KEY = jax.random.key(0)
NLL = NegativeLogLikelihood()


def small_law(key=KEY):
    density = Factorized(1, components=3, width=16, depth=2, key=key)
    return ConservationLaw(density, FactorizedFlux())


def moving_rows(n, seed=0):
    """N(2 t - 1, 0.5^2), whose entropy is known at every time."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(size=n)
    return Rows(jnp.asarray(t), jnp.asarray(rng.normal(2 * t - 1, 0.5))[:, None])


def fit(steps=40, law=None, objective=NLL, **arguments):
    """`train` on one stage; arguments of `Training` are recognised by their names."""
    law = small_law() if law is None else law
    rows = arguments.pop("rows", moving_rows(500))
    settings = {name: arguments.pop(name) for name in [*arguments] if hasattr(Training, name)}
    training = Training(**{"batch_size": 64, "chunk": 10} | settings)
    return train(law, rows, [Stage(steps, objective)], key=KEY, training=training, **arguments)


def leaves(trained):
    return jax.tree.leaves(eqx.filter(trained.law, eqx.is_array))


def assert_same(one, other):
    for a, b in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
