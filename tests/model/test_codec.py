"""Laws written down and read back."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import conservax
from conservax import (
    HoldOut,
    Training,
    bijection,
    check,
    data,
    density,
    field,
    flux,
    models,
    objective,
    point_process,
    reference,
    train,
    univariate,
)
from conservax.data import DataError, read_table, split
from conservax.fitting._stored_rows import read_split, write_split
from conservax.law import ConservationLaw
from conservax.model import CodecError, Outcome, OwnPart, Settings, StreamSource, plain
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
        field.VectorPotentialField(2, width=8, density_weighted=False, key=KEY),
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
    centres = jnp.array([[0.0, 1.0], [2.0, -1.0]])
    encoder = point_process.Encoder(dim, 5, key=KEY)
    conditional = density.Autoregressive(dim, **SMALL, condition_dim=encoder.hidden_size, key=KEY)
    moved = ConservationLaw(
        density.Autoregressive(dim, **SMALL, key=KEY),
        flux.KnotheRosenblatt(),
        field.MatrixField(dim, domain=field.Torus(2.0, 1), **network),
        diffusion=0.5,
    )
    followed = reference.WithReference(moved, reference.NetworkDrift(dim, **network))
    return (
        followed,
        point_process.EventLaw(
            ConservationLaw(conditional, flux.SigmoidCancellation()), encoder, key=KEY
        ),
        density.Mixture(factorized, growth_modes=2),
        density.KernelMixture(centres, np.ones((2, dim)), key=KEY),
        density.FourierTrajectory(centres, 0.3, centres),
        density.Trajectory([0.0, 1.0], centres, 0.3),
        density.Subharmonic(components=3, **network),
        density.Whitened(factorized[0], [0.0], np.zeros((1, dim)), np.eye(dim)[None]),
        density.PushForward(
            density.DiagonalGaussianMixture(centres, jnp.ones((2, dim))),
            bijection.Chain(
                bijection.CouplingFlow(dim, width=8, depth=1, transformer="spline", key=KEY),
                bijection.InterpolatedAffine([0.0], np.zeros((1, dim)), np.eye(dim)[None]),
            ),
        ),
        flux.PushForwardFlux(),
        univariate.LogisticMixture(centres, centres, centres),
        univariate.NormalMixture(centres, centres, centres),
        flux.MixtureFlux(flux.FactorizedFlux()),
        flux.NaiveFlux(),
        flux.SubharmonicFlux(),
        field.VectorPotentialField(dim, **network),
        field.VectorPotentialField(dim, domain=field.Ball(2.0), **network),
        field.FourierField(dim, domain=field.Torus(2.0)),
        reference.Rescaled(reference.LotkaVolterra((1.0, 2.0, 3.0, 4.0)), 1.0, 2.0, (0.0,), (3.0,)),
        reference.Repressilator(),
        objective.NegativeLogLikelihood()
        + 0.5 * objective.KineticEnergy(points=7)
        + objective.LogEnergy(objective.KineticEnergy() + objective.StateCost(points=9))
        + objective.ReferenceEnergy()
        + objective.GrowthEnergy()
        + objective.GrowthPrior(times=(0.0, 1.0))
        + objective.MassResidual((0.0, 1.0), (1.0, 2.0))
        + objective.CoupledMatching(robust=True, mass_penalty=3.0)
        + objective.JacobianSymmetry(),
        point_process.SequenceLikelihood(),
    )


RECORD = data.ComCatReader(4.5, (165.0, 210.0, -30.0, 0.0))
VALUES = {
    "what was asked for": Settings(
        model=models.Autoregressive(
            width=7,
            flux=flux.SigmoidCancellation(),
            diffusion=0.3,
            reference="network",
            kinetic_weight=0.1,
            growth_weight=0.2,
            prior_growth="births",
            total_mass={0: 1.0, 4.5: 2.7, "2024-01-01": 3.0},
        ),
        training=Training(steps=7, noise=0.0, patience=30, ensemble=2, progress=False),
        holdout=HoldOut(validation=0.2, test=0.1, by="time", leave_out=[1, 2.5, "2024-01-01"]),
        seed=3,
        objective="7 steps of nll",
        own=("objective",),
        source="rows.csv",
        rows=100,
        notes=("a note", "another"),
        left_out=(1.0, 2.5),
        fitted=(0.0, 5.0),
        equal_snapshots=True,
    ),
    "of a stream, and what it came to": Settings(
        model=models.Factorized(components=3, divergence_free=None),
        stream=StreamSource(path="/rows.parquet", time="t", columns=("x", "y")),
        outcome=Outcome(steps=5, stopped_early=True, best_step=3, best_member=1),
        reader=RECORD,
    ),
    "of events": Settings(
        model=models.PointProcess(components=3, triggering=0),
        windows=30,
        longest_window=12,
        reader=data.WindowReader("t", ("x", "y"), None, 30.0, 7.0, RECORD),
    ),
    "of a plan": Settings(
        checks=(check.CheckResult("clear", 0.1, 0.01, False, "10 % of paths hit"),),
        obstacles=(((0.0, 1.0), (2.0, 3.0)), ((1.0, 1.0),)),
        plan={"model": "fourier-trajectories", "components": 8, "weights": {"boxes": 2.0}},
    ),
    "a flow": Settings(model=models.Flow(base=models.KernelMixture(components=np.int64(5)))),
    "trajectories": Settings(model=models.Trajectories(kinetic_weight=np.float32(0.5))),
    "stages": (train.Stage(3, objective.as_sum(objective.NegativeLogLikelihood())),),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_settings_come_back_equal_from_a_file(value, tmp_path):
    save_parts(tmp_path / "model", {"settings": value})
    again = load_parts(tmp_path / "model")["settings"]
    assert again == value
    assert type(again) is type(value)


def test_parts_of_ones_own_in_settings_are_named():
    spec = models.Custom(build=made_by_files, flux=flux.NaiveFlux(), diffusion=lambda t: t)
    settings = Settings(model=spec, training=Training(optimiser=optax.sgd(0.1)))
    description, arrays = encode(settings, own_parts=True)
    again = decode(json.loads(json.dumps(description)), arrays)
    assert again.model.build == OwnPart("made_by_files")
    assert isinstance(again.model.flux, flux.NaiveFlux)
    assert isinstance(again.training.optimiser, OwnPart)
    assert decode(encode(again, own_parts=True)[0], {}) == again  # and so once more
    with pytest.raises(TypeError, match=r"made_by_files: a part of your own.*Give it again"):
        again.model.build(KEY)
    with pytest.raises(CodecError, match="cannot write down"):
        encode(settings)


def test_settings_are_read_by_people_too():
    shown = plain(VALUES["what was asked for"])
    assert json.loads(json.dumps(shown)) == shown
    assert shown["model"]["class"] == "models.Autoregressive"
    assert shown["model"]["flux"]["class"] == "flux.SigmoidCancellation"
    assert shown["model"]["total_mass"] == {"0": 1.0, "4.5": 2.7, "2024-01-01": 3.0}
    assert shown["holdout"]["leave_out"] == [1, 2.5, "2024-01-01"]
    own = plain(Settings(model=models.Custom(build=made_by_files)))
    assert own["model"]["build"] == "<made_by_files, a part of one's own>"


def test_arrays_of_no_dimension_keep_their_shape(tmp_path):
    whole = (jnp.asarray(0.5), jnp.zeros((0, 2)), jnp.ones((2, 3)).T)
    save_parts(tmp_path / "parts", {"law": whole})
    again = load_parts(tmp_path / "parts")["law"]
    assert [leaf.shape for leaf in again] == [(), (0, 2), (3, 2)]
    np.testing.assert_array_equal(again[0], 0.5)


def classes_in(tree):
    """Classes of all dataclasses in a tree, whatever is static."""
    if isinstance(tree, tuple):
        return set().union(*map(classes_in, tree), set())
    if isinstance(tree, type) or not dataclasses.is_dataclass(tree):
        return set()
    held = (getattr(tree, field.name) for field in dataclasses.fields(tree))
    return {type(tree)}.union(*map(classes_in, held))


def test_every_class_that_a_file_may_name_comes_back_the_same(tmp_path):
    trees = made_by_files()
    named = classes_in((*trees, *VALUES.values())) | {models.Custom}  # it holds code: see above
    assert named == set(CLASSES.values())
    save_parts(tmp_path / "trees", {"law": trees})
    again = load_parts(tmp_path / "trees")["law"]
    assert classes_in(again) == classes_in(trees)
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
    "bijection.FlowjaxBijection",
    "density.Gaussian",
    "nn.NetworkState",
    "field.Fluid",
    "field.SpaceTimeField",
    "objective.ContinuityResidual",
    "objective.EquationResidual",
    "objective.EulerResidual",
    "objective.FieldAsymmetry",
    "objective.FieldResidual",
    "objective.FluidInitialResidual",
    "objective.FreeSlip",
    "objective.InitialResidual",
    "objective.CollocationPoints",
    "point_process.InterEventTime",
    "reference.FixedDrift",
    "train.TrainState",
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
    modules = {name for name, cls in CLASSES.items() if issubclass(cls, eqx.Module)}
    assert found == {n for n in modules if not n.startswith("equinox.")} | NOT_IN_FILES
    specs = {cls for cls in finals(models.AbstractModelSpec) if "conservax" in cls.__module__}
    assert specs <= set(CLASSES.values())
    readers = {cls for cls in finals(data.AbstractReader) if "conservax" in cls.__module__}
    assert readers <= set(CLASSES.values())


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
    position = int(rng.integers(len(content)))
    kind = rng.integers(4)
    if kind == 0:
        flipped = content[position] ^ int(rng.integers(1, 256))
        return content[:position] + bytes([flipped]) + content[position + 1 :]
    if kind == 1:
        return content[:position] + content[position + 1 :]
    if kind == 2:
        return content[:position] + rng.bytes(int(rng.integers(1, 9))) + content[position:]
    return content[:position]


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
