"""Claim: users wait little for compilers and imports.

A session (import, fit, its first uses, `check`, `report`, and all of it again) in a process with an
empty cache of compiled programs, and in a second one that finds the programs of the first; on the
rows of the demo and on generated tables. Imports are compared with those of JAX, Equinox and Optax.
Training steps of several models are timed by themselves, so that a program which compiles sooner
does not run longer unseen.

    python -m benchmarks wait [--quick] [--repeats 3] [--tables demo ...] [--before FOLDER] [--json]

`--before` is a checkout of an earlier commit: its sessions take turns with those of this one. Quick:
the demo's rows, once. Every figure is the median over the repeats.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.claim import Claim, Findings, Option, benchmark, log

HERE = Path(__file__).parents[1]
TABLES = ("demo", "2000x5", "20000x20")
FOUNDATIONS = "import jax, equinox, optax"
COMMANDS = {
    "python": ("-c", "pass"),
    "foundations": ("-c", FOUNDATIONS),
    "import": ("-c", "import conservax"),
    "import of everything": ("-c", "import conservax as c; [getattr(c, n) for n in c.__all__]"),
    "--help": ("-m", "conservax", "--help"),
    "--version": ("-m", "conservax", "--version"),
    "fit --help": ("-m", "conservax", "fit", "--help"),
}
LIMITS = {"import": 1.3, "second": 0.2, "before": 1 / 3, "step": 1.1}
NEWER, OLDER = "this commit", "before"

Rows = dict[tuple[str, str, str, str], list[Mapping[str, Any]]]


def environment(checkout: Path, cache: str) -> dict[str, str]:
    """The environment of a process with the package of a checkout, and a cache folder of its own."""
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(checkout / "src"), str(HERE)]),
        "CONSERVAX_CACHE": cache,
        "COLUMNS": "120",
    }


def seconds_of(arguments: tuple[str, ...], env: Mapping[str, str]) -> float:
    """Seconds of a Python process, with its start."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def printed(env: Mapping[str, str], module: str, *arguments: str) -> Any:
    """What a process of its own prints."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, env=env, cwd=HERE, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def starts(checkouts: Mapping[str, Path], repeats: int) -> dict[tuple[str, str], float]:
    """Median seconds of the commands of each checkout, taken in turn."""
    took = defaultdict(list)
    with TemporaryDirectory() as cache:
        for turn in range(repeats + 1):  # the first one writes the byte code
            for commit, checkout in checkouts.items():
                for name, arguments in COMMANDS.items():
                    seconds = seconds_of(arguments, environment(checkout, cache))
                    if turn:
                        took[commit, name].append(seconds)
    return {key: statistics.median(seconds) for key, seconds in took.items()}


def sessions(checkouts: Mapping[str, Path], tables: tuple[str, ...], repeats: int) -> Rows:
    """Stages of all sessions by commit, table, process and stage."""
    found: Rows = defaultdict(list)
    for table in tables:
        for turn in range(repeats):
            for commit, checkout in checkouts.items():
                with TemporaryDirectory() as cache:
                    for process in ("first", "second"):
                        log(f"{table}, {turn + 1} of {repeats}: {commit}, {process} process")
                        rows = printed(environment(checkout, cache), "_wait_process", table)
                        log(", ".join(f"{row['stage']} {row['seconds']:.1f} s" for row in rows))
                        for row in rows:
                            found[commit, table, process, row["stage"]].append(row)
    return found


def steps(checkouts: Mapping[str, Path], repeats: int) -> list[dict[str, Any]]:
    """Median milliseconds of a training step of each model, one column for each commit."""
    took = defaultdict(list)
    for turn in range(repeats):
        for commit, checkout in checkouts.items():
            log(f"steps, {turn + 1} of {repeats}: {commit}")
            for name, of_step in printed(environment(checkout, "off"), "_step_process").items():
                took[name, commit].append(of_step)
    names = dict.fromkeys(name for name, _ in took)
    return [
        {"step": name} | {commit: statistics.median(took[name, commit]) for commit in checkouts}
        for name in names
    ]


def medians(found: Rows) -> Iterator[dict[str, Any]]:
    """A row of medians for each stage, with the largest program of the first repeat."""
    for (commit, table, process, stage), rows in found.items():
        numbers = ("seconds", "tracing", "compiling", "programs", "largest seconds")
        middle = {name: statistics.median(row[name] for row in rows) for name in numbers}
        where = {"commit": commit, "table": table, "process": process, "stage": stage}
        yield where | middle | {"largest": rows[0]["largest"]}


def claims_of(
    starting: Mapping[tuple[str, str], float], rows: list[dict[str, Any]]
) -> Iterator[Claim]:
    """Limits: of imports, of programs compiled again, of a second process, and against before."""
    python = starting[NEWER, "python"]
    own, others = (starting[NEWER, name] - python for name in ("import", "foundations"))
    yield Claim("import / foundations", own / others, LIMITS["import"])
    named = {(r["commit"], r["table"], r["process"], r["stage"]): r for r in rows}
    for table in dict.fromkeys(row["table"] for row in rows):
        first, second = (
            {r["stage"]: r for r in rows if (r["commit"], r["table"], r["process"]) == key}
            for key in ((NEWER, table, "first"), (NEWER, table, "second"))
        )
        again = [row["programs"] for stage, row in first.items() if stage.endswith(" again")]
        yield Claim(f"{table}: programs compiled again in a process", sum(again), 0)
        ratio = second["fit"]["compiling"] / first["fit"]["compiling"]
        yield Claim(f"{table}: compiling, second process / first", ratio, LIMITS["second"])
        for stage, what in (("fit", "compiling"), ("check", "seconds"), ("report", "seconds")):
            old = named.get((OLDER, table, "first", stage))
            if old is not None:
                ratio = first[stage][what] / old[what]
                yield Claim(f"{table}: {what} of {stage} / before", ratio, LIMITS["before"])


def slower(stepping: list[dict[str, Any]]) -> Iterator[Claim]:
    """No step takes longer than before, but for the noise of the machine."""
    for row in stepping:
        if OLDER in row:
            yield Claim(f"step of {row['step']} / before", row[NEWER] / row[OLDER], LIMITS["step"])


@benchmark(
    repeats=Option(3, "sessions of each kind, in turn", quick=1, least=1),
    tables=Option(TABLES, "tables", quick=("demo",)),
    before=Option("", "checkout of an earlier commit to compare with"),
)
def run(*, quick: bool, repeats: int, tables: tuple[str, ...], before: str) -> Findings:
    """Quick: fewer tables and repeats."""
    del quick
    checkouts = {NEWER: HERE} | ({OLDER: Path(before).resolve()} if before else {})
    starting = starts(checkouts, repeats)
    rows = list(medians(sessions(checkouts, tuple(tables), repeats)))
    stepping = steps(checkouts, repeats)
    begun = [
        {"commit": commit, "command": name, "seconds": seconds}
        for (commit, name), seconds in starting.items()
    ]
    claims = [*claims_of(starting, rows), *slower(stepping)]
    return Findings(rows, claims, {"start": begun, "milliseconds of a step": stepping})
