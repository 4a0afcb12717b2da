"""The source of the package, read without running it, and the picture of its parts."""

import ast
from collections.abc import Iterator
from pathlib import Path

import conservax

PACKAGE = Path(conservax.__file__).parent
ROOT = Path(__file__).parents[1]

# Each part of the package, and the parts it may import: the bottom of the building first.
MAY_IMPORT = {
    "_types": "",
    "_compiler": "",
    "_files": "",
    "_program_cache": "_files",
    "_programs": "_program_cache",
    # what parts are made of
    "nn": "_types _programs",
    "univariate": "_types",
    # the theory, in the order of its argument: what is where, how it moves, both tied, what we want
    "bijection": "_types _programs nn",
    "density": "_types nn univariate bijection",
    "field": "_types nn density",
    "flux": "_types univariate density",
    "reference": "_types nn",
    "law": "_types density field flux",
    # what nature wants: equations for densities
    "equation": "_types",
    "objective": "_types field reference law equation",
    "train": "_types _programs _files density objective",
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
    "models": "_types bijection density field flux reference law point_process data baseline",
    # a trained law in the units of its data
    "model": "_types _programs _files nn univariate bijection density field flux reference law objective train transport check point_process data models",
    "scoring": "data baseline model",
    "cells": "data model",
    "report": "_files density check data model scoring cells",
    # from data to a trained model
    "fitting": "_types _files reference objective train point_process data baseline models model scoring cells report",
    # what is done without data: steering by costs
    "control": "_types _programs univariate bijection density field flux law objective train transport check data models model fitting",
    "__init__": "_compiler _program_cache nn univariate bijection density field flux reference law equation objective train solve transport check point_process data baseline models model scoring cells report fitting control",
    "cli": "train data models model scoring fitting control __init__",
    "__main__": "cli",
}


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def part_of(path: Path) -> str:
    """`density/_base.py` -> `density`; `data/read/_csv.py` -> `data.read`; the root -> `__init__`."""
    parts = path.relative_to(PACKAGE).parts
    room = ".".join(parts[:2])
    return room if room in MAY_IMPORT else parts[0].split(".")[0]


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


SOURCES = [*python_files(PACKAGE), PACKAGE / "__init__.pyi"]


def module_names() -> list[str]:
    """Every module of the package that can be imported without running a program."""
    paths = [path.relative_to(PACKAGE.parent).with_suffix("") for path in SOURCES]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    return [name for name in names if not name.endswith(".__main__")]
