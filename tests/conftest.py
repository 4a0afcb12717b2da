"""What every test runs under. Warnings are errors too: see `filterwarnings` in pyproject.toml."""

import os

# Set before anything imports matplotlib: no test opens a window.
os.environ.setdefault("MPLBACKEND", "Agg")

# Tests spend their time compiling, not running: LLVM need not optimise what runs once.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

import itertools

import jax
import pytest

# Closed forms are compared to rounding error. A float32 test casts its inputs and states its own
# tolerance.
jax.config.update("jax_enable_x64", True)

# A (3,) that meets a (5, 3) is more often a forgotten `vmap` than a wish. Equinox, Optax and
# Diffrax all run under this. Strict dtype promotion stays off: Optax counts steps in integers and
# scales floats by them.
jax.config.update("jax_numpy_rank_promotion", "raise")

# Every compiled program takes memory maps, of which Linux gives a process 65530: a long session
# without this ends in a segmentation fault of the compiler.
FORGET_AFTER = 100
_finished = itertools.count(1)


@pytest.fixture(autouse=True)
def _few_programs_at_once():
    yield
    if next(_finished) % FORGET_AFTER == 0:
        jax.clear_caches()
