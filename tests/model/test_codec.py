"""Laws written down and read back."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import conservax
from conservax import density, field, flux, objective, point_process, reference, univariate
from conservax.data import DataError, read_table, split
from conservax.fitting._stored_rows import read_split, write_split
from conservax.law import ConservationLaw
from conservax.model import CodecError
from conservax.model._codec import CLASSES, NAMES, decode, encode
from conservax.model._file import load_parts, save_parts

KEY = jax.random.key(0)
SMALL = {"components": 2, "width": 8, "depth": 1}
LAWS = {
    "autoregressive": lambda: ConservationLaw(
        density.Autoregressive(2, **SMALL, key=KEY),
        flux.KnotheRosenblatt(),
        field.MatrixField(2, width=8, key=KEY),
        diffusion=0.5,
    ),
    "mixture": lambda: ConservationLaw(
        density.Mixture([density.Factorized(2, **SMALL, key=k) for k in jax.random.split(KEY, 3)]),
        flux.MixtureFlux(flux.FactorizedFlux()),
        field.VectorField(2, width=8, envelope=False, key=KEY),
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


def made_by_files(dim=2):
    """Trees that hold, between them, every class a file may name."""
    network = {"width": 8, "depth": 1, "key": KEY}
    factorized = [density.Factorized(dim, **SMALL, key=k) for k in jax.random.split(KEY, 2)]
    places = jnp.array([[0.0, 1.0], [2.0, -1.0]])
    encoder = point_process.Encoder(dim, 5, key=KEY)
    remembering = density.Autoregressive(dim, **SMALL, condition_dim=encoder.memory, key=KEY)
    moved = ConservationLaw(
        density.Autoregressive(dim, **SMALL, key=KEY),
        flux.KnotheRosenblatt(),
        field.MatrixField(dim, domain=field.Torus(2.0, 1), **network),
        diffusion=0.5,
        reference=reference.NetworkDrift(dim, width=8, depth=1, key=KEY),
    )
    return (
        moved,
        point_process.EventLaw(
            ConservationLaw(remembering, flux.SigmoidCancellation()), encoder, key=KEY
        ),
        density.Mixture(factorized, growth_modes=2),
        density.KernelMixture(places, np.ones((2, dim)), key=KEY),
        density.FourierTrajectory(places, 0.3, places),
        density.Trajectory([0.0, 1.0], places, 0.3),
        density.Subharmonic(components=3, **network),
        density.Whitened(
            factorized[0], [0.0, 1.0], np.zeros((2, dim)), np.stack([np.eye(dim)] * 2)
        ),
        univariate.LogisticMixture(places, places, places),
        univariate.NormalMixture(places, places, places),
        flux.MixtureFlux(flux.FactorizedFlux()),
        flux.NaiveFlux(),
        flux.SubharmonicFlux(),
        field.VectorField(dim, **network),
        field.VectorField(dim, domain=field.Ball(2.0), **network),
        field.FourierField(dim, domain=field.Torus(2.0)),
        reference.Rescaled(reference.LotkaVolterra((1.0, 2.0, 3.0, 4.0)), 1.0, 2.0, (0.0,), (3.0,)),
        reference.Repressilator(),
        objective.NegativeLogLikelihood()
        + 0.5 * objective.KineticEnergy(points=7)
        + objective.LogEnergy(objective.as_sum(objective.KineticEnergy()))
        + objective.ReferenceEnergy()
        + objective.GrowthEnergy()
        + objective.GrowthPrior(times=(0.0, 1.0))
        + objective.MassError((0.0, 1.0), (1.0, 2.0))
        + objective.JacobianSymmetry(),
        point_process.SequenceLikelihood(),
    )


def modules_in(tree):
    """Classes of all modules in a tree, whatever is static."""
    if isinstance(tree, tuple):
        return set().union(*map(modules_in, tree), set())
    if not isinstance(tree, eqx.Module):
        return set()
    held = (getattr(tree, field.name) for field in dataclasses.fields(tree))
    return {type(tree)}.union(*map(modules_in, held))


def test_every_class_that_a_file_may_name_comes_back_the_same():
    trees = made_by_files()
    assert modules_in(trees) == set(CLASSES.values())
    description, arrays = encode(trees)
    again = decode(json.loads(json.dumps(description)), arrays)
    assert modules_in(again) == modules_in(trees)
    same = eqx.tree_equal(again, trees, typematch=True)
    assert same


def test_a_name_stands_for_one_class():
    assert len(NAMES) == len(CLASSES)
    assert {name for name in CLASSES if name.endswith(".NetworkDrift")} == {
        "reference.NetworkDrift"
    }
    from benchmarks.papers._simulated import SimulatedDrift  # another network of another part

    with pytest.raises(CodecError, match="cannot write down"):
        encode(SimulatedDrift(2, key=KEY))


# Parts that hold functions, or that no law has: files do without them.
NOT_IN_FILES = {
    "density.Gaussian",
    "nn.NetworkState",
    "field.Fluid",
    "field.SpaceTimeField",
    "objective.ContinuityError",
    "objective.EquationError",
    "objective.EulerError",
    "objective.FieldAsymmetry",
    "objective.FieldError",
    "objective.FluidStart",
    "objective.FreeSlip",
    "objective.InitialError",
    "objective.CollocationPoints",
    "point_process.InterEventTime",
    "reference.FixedDrift",
}


def finals(cls):
    for sub in cls.__subclasses__():
        if not sub.__name__.startswith("Abstract"):
            yield sub
        yield from finals(sub)


def test_no_part_is_forgotten():
    # A new part goes into one of the two lists, by decision and not by chance.
    assert conservax.__file__
    parts = {name.split(".")[0] for name in CLASSES}
    found = {
        f"{cls.__module__.split('.')[1]}.{cls.__name__}"
        for cls in finals(eqx.Module)
        if cls.__module__.startswith("conservax.") and cls.__module__.split(".")[1] in parts
    }
    assert found == {n for n in CLASSES if not n.startswith("equinox.")} | NOT_IN_FILES


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
        ({"class": "objective.KineticEnergy", "fields": {}}, "another version"),
        (
            {"class": "objective.KineticEnergy", "fields": {"points": 1, "more": 2}},
            "another version",
        ),
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


def damaged(content, rng):
    """The content with a byte flipped, cut out or put in, or with its end cut off."""
    place = int(rng.integers(len(content)))
    kind = rng.integers(4)
    if kind == 0:
        flipped = content[place] ^ int(rng.integers(1, 256))
        return content[:place] + bytes([flipped]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + content[place + 1 :]
    if kind == 2:
        return content[:place] + rng.bytes(int(rng.integers(1, 9))) + content[place:]
    return content[:place]


def test_of_400_damaged_files_none_loads(tmp_path):
    path = _written(tmp_path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    load_parts(path)
    for _ in range(400):
        path.write_bytes(damaged(content, rng))
        with pytest.raises(DataError, match=r"law: damaged.*(copy|again)"):
            load_parts(path)


def test_of_100_damaged_files_of_rows_none_loads(tmp_path):
    t, x = np.linspace(0, 1, 50), np.random.default_rng(1).normal(size=(50, 2))
    rows = split(read_table((t, x)), validation=0.2, seed=0)
    path = tmp_path / "data.npz"
    write_split(path, rows)
    np.testing.assert_array_equal(read_split(path).train.x, rows.train.x)
    with np.load(path) as arrays:  # as everybody reads such a file
        np.testing.assert_array_equal(arrays["train_x"], rows.train.x)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        path.write_bytes(damaged(content, rng))
        with pytest.raises(DataError, match=r"data\.npz: damaged"):
            read_split(path)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x80\x04N.", b"{}" * 1000])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "law").write_bytes(content)
    with pytest.raises(DataError, match="not a model"):
        load_parts(tmp_path / "law")


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3)}, tmp_path / "law")
    with pytest.raises(DataError, match="not a model"):
        load_parts(tmp_path / "law")


def test_a_file_without_a_checksum_is_said_to_be_of_an_earlier_version(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros(3)}, tmp_path / "law", {"format": "conservax-model-1"})
    with pytest.raises(DataError, match="earlier version"):
        load_parts(tmp_path / "law")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match="no such model file"):
        load_parts(tmp_path / "nothing")
