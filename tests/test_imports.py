"""What is imported when: heavy libraries only where they are called."""

import json
import subprocess
import sys

import pytest

import conservax

HEAVY = "sklearn scipy.stats scipy.spatial scipy.ndimage matplotlib ot diffrax PIL hvsampledata"


def imported_after(program: str, among: str) -> list[str]:
    """Which of these modules a process has imported after a program."""
    check = f"\nimport sys; import json; print(json.dumps([n for n in {among.split()!r} if n in sys.modules]))"
    command = [sys.executable, "-c", program + check]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("option", ["--help", "--version", ""])
def test_help_and_version_do_without_jax(option):
    program = f"""
from conservax.cli import main
try:
    main({[option] if option else []!r})
except SystemExit as done:
    assert done.code in (0, 2)
"""
    assert imported_after(program, "jax numpy pandas equinox") == []


def test_fit_is_there_without_what_it_calls_later():
    assert imported_after("import conservax; conservax.fit", HEAVY) == []


def test_every_public_name_is_there_in_a_fresh_process():
    program = "import conservax as c; [getattr(c, name) for name in c.__all__]; assert dir(c)"
    assert imported_after(program, "jax pandas " + HEAVY) == ["jax", "pandas"]


def test_names_are_listed_beside_those_of_any_module():
    assert {"fit", "models", "__version__", "__doc__"} <= set(dir(conservax))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        conservax.no_such_name  # noqa: B018
