"""Laws written down and read back."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conservax import density, flux, objective
from conservax.data import DataError
from conservax.law import ConservationLaw
from conservax.model import CodecError
from conservax.model._codec import decode, encode
from conservax.model._file import load_parts, save_parts

KEY = jax.random.key(0)
SMALL = {"components": 2, "width": 8, "depth": 1}
LAWS = {
    "autoregressive": lambda: ConservationLaw(
        density.Autoregressive(2, **SMALL, key=KEY),
        flux.KnotheRosenblatt(),
        flux.MatrixField(2, width=8, key=KEY),
        diffusion=0.5,
    ),
    "mixture": lambda: ConservationLaw(
        density.Mixture([density.Factorized(2, **SMALL, key=k) for k in jax.random.split(KEY, 3)]),
        flux.MixtureFlux(flux.FactorizedFlux()),
        flux.VectorField(2, width=8, envelope=False, key=KEY),
    ),
    "sigmoid": lambda: ConservationLaw(
        density.Autoregressive(2, **SMALL, key=KEY), flux.SigmoidCancellation()
    ),
}


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_law_comes_back_the_same(law, tmp_path):
    law = law()
    save_parts(tmp_path / "law", {"law": law, "about": {"answer": 42}})
    parts = load_parts(tmp_path / "law")
    again = parts["law"]
    assert parts["about"] == {"answer": 42}
    assert jax.tree.structure(again) == jax.tree.structure(law)
    t, x = jnp.asarray(0.3), jnp.array([0.4, -1.0])
    np.testing.assert_array_equal(again.log_prob(t, x), law.log_prob(t, x))
    np.testing.assert_array_equal(again.drift(t, x), law.drift(t, x))


def test_objectives_are_written_down_too():
    total = objective.NegativeLogLikelihood() + 0.5 * objective.KineticEnergy(points=7)
    description, arrays = encode(total)
    assert arrays == {}
    again = decode(json.loads(json.dumps(description)), {})
    assert [(w, term.name) for w, term in again.terms] == [(1.0, "nll"), (0.5, "kinetic")]
    assert again.terms[1][1].points == 7


def test_functions_are_not_written_down(tmp_path):
    law = ConservationLaw(
        density.Gaussian(1, lambda t: jnp.zeros(1), lambda t: jnp.ones(1)), flux.KnotheRosenblatt()
    )
    with pytest.raises(CodecError, match="arrays and numbers only"):
        save_parts(tmp_path / "law", {"law": law})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({"class": "Popen", "fields": {"args": "true"}}, "no 'Popen'"),
        ({"class": "KineticEnergy", "fields": {}}, "another version"),
        ({"class": "KineticEnergy", "fields": {"points": 1, "more": 2}}, "another version"),
        ({"array": "gone"}, "missing"),
        (["list"], "cannot read"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(description, words):
    with pytest.raises(CodecError, match=words):
        decode(description, {})


def _written(tmp_path):
    path = tmp_path / "law"
    save_parts(path, {"law": LAWS["sigmoid"]()})
    return path


def test_truncated_files_are_refused_at_any_length(tmp_path):
    path = _written(tmp_path)
    content = path.read_bytes()
    for length in (0, 4, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"law: .*(truncated|not a model)"):
            load_parts(path)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x80\x04N.", b"{}" * 1000])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "law").write_bytes(content)
    with pytest.raises(DataError, match="not a model"):
        load_parts(tmp_path / "law")


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3)}, tmp_path / "law")
    with pytest.raises(DataError, match="expected a file of format"):
        load_parts(tmp_path / "law")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match="no such model file"):
        load_parts(tmp_path / "nothing")
