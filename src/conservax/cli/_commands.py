"""Commands by name, each imported only when it is called: help starts without JAX."""

import ast
import importlib
import os
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

import conservax

# Each is the function of this name in the module of this name.
COMMANDS = (
    "annotate",
    "check",
    "demo",
    "fit",
    "info",
    "plan",
    "report",
    "sample",
    "score",
    "transport",
)


class LazyCommands(TyperGroup):
    """Group of commands: `conservax --help` reads their descriptions from source."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command if it was imported, or else one that has its description alone."""
        if cmd_name in self.commands or cmd_name not in COMMANDS:
            return self.commands.get(cmd_name)
        return TyperCommand(cmd_name, help=_description(cmd_name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called; for another word, those like it are suggested."""
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
            if not os.environ.get("CONSERVAX_CACHE"):  # the package looks at it when imported
                conservax.cache_programs()
        else:
            self.commands.update({name: self.get_command(ctx, name) for name in COMMANDS})
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="conservax",
    cls=LazyCommands,
    epilog="Start with: conservax demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def load_command(name: str) -> Any:
    """A command with its options, imported."""
    importlib.import_module(f"conservax.cli._{name}")
    return typer.main.get_group(app).commands[name]


def _description(name: str) -> str:
    """Docstring of the function of a command, which is not imported."""
    tree = ast.parse(Path(__file__).with_name(f"_{name}.py").read_text(encoding="utf-8"))
    (function,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == f"{name}_command"
    )
    return ast.get_docstring(function) or ""
