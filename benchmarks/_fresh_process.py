"""A function in a fresh process, whose peak memory is of this function alone; on Linux."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def in_fresh_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Result of a function of a module in a process that is started for it."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(work, *arguments).result()


def peak_memory() -> float:
    """Largest memory of this process so far, MiB.

    Not from `getrusage`, where a process begins with the peak of the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kibibytes) / 1024
