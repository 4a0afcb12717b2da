"""Reports and checks of a custom density without conditionals: what needs these is left out."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import norm

import conservax
from conservax import HoldOut, Training
from conservax.data import Events
from conservax.density import AbstractDensity
from conservax.flux import AbstractFlux
from conservax.law import ConservationLaw
from conservax.models import PointProcess


class Round(AbstractDensity):
    """A standard normal around 0 at all times."""

    scale: jax.Array
    dim: int = 2
    condition_dim: int = 0

    def log_prob(self, t, x, condition=None):
        return jnp.sum(norm.logpdf(x, 0.0, self.scale))

    def sample(self, key, t, condition=None):
        return self.scale * jax.random.normal(key, (self.dim,))


class Still(AbstractFlux):
    """A flux of 0."""

    needs: ClassVar[type[AbstractDensity]] = AbstractDensity

    def velocity(self, density, t, x, condition=None):
        return jnp.zeros_like(x)

    def flux(self, density, t, x, condition=None):
        return jnp.zeros_like(x)


def test_a_report_of_events_leaves_ranks_of_locations_out(tmp_path):
    rng = np.random.default_rng(0)
    t = np.sort(rng.uniform(0, 10, (40, 6)), axis=1).ravel()
    locations, windows = rng.normal(size=(240, 2)), np.arange(40.0)
    kind = (10.0, ("east", "north"), "h", "number", "steady")
    events = Events(t, locations, np.repeat(np.arange(40), 6), windows, *kind, sequence_name="day")
    model = conservax.fit_events(
        events,
        model=PointProcess(components=5, state_size=4, width=4),
        training=Training(steps=1, progress=False),
        holdout=HoldOut(test=0.2),
    )
    own = Round(jnp.ones(()), condition_dim=model.law.law.density.condition_dim)
    law = ConservationLaw(own, Still())
    model.law = eqx.tree_at(lambda law: law.law, model.law, law)
    page = model.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "This needs a density with conditional distributions" in page
    assert "continuity equation" in page
    assert "Not checked: mass, samples and calibration" in page
    assert (
        page.count(" nats</td>") == len(conservax.scoring.event_scores(model, model.split.test)) - 1
    )
    # The likelihood of the locations in closed form, in the units of the data.
    test = model.split.test
    found = model.log_likelihood(test).spatial.sum() + len(test) * model.units.log_volume
    z = model.units.standardise(test.x)
    assert found == pytest.approx(-0.5 * np.sum(z**2 + np.log(2 * np.pi)), rel=1e-4)


def test_a_report_of_rows_leaves_calibration_out(make_model, tmp_path):
    model = make_model(2)
    model.law = ConservationLaw(Round(jnp.ones(())), Still())
    page = conservax.report.write_report(model, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "This needs a density with conditional distributions" in page
    found = conservax.check.check(model.law, key=jax.random.key(0), points=100)
    assert {result.name for result in found.results} == {
        "continuity equation",
        "spurious flux",
        "finite far out",
    }
    assert "Not checked: mass, samples and calibration" in str(found)
    assert found.to_json()["notes"] == list(found.notes)
