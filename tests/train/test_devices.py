"""Training on several devices and hosts: the same laws as on one."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import jax
import numpy as np
import pytest

from benchmarks.scale import one_step
from conservax.train import CHECKPOINT, METRICS
from small_runs import fit, leaves, moving_rows

TESTS = str(Path(__file__).parents[1])


def test_two_devices_agree_with_one():
    program = textwrap.dedent("""
        import jax, sys
        jax.config.update("jax_enable_x64", True)
        sys.path.insert(0, sys.argv[1])
        from small_runs import NLL, fit, leaves
        from conservax.objective import KineticEnergy
        import numpy as np
        trained = fit(20, ensemble=2, objective=NLL + 0.1 * KineticEnergy())
        print(len(jax.devices()), repr(float(sum(np.sum(leaf) for leaf in leaves(trained)))))
    """)
    results = {}
    for devices in (1, 2):
        flags = f"--xla_force_host_platform_device_count={devices}"
        done = subprocess.run(
            [sys.executable, "-c", program, TESTS],
            env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            check=True,
        )
        count, value = done.stdout.split()
        assert int(count) == devices
        results[devices] = float(value)
    assert results[2] == pytest.approx(results[1], rel=1e-9)


def test_a_device_does_no_more_beside_others():
    """Operations of a step, counted by the compiler, at as many rows on each device."""
    operations = [one_step(devices)["operations"] for devices in (1, 2)]
    assert operations[1] < 1.05 * operations[0]


def test_two_hosts_agree_with_one_and_share_a_folder(tmp_path):
    program = textwrap.dedent("""
        import jax, sys
        from pathlib import Path
        here, port, rank, run = sys.argv[1:]
        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"127.0.0.1:{port}", 2, int(rank))
        sys.path.insert(0, here)
        from small_runs import fit, leaves, moving_rows
        import numpy as np
        shards = lambda number: moving_rows(200, seed=number)
        trained = fit(20, rows=shards, run=Path(run), validation=moving_rows(50, seed=2))
        print("sum", repr(float(sum(np.sum(leaf) for leaf in leaves(trained)))))
    """)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    hosts = [
        subprocess.Popen(
            [sys.executable, "-c", program, TESTS, port, rank, str(tmp_path)],
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    output = [host.communicate(timeout=120)[0] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0]
    shards = lambda number: moving_rows(200, seed=number)  # noqa: E731
    alone = fit(20, rows=shards, validation=moving_rows(50, seed=2))
    expected = float(sum(np.sum(leaf) for leaf in leaves(alone)))
    for text in output:
        assert float(text.split("sum")[1]) == pytest.approx(expected, rel=1e-9)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, METRICS]


def test_a_batch_that_devices_cannot_share_is_refused(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: ["one", "two", "three"])
    with pytest.raises(ValueError, match="multiple of 3"):
        fit(batch_size=64)
