"""The house rules as tests: who may import whom, and how long a file may grow."""

import ast
import re
from collections.abc import Iterator

import pytest

from source_tree import (
    MAY_IMPORT,
    PACKAGE,
    ROOT,
    SOURCES,
    calls,
    imported_by,
    imported_modules,
    imported_part,
    part_of,
    python_files,
)

LONGEST_FILE, LONGEST_FUNCTION = 400, 40  # lines; of a function those of code
MOST_PARAMETERS, MOST_POSITIONAL = 14, 4
NAMES_WITHOUT_AN_IDEA = {"util", "utils", "helper", "helpers", "misc", "common"}


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


def test_the_package_knows_nothing_of_the_benchmarks():
    imported = {module.split(".")[0] for path in SOURCES for module, _ in imported_by(path)}
    assert "benchmarks" not in imported


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


# ---- files and functions


def test_files_stay_readable():
    files = [*SOURCES, *python_files(ROOT / "benchmarks", ROOT / "tests", ROOT / "examples")]
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files}
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
