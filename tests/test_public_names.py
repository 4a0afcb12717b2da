"""Public names: one each, documented, and enough for the programs beside the package."""

import ast
import importlib
import inspect
import os
import runpy
import subprocess
import sys
import tomllib

import pytest

import conservax
from source_tree import (
    MAY_IMPORT,
    PACKAGE,
    ROOT,
    SOURCES,
    imported_by,
    imported_modules,
    module_names,
    python_files,
)


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
    imported = [module for path in SOURCES for module, _ in imported_by(path)]
    for path in python_files(ROOT / "benchmarks", ROOT / "tests"):
        imported += [module for module, _ in imported_modules(ast.parse(path.read_text()), "")]
    used = {tuple(module.split(".")[1:3]) for module in imported if module.startswith("conservax.")}
    assert sorted(shared - used) == []


def test_programs_beside_the_package_use_its_public_names():
    inside = {"host_overhead.py", "_scale_process.py"}  # measure the inside of a step
    files = python_files(ROOT / "benchmarks", ROOT / "examples")
    private = [
        f"{path.name} imports {module}"
        for path in files
        if path.name not in inside
        for module, _ in imported_modules(ast.parse(path.read_text()), "")
        if module.startswith("conservax.") and "._" in module
    ]
    assert private == []


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
    environment = {**os.environ, "JAX_PLATFORMS": "no_such_platform", "CONSERVAX_CACHE": ""}
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
