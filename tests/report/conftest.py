"""A model with closed forms to report on, and a browser for the page."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from conservax.check import CheckReport, CheckResult
from conservax.data import Split, Table, Units, split
from conservax.density import Gaussian
from conservax.flux import KnotheRosenblatt
from conservax.law import ConservationLaw
from conservax.model import Settings

SPREAD = 0.5
DRIFT = 2.0  # of every coordinate, in standardised units over the whole time range
METRICS = pd.DataFrame(
    {
        "step": [1, 10, 100, 1000],
        "train": [3.0, 2.0, 1.5, 1.2],
        "validation": [np.nan, 2.1, 1.6, 1.4],
        "negative_log_likelihood": [2.5, 1.5, 1.0, 0.7],
        "kinetic_energy": [0.5, 0.5, 0.5, 0.5],
    }
)
CHECKED = (
    CheckResult(name="mass", value=2e-7, limit=1e-4, passed=True, detail="1 < 2 & so on"),
    CheckResult(name="ranks", value=0.3, limit=0.1, passed=False, detail="too far"),
)


@eqx.filter_jit
def _over_rows(function: Callable, *rows: jax.Array) -> jax.Array:
    return jax.vmap(function)(*rows)


@dataclass
class KnownModel:
    """A Gaussian of standard deviation 1/2 that moves from -1 to 1 along every coordinate."""

    units: Units
    split: Split | None
    metrics: pd.DataFrame = field(default_factory=lambda: METRICS)
    settings: Settings = field(default_factory=lambda: Settings(notes=("a < b",)))
    check_passes: bool = False

    @cached_property
    def law(self) -> ConservationLaw:
        dim = self.units.dim
        mean = lambda t: (t - 0.5) * jnp.full(dim, DRIFT)  # noqa: E731
        return ConservationLaw(
            Gaussian(dim, mean, lambda t: jnp.full(dim, SPREAD)), KnotheRosenblatt()
        )

    def _inside(self, t, x):
        axis = self.units.time
        return axis.to_unit(np.broadcast_to(axis.parse(t), len(x))), self.units.standardise(x)

    def log_prob(self, t, x):
        rows = _over_rows(self.law.log_prob, *map(jnp.asarray, self._inside(t, x)))
        return np.asarray(rows) - self.units.log_volume

    def velocity(self, t, x):
        rows = _over_rows(self.law.velocity, *map(jnp.asarray, self._inside(t, x)))
        return np.asarray(rows) * np.array(self.units.std) / self.units.time.scale

    def sample(self, t, n, *, seed=0):
        axis = self.units.time
        times = jnp.asarray(axis.to_unit(np.broadcast_to(axis.parse(t), n)))
        keys = jax.random.split(jax.random.key(seed), n)
        return self.units.restore(_over_rows(self.law.sample, keys, times))

    def transport(self, x, t0, t1):
        axis = self.units.time
        first, last = (axis.to_unit(axis.parse(t)) for t in (t0, t1))
        return x + self.velocity(t0, x) * (last - first) * axis.scale

    def calibration(self, table):
        inside = self._inside(self.units.time.to_column(table.t), table.x)
        return np.asarray(_over_rows(self.law.density.conditional_cdf, *map(jnp.asarray, inside)))

    def check(self):
        results = CHECKED[:1] if self.check_passes else CHECKED
        return CheckReport(tuple(results))


def known_model(dim: int, *, columns=None, kind="number", source="known", data=True) -> KnownModel:
    """The model above with 600 rows drawn from it, in other units per coordinate."""
    rng = np.random.default_rng(0)
    u = np.sort(rng.uniform(0, 1, 600))
    z = (u[:, None] - 0.5) * DRIFT + SPREAD * rng.normal(size=(600, dim))
    t = 1.7e9 + 86400 * 50 * u if kind == "timestamp" else 2.0 + 8.0 * u
    columns = columns or tuple(f"x{i}" for i in range(dim))
    scale, shift = 10.0 ** np.arange(dim), np.arange(dim)
    table = Table(t, z * scale + shift, tuple(columns), "when", kind, source)
    units = Units(
        Units.of(table).time, table.columns, tuple(map(float, shift)), tuple(map(float, scale))
    )
    parts = split(table, validation=0.2, test=0.2, seed=0)
    model = KnownModel(units, parts if data else None)
    model.settings = replace(model.settings, source=source)
    return model


@pytest.fixture(scope="session")
def make_model() -> Callable[..., KnownModel]:
    return known_model


class Browser:
    """Headless Chromium, driven over the WebDriver protocol."""

    def __init__(self, driver: str, profile: Path):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._address = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wait_for_driver()
            self._session = self._open(profile)
        except BaseException:
            self._process.terminate()
            self._process.wait()
            raise

    def _wait_for_driver(self) -> None:
        for _ in range(100):
            try:
                self._call("GET", "/status")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("chromedriver did not start")

    def _open(self, profile: Path) -> str:
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--window-size=1280,900", f"--user-data-dir={profile}",
        ]  # fmt: skip
        wanted = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        }
        opened = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        return f"/session/{opened['sessionId']}"

    def _call(self, method: str, path: str, body: dict | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise RuntimeError(error.read().decode()[:500]) from None

    def open(self, page: Path, *, dark: bool = False) -> None:
        """Show a page, in the light or the dark theme."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        emulate = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [scheme]}}
        self._call("POST", f"{self._session}/goog/cdp/execute", emulate)
        self._call("POST", f"{self._session}/url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self._call("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def keys(self, selector: str, text: str) -> None:
        """Type into an element."""
        find = {"using": "css selector", "value": selector}
        element = next(iter(self._call("POST", f"{self._session}/element", find).values()))
        self._call("POST", f"{self._session}/element/{element}/value", {"text": text})

    def console(self) -> list[str]:
        """Messages of the page to the console since the last call."""
        entries = self._call("POST", f"{self._session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def picture(self) -> bytes:
        """The pixels of the canvas."""
        url = self.run("return document.getElementById('canvas').toDataURL()")
        return base64.b64decode(url.split(",")[1])

    def close(self) -> None:
        try:
            self._call("DELETE", self._session)
        finally:
            self._process.terminate()
            self._process.wait()


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("no chromedriver here: install Chromium and its driver to test the page")
    opened = Browser(driver, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
