"""The house rules as tests: who may import whom, what a class may be, how long a file may grow."""

import ast
import functools
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import equinox as eqx
import pytest

import conservax

PACKAGE = Path(conservax.__file__).parent
ROOT = Path(__file__).parents[1]

# Each part of the package, and the parts it may import: the bottom of the building first.
MAY_IMPORT = {
    "_types": "",
    "_compiler": "",
    "_programs": "",
    # what parts are made of
    "nn": "_types",
    "univariate": "_types",
    # the theory, in the order of its argument: what is where, how it moves, both tied, what we want
    "density": "_types nn univariate",
    "field": "_types nn density",
    "flux": "_types univariate density",
    "reference": "_types nn density",
    "law": "_types density field flux reference",
    # what nature wants: equations for densities
    "equation": "_types",
    "objective": "_types density field flux law equation",
    "train": "_types _programs density flux law objective",
    # what training solves by itself
    "solve": "_types field objective train",
    # what is done with a law once it is there
    "transport": "_types _programs density flux law",
    "check": "_types _programs density flux law",
    # tables in: knows nothing of the theory
    "data": "",
    # what else could have been fitted to the same points
    "baseline": "",
    # laws of events that remember
    "point_process": "_types _programs nn density flux law objective",
    # what the user holds
    "model": "_types _programs nn univariate density field flux law objective train transport check data baseline point_process reference",
    "report": "_types density flux law objective train transport check data baseline model",
    # what is done without data: steering by costs
    "control": "_types _programs univariate density field flux law objective train transport check data model",
    "__init__": "_compiler _types nn univariate density field flux reference law equation objective train solve transport check data baseline point_process model report control",
    "cli": "_types density flux law objective train transport check data baseline model report control __init__",
    "__main__": "cli",
}
# A convenience method may open one higher part, inside the method and nowhere else.
OPENED_ON_USE = {("model", "report")}

LONGEST_FILE = 400
NAMES_WITHOUT_AN_IDEA = {"util", "utils", "helper", "helpers", "misc", "common"}


# ---- reading the source, without running it


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def part_of(path: Path) -> str:
    """`density/_base.py` -> `density`; `model.py` -> `model`; the root -> `__init__`."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_part(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def imported_modules(tree: ast.AST, package: str) -> Iterator[tuple[str, bool]]:
    """Every module named in an import, absolute, and whether the import stands inside a function.

    `package` is the dotted package that holds the source. `from a import b` gives `a.b`.
    """
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, functions)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in lazy
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            stem = [*above, node.module] if node.level and node.module else above
            module = ".".join(stem) if node.level else node.module
            for alias in node.names:
                yield f"{module}.{alias.name}", id(node) in lazy


def imported_by(path: Path) -> list[tuple[str, bool]]:
    package = ".".join(("conservax", *path.relative_to(PACKAGE).parent.parts))
    return list(imported_modules(ast.parse(path.read_text()), package))


def imported_part(module: str) -> str | None:
    """The part of conservax that a module belongs to; None if it is another library's."""
    top, *rest = module.split(".")
    if top != "conservax":
        return None
    return rest[0] if rest and is_part(rest[0]) else "__init__"


def calls(path: Path, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(ast.parse(path.read_text()))
    )


SOURCES = python_files(PACKAGE)


def module_names() -> list[str]:
    """Every module of the package that can be imported without running a program."""
    paths = [path.relative_to(PACKAGE.parent).with_suffix("") for path in SOURCES]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    return [name for name in names if not name.endswith(".__main__")]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import conservax.flux", [("conservax.flux", False)]),
        (
            "from conservax.flux import A, B",
            [("conservax.flux.A", False), ("conservax.flux.B", False)],
        ),
        ("from . import _base", [("conservax.density._base", False)]),
        ("from ._base import A", [("conservax.density._base.A", False)]),
        ("from .. import flux", [("conservax.flux", False)]),
        ("from ..flux._base import A", [("conservax.flux._base.A", False)]),
        ("def f():\n    import diffrax", [("diffrax", True)]),
        ("if True:\n    from diffrax import Tsit5", [("diffrax.Tsit5", False)]),
    ],
)
def test_imports_are_read_from_the_source(source, found):
    assert list(imported_modules(ast.parse(source), "conservax.density")) == found


# ---- the tree


def test_every_part_is_drawn_in_the_picture():
    parts = {part_of(path) for path in SOURCES}
    assert parts <= MAY_IMPORT.keys(), "draw the new part in MAY_IMPORT, and in docs/design.md"


def test_the_picture_has_no_cycle():
    drawn: set[str] = set()
    for part, below in MAY_IMPORT.items():
        assert set(below.split()) <= drawn, f"{part} is drawn below something that it imports"
        drawn.add(part)


