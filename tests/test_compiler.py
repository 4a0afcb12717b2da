"""Sums of products on CPUs, against sums without any compiler."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax._compiler import FAULTY, OPTION, avoid_faulty_kernels


def lengths(x, matrix):
    """The squared length of matrix @ row, for all rows."""
    return jax.jit(jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2)))(x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_of_many_rows_that_is_summed(dtype):
    x = np.random.default_rng(0).normal(size=(70_000, 3)).astype(dtype)
    found = lengths(jnp.asarray(x), jnp.eye(3, dtype=dtype))
    np.testing.assert_allclose(found, (x**2).sum(axis=1), rtol=1e-4)


def test_a_product_in_a_loop():
    rng = np.random.default_rng(0)
    matrix = jnp.asarray(rng.normal(size=(32, 3)), jnp.float32)
    x = jnp.asarray(rng.uniform(-0.5, 0.5, (6144, 3)), jnp.float32)
    slope = jax.jacfwd(lambda x: (1 - jnp.sum(x**2)) * jax.nn.silu(matrix @ x))
    found = jax.jit(lambda x: jax.lax.map(slope, x, batch_size=2048))(x)
    one = jax.jit(slope)
    for row in (0, 2047, 2048, 6143):
        np.testing.assert_allclose(found[row], one(x[row]), atol=1e-4)


def test_the_option_is_set_once_and_for_faulty_versions(monkeypatch):
    monkeypatch.setattr("conservax._compiler.version", lambda _: "0.10.1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_use_onednn=false")
    avoid_faulty_kernels()
    assert os.environ["XLA_FLAGS"] == "--xla_cpu_use_onednn=false"
    monkeypatch.setattr("conservax._compiler.version", lambda _: FAULTY[0])
    monkeypatch.setenv("XLA_FLAGS", f"{OPTION}=dot")
    avoid_faulty_kernels()
    assert os.environ["XLA_FLAGS"] == f"{OPTION}=dot"


@pytest.mark.parametrize("begun", [False, True])
def test_it_warns_if_it_comes_too_late(begun):
    program = "import importlib.metadata as m; old = m.version\n"
    program += f"m.version = lambda name: {FAULTY[0]!r} if name == 'jaxlib' else old(name)\n"
    program += "import jax\n" + "jax.devices()\n" * begun + "import conservax\n"
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert ("Import conservax first" in done.stderr) == begun
