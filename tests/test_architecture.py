"""The house rules as tests: who may import whom, what a class may be, how long a file may grow."""

import ast
import functools
import importlib
import inspect
import os
import re
import runpy
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
    "_files": "",
    # what parts are made of
    "nn": "_types",
    "univariate": "_types",
    # the theory, in the order of its argument: what is where, how it moves, both tied, what we want
    "density": "_types nn univariate",
    "field": "_types nn density",
    "flux": "_types univariate density",
    "reference": "_types nn",
    "law": "_types density field flux",
    # what nature wants: equations for densities
    "equation": "_types",
    "objective": "_types field reference law equation",
    "train": "_types _programs _files objective",
    # what training solves by itself
    "solve": "_types field objective train",
    # what is done with a law once it is there
    "transport": "_types density law",
    "check": "_types _programs density law",
    # events that follow from those before
    "point_process": "_types _programs nn law objective",
    # tables in and out: knows nothing of the theory
    "data.table": "",
    "data.read": "_files data.table",
    "data.sets": "data.table data.read",
    "data": "data.table data.read data.sets",
    # what else could have been fitted to the same points
    "baseline": "",
    # what to fit, as settings
    "models": "_types density field flux reference law point_process data baseline",
    # a trained law in the units of its data
    "model": "_types _programs _files nn univariate density field flux reference law objective train transport check point_process data models",
    "scoring": "data baseline model",
    "cells": "data model",
    "report": "_files density check data model scoring cells",
    # from data to a trained model
    "fitting": "_types _files reference objective train point_process data baseline models model scoring cells report",
    # what is done without data: steering by costs
    "control": "_types _programs univariate density field flux law objective train transport check data models model fitting",
    "__init__": "_compiler nn univariate density field flux reference law equation objective train solve transport check point_process data baseline models model scoring cells report fitting control",
    "cli": "train data models model scoring fitting control __init__",
    "__main__": "cli",
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 40  # lines; of a function those of code
MOST_PARAMETERS, MOST_POSITIONAL = 14, 4
NAMES_WITHOUT_AN_IDEA = {"util", "utils", "helper", "helpers", "misc", "common"}


# ---- reading the source, without running it


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def part_of(path: Path) -> str:
    """`density/_base.py` -> `density`; `data/read/_csv.py` -> `data.read`; the root -> `__init__`."""
    parts = path.relative_to(PACKAGE).parts
    room = ".".join(parts[:2])
    return room if room in MAY_IMPORT else parts[0].removesuffix(".py")


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
    if rest and ".".join(rest[:2]) in MAY_IMPORT:
        return ".".join(rest[:2])
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


def test_the_tree_in_the_documents_is_the_picture():
    text = (ROOT / "docs" / "design.md").read_text()
    tree = re.search(r"^    src/conservax/\n(.*?)^    tests/", text, re.MULTILINE | re.DOTALL)[1]
    drawn = [name for name in re.findall(r"^ +(\w+)/", tree, re.MULTILINE)]
    rooms = [
        part.split(".")[-1] for part in MAY_IMPORT if (PACKAGE / part.replace(".", "/")).is_dir()
    ]
    assert sorted(drawn) == sorted(rooms)
    above = {part: number for number, part in enumerate(drawn)}
    wrong = [
        f"{part} imports {below}, which stands below it in docs/design.md"
        for part, names in MAY_IMPORT.items()
        for below in names.split()
        if above.get(part, 99) < above.get(below, -1) and "." not in part + below
    ]
    assert wrong == []


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
        for module, _ in imported_by(path):
            there = imported_part(module)
            if there is not None and there not in allowed:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_the_picture_has_no_arrow_too_many():
    used = {part: set() for part in MAY_IMPORT}
    for path in SOURCES:
        used[part_of(path)] |= {imported_part(module) for module, _ in imported_by(path)}
    unused = {part: sorted(set(may.split()) - used[part]) for part, may in MAY_IMPORT.items()}
    assert {part: names for part, names in unused.items() if names} == {}


