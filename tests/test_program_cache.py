"""Compiled programs on disk: what another process finds, and what cannot be harmful."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import conservax
from conservax._program_cache import SUFFIX, SealedFiles

PROGRAM = """
import sys, warnings
warnings.simplefilter("error")
import conservax
folder = conservax.cache_programs()
import jax, jax.monitoring, jax.numpy as jnp
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event))

@jax.jit
def long_to_compile(x):
    for n in range(1, 40):
        x = jnp.sort(jnp.sin(n * x)) + jnp.cumsum(x)
    return x.sum()

print(float(long_to_compile(jnp.arange(50.0))))
print(hits.count("/jax/compilation_cache/cache_hits"), folder)
"""


def run(folder: Path | str | None, program: str = PROGRAM, **more: str) -> list[str]:
    """Lines that a process prints which has this cache folder."""
    env = {**os.environ, **more} | ({} if folder is None else {"CONSERVAX_CACHE": str(folder)})
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> tuple[Path, str]:
    """A folder with the programs of one process, and the number that it computed."""
    folder = tmp_path_factory.mktemp("cache")
    value, found = run(folder)
    assert found.split()[0] == "0"
    return folder, value


def programs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.program"))


def test_another_process_reads_what_the_first_compiled(first):
    folder, value = first
    again, found = run(folder)
    assert again == value
    assert int(found.split()[0]) >= 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_programs_are_compiled_again(first, tmp_path, damage):
    folder, value = first
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in programs(tmp_path):
        whole = bytearray(path.read_bytes())
        whole[len(whole) // 2] ^= 1
        damaged = {"flip": whole, "cut": whole[: len(whole) // 2], "empty": b""}[damage]
        path.write_bytes(damaged)
    again, found = run(tmp_path)  # where warnings are errors
    assert (again, found.split()[0]) == (value, "0")
    assert int(run(tmp_path)[1].split()[0]) >= 1, "they were stored again"


def test_a_folder_that_cannot_be_written_is_told_and_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("")
    quiet = PROGRAM.replace('warnings.simplefilter("error")', "")
    assert run(tmp_path / "file" / "in it", quiet)[1] == "0 None"
    loud = PROGRAM.replace('simplefilter("error")', 'filterwarnings("error")')
    env = {**os.environ, "CONSERVAX_CACHE": str(tmp_path / "file" / "in it")}
    done = subprocess.run([sys.executable, "-c", loud], env=env, capture_output=True, text=True)
    assert "compiled programs are not kept" in done.stderr


def test_off_is_off(tmp_path):
    assert run("off", XDG_CACHE_HOME=str(tmp_path))[1] == "0 None"
    assert list(tmp_path.iterdir()) == []


def test_the_default_is_the_cache_folder_of_the_user(tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path), "CONSERVAX_CACHE": ""}
    folder = Path(run(None, **environment)[1].split(maxsplit=1)[1])
    assert folder.is_relative_to(tmp_path)
    assert programs(folder)


def test_a_cache_that_jax_has_already_is_left_alone(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    found = run(ours, JAX_COMPILATION_CACHE_DIR=str(theirs))[1]
    assert found.endswith("None")
    assert not ours.exists()


def test_the_next_process_deletes_what_was_not_used_for_longest(tmp_path):
    run(tmp_path)
    room = 1 + sum(path.stat().st_size for path in programs(tmp_path)) // 2**20
    old = tmp_path / f"old{SUFFIX}"
    old.write_bytes(bytes(3 * 2**20))
    os.utime(old, (0, 0))
    theirs = tmp_path / "of-jax-cache"
    theirs.write_bytes(bytes(2**21))
    here = f"cache_programs({str(tmp_path)!r}, megabytes={room})"
    bounded = PROGRAM.replace("cache_programs()", here)
    assert int(run(None, bounded, CONSERVAX_CACHE="")[1].split()[0]) >= 1
    assert (old.exists(), theirs.exists()) == (False, True)


def test_a_folder_without_room_does_no_harm(tmp_path):
    files = SealedFiles(tmp_path / "gone", 2**20)
    files.put("key", b"program")
    assert files.get("key") is None


def test_a_user_without_a_home_has_no_cache():
    program = PROGRAM.replace(
        "folder =",
        "import platformdirs\ndef none(_): raise RuntimeError('no home')\n"
        "platformdirs.user_cache_path = none\nfolder =",
    )
    assert run(None, program, CONSERVAX_CACHE="")[1] == "0 None"


def test_a_cache_that_was_asked_for_is_named_again(tmp_path):
    program = PROGRAM.replace(
        "import jax, jax.m", "folder = conservax.cache_programs()\nimport jax, jax.m"
    )
    assert run(tmp_path, program)[1].endswith(str(tmp_path))


def test_python_has_none_unless_asked():
    program = "import conservax, jax; conservax.fit; print(jax.config.jax_compilation_cache_dir)"
    env = {k: v for k, v in os.environ.items() if k != "CONSERVAX_CACHE"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None"
    assert callable(conservax.cache_programs)


def test_the_command_line_has_it_by_default(tmp_path):
    program = textwrap.dedent("""
        import jax
        from conservax.cli import main
        try:
            main(["info", "nothing"])
        except SystemExit:
            print(jax.config.jax_compilation_cache_dir)
    """)
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "CONSERVAX_CACHE": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
