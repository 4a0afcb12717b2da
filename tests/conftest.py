"""What every test runs under. Warnings are errors too: see `filterwarnings` in pyproject.toml."""

import os
import time
from pathlib import Path

# Set before anything imports matplotlib: no test opens a window.
os.environ.setdefault("MPLBACKEND", "Agg")

# Tests spend their time compiling, not running: LLVM need not optimise what runs once, nor compile one
# program on several cores, which the workers keep busy.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1",
)

# Programs that one worker has compiled serve the others, and the next run.
os.environ.setdefault(
    "CONSERVAX_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "programs")
)

import jax
import pytest

from conservax._programs import make_room

# Closed forms are compared to rounding error. A float32 test casts its inputs and states its own
# tolerance.
jax.config.update("jax_enable_x64", True)

jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # small ones too

# A (3,) that meets a (5, 3) is more often a forgotten `vmap` than a wish. Equinox, Optax and
# Diffrax all run under this. Strict dtype promotion stays off: Optax counts steps in integers and
# scales floats by them.
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=0, help="of the slow tests that draw at random")


@pytest.fixture(scope="session")
def seed(request):
    """Of draws that a test's verdict may not depend on: limits are set so that of 10 000 runs of the
    whole suite, with other seeds, less than one fails.
    """
    return request.config.getoption("--seed")


_BEGUN = time.monotonic()
_failed: list[float] = []  # seconds after which tests failed


def pytest_runtest_logreport(report):
    if report.failed:
        _failed.append(time.monotonic() - _BEGUN)


def pytest_terminal_summary(terminalreporter):
    whole = time.monotonic() - _BEGUN
    first = f"the first after {_failed[0]:.0f} s" if _failed else "none failed"
    terminalreporter.write_line(f"{first}; all tests took {whole:.0f} s")


@pytest.fixture(autouse=True)
def _room_for_programs():
    """Tests compile functions of their own, which nothing but this gives back."""
    yield
    make_room()