def test_no_import_of_the_package_hides_in_a_function():
    hidden = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in SOURCES
        for module, lazy in imported_by(path)
        if lazy and imported_part(module) is not None
    ]
    assert hidden == []


def test_parts_use_the_public_names_of_one_another():
    private = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in SOURCES
        if path.name != "__init__.py"
        for module, _ in imported_by(path)
        if imported_part(module) not in (None, part_of(path), "__init__")
        and not part_of(path).startswith("data.")
        and any(name.startswith("_") for name in module.split(".")[2:])
    ]
    assert private == []


def public_names() -> dict[str, list[str]]:
    """What users call, by part: `__all__` of each, without the parts themselves."""
    parts = [part for part in MAY_IMPORT if "." not in part and (PACKAGE / part).is_dir()]
    rooms = {part: importlib.import_module(f"conservax.{part}") for part in parts if part != "cli"}
    return {part: room.__all__ for part, room in rooms.items()}


def test_public_classes_have_one_name_each():
    """Settings of `models` are named after the density that they make."""
    owners: dict[str, set[str]] = {}
    for part, names in public_names().items():
        for name in names:
            if isinstance(getattr(sys.modules[f"conservax.{part}"], name), type):
                owners.setdefault(name, set()).add(part)
    twice = {name: parts for name, parts in owners.items() if len(parts) > 1}
    assert {name for name, parts in twice.items() if parts != {"models", "density"}} == set()


def test_public_names_are_documented():
    bare = [
        f"{part}.{name}"
        for part, names in public_names().items()
        for name in names
        if inspect.isclass(thing := getattr(sys.modules[f"conservax.{part}"], name))
        | inspect.isroutine(thing)
        and not (inspect.getdoc(thing) or "").strip()
    ]
    assert bare == []


def test_the_reference_has_every_public_name():
    program = runpy.run_path(str(ROOT / "docs" / "api.py"))
    up_to_date = (ROOT / "docs" / "api.md").read_text() == program["text"]()
    assert up_to_date, "run: python docs/api.py"


def test_what_parts_share_beside_their_public_names_is_used_by_another():
    """`from ... import X as X` in a part: for other parts, not for users."""
    shared = {
        (part, alias.name)
        for part, public in public_names().items()
        for node in ast.parse((PACKAGE / part / "__init__.py").read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None and alias.name not in public
    }
    used = {
        tuple(module.split(".")[1:3])
        for path in [*SOURCES, *python_files(ROOT / "benchmarks", ROOT / "tests")]
        for module, _ in imported_modules(ast.parse(path.read_text()), "conservax.x")
        if module.startswith("conservax.")
    }
    assert sorted(shared - used) == []


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


def functions() -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Every function of the package, with where it is and the text around it."""
    for path in SOURCES:
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(PACKAGE)}:{node.name}", node, text


def lines_of_code(function: ast.FunctionDef, text: str) -> int:
    """Lines of the body, without docstring, comments and empty lines."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    lines = text.splitlines()[body[0].lineno - 1 : function.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)


def is_command(where: str) -> bool:
    """Whether a function is a command, whose parameters are options: nobody calls it."""
    return where.startswith("cli/") and where.endswith("_command")


def test_functions_stay_readable():
    long = {
        where: lines
        for where, node, text in functions()
        if (lines := lines_of_code(node, text)) > LONGEST_FUNCTION
    }
    assert long == {}


def test_functions_take_few_arguments_and_fewer_by_place():
    """By place at most four, `condition` aside, which comes last where there is one."""
    many, placed = [], []
    for where, node, _ in functions():
        by_place = [
            a.arg
            for a in (*node.args.posonlyargs, *node.args.args)
            if a.arg not in ("self", "cls", "condition")
        ]
        public = not node.name.startswith("_") or node.name == "__init__"
        if is_command(where):
            continue
        if len(by_place) + len(node.args.kwonlyargs) > MOST_PARAMETERS:
            many.append(where)
        if public and len(by_place) > MOST_POSITIONAL:
            placed.append(where)
    assert many == []
    assert placed == []


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