def test_imports_point_one_way():
    wrong = []
    for path in SOURCES:
        here = part_of(path)
        allowed = {here, *MAY_IMPORT.get(here, "").split()}
        for module, lazy in imported_by(path):
            there = imported_part(module)
            opened = lazy and (here, there) in OPENED_ON_USE
            if there is not None and there not in allowed and not opened:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_programs_beside_the_package_use_its_public_names():
    inside = {"host_overhead.py"}  # measures the inside of a step
    files = python_files(ROOT / "benchmarks", ROOT / "examples")
    private = [
        f"{path.name} imports {module}"
        for path in files
        if path.name not in inside
        for module, _ in imported_modules(ast.parse(path.read_text()), "")
        if module.startswith("conservax.") and "._" in module
    ]
    assert private == []


def test_the_package_knows_nothing_of_the_benchmarks():
    imported = {module.split(".")[0] for path in SOURCES for module, _ in imported_by(path)}
    assert "benchmarks" not in imported


def test_benchmarks_stay_readable():
    files = python_files(ROOT / "benchmarks")
    lengths = {path.name: len(path.read_text().splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_only_transport_integrates():
    users = {
        part_of(path)
        for path in SOURCES
        for module, _ in imported_by(path)
        if module.split(".")[0] == "diffrax"
    }
    assert users == {"transport"}


def test_only_the_command_line_prints():
    assert {part_of(path) for path in SOURCES if calls(path, "print")} <= {"cli"}


def test_files_stay_readable():
    lengths = {path.relative_to(PACKAGE): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_files_and_folders_are_named_after_an_idea():
    files = python_files(PACKAGE, *(ROOT / name for name in ("tests", "benchmarks", "examples")))
    names = {part for path in files for part in path.relative_to(ROOT).with_suffix("").parts}
    assert {name for name in names if name.strip("_") in NAMES_WITHOUT_AN_IDEA} == set()


def test_papers_cited_in_the_source_are_in_the_bibliography():
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "references.bib").read_text(), re.MULTILINE))
    cited = {
        key for path in SOURCES for key in re.findall(r"\[([a-z]+\d{4}[a-z]?)\]", path.read_text())
    }
    assert cited <= known


# ---- the classes: abstract or final


@functools.cache
def our_modules() -> tuple[type, ...]:
    """Every `equinox.Module` that the package defines."""
    for name in module_names():
        importlib.import_module(name)

    def descendants(cls: type) -> Iterator[type]:
        for sub in cls.__subclasses__():
            yield sub
            yield from descendants(sub)

    ours = {cls for cls in descendants(eqx.Module) if cls.__module__.startswith("conservax.")}
    return tuple(sorted(ours, key=repr))


def still_abstract(cls: type) -> set[str]:
    """The methods and fields that a class leaves open."""
    return {*cls.__abstractmethods__, *cls.__abstractvars__, *cls.__abstractclassvars__}


def test_abstract_classes_say_so_and_the_others_are_complete():
    wrong = {
        cls.__qualname__: still_abstract(cls)
        for cls in our_modules()
        if bool(still_abstract(cls)) != cls.__name__.lstrip("_").startswith("Abstract")
    }
    assert wrong == {}


def test_complete_classes_are_final():
    ours = set(our_modules())
    bases = {base for cls in ours for base in cls.__bases__ if base in ours}
    assert [base for base in bases if not still_abstract(base)] == []


def test_no_concrete_method_is_overridden():
    ours = set(our_modules())
    overridden = [
        f"{cls.__qualname__}.{name} overrides {base.__qualname__}.{name}"
        for cls in ours
        for base in cls.__mro__[1:]
        if base in ours
        for name in vars(cls).keys() & vars(base).keys() - still_abstract(base)
        if not name.startswith("__") and name != "_abc_impl"
    ]
    assert overridden == []


# ---- importing it, and its name on the tin


IMPORT_ALL = """
import os, sys
import jax
before = dict(jax.config.values), os.environ.get("JAX_PLATFORMS")
for name in sys.argv[1:]:
    __import__(name)
assert (dict(jax.config.values), os.environ.get("JAX_PLATFORMS")) == before, "jax was configured"
"""


def test_importing_it_neither_configures_jax_nor_starts_a_device():
    # On a platform that does not exist every array operation fails, one at the top of a module too.
    environment = {**os.environ, "JAX_PLATFORMS": "no_such_platform"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *module_names()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_package_knows_its_version(version):
    assert conservax.__version__ == version, "the version changed: `make test` installs it"


def test_the_changelog_has_the_version(version):
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text()


def test_the_citation_has_the_version(version):
    assert f'\nversion: "{version}"\n' in (ROOT / "CITATION.cff").read_text()
