"""`python -m benchmarks`: the list; `python -m benchmarks NAME [--quick] [--json] ...`: one of them."""

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
USAGE = """python -m benchmarks NAME [--quick] [--json] ...
python -m benchmarks NAME --help says what NAME measures, and its options.
NAME may be written with hyphens, too."""


def stated() -> dict[str, str]:
    """Docstring of every benchmark, by name: files here whose `run` is decorated.

    They are read, not imported: many load much.
    """
    found = {}
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text())
        functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
        if any(node.name == "run" and node.decorator_list for node in functions):
            found[path.stem] = ast.get_docstring(tree) or ""
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Exit code 0 done, 1 a claim missed, 2 bad input, 3 numbers broke."""
    name, *words = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    known = stated()
    if name in ("-h", "--help"):
        print(USAGE, "", sep="\n")
        for each, about in known.items():
            print(f"  {each:20} {about.splitlines()[0]}")
        raise SystemExit(0)
    name = name.replace("-", "_")
    if name not in known:
        _end(2, f"expected a benchmark of {', '.join(known)}; got {name!r}.")
    raise SystemExit(_run(name, known[name], words))


def _run(name: str, about: str, words: Sequence[str]) -> int:
    """Exit code of one benchmark, which is imported only now."""
    from equinox import EquinoxRuntimeError

    from benchmarks._command_line import run_benchmark
    from conservax.data import DataError
    from conservax.train import DivergedError

    try:
        benchmark = importlib.import_module(f"benchmarks.{name}").run
        return run_benchmark(name, about, benchmark, words)
    except DataError as error:
        _end(2, str(error))
    except (DivergedError, EquinoxRuntimeError) as error:
        _end(3, str(error))


def _end(code: int, text: str) -> None:
    print(f"error: {text}", file=sys.stderr)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
