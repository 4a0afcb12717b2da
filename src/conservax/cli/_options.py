"""Options of the command line from fields of settings: names, types, help and defaults."""

import inspect
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, fields
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from rich.markup import escape

_PLAIN = (bool, int, float, str)  # in the order in which they are looked for
_BULLET = re.compile(r"^- ((?:`\w+`(?:, )?)+):\s*(.*(?:\n(?!- |\n)\s*.*)*)", re.MULTILINE)


def options(
    settings: Sequence[type], panel: Callable[[str], str], skip: Iterable[str] = ()
) -> list[inspect.Parameter]:
    """Options for the fields of one dataclass or of several alternatives, where a type allows it.

    The help is the first sentence of the documentation of the field. Where it differs between
    classes, it names them.

    **Arguments:**

    - `settings`: dataclasses with an `**Attributes:**` list in their docstrings.
    - `panel`: the panel of a field, by its name.
    - `skip`: fields without an option.
    """
    found: dict[str, list[tuple[type, Field]]] = {}
    for cls in settings:
        for field in fields(cls):
            if field.name not in skip and typed(cls, field.name) is not None:
                found.setdefault(field.name, []).append((cls, field))
    return [_parameter(name, owners, settings, panel(name)) for name, owners in found.items()]


def switches(named: Mapping[str, type], panel: str) -> list[inspect.Parameter]:
    """One switch for each of several classes by its name; its help is how the class is documented."""
    found = []
    for name, cls in named.items():
        help = _first(inspect.cleandoc(cls.__doc__ or "")) + "."
        option = typer.Option(f"--{name}", help=escape(help), rich_help_panel=panel)
        kind, hint = inspect.Parameter.KEYWORD_ONLY, Annotated[bool, option]
        found.append(inspect.Parameter(name, kind, default=False, annotation=hint))
    return found


def chosen(cls: type, params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a dataclass that have a value in `params`."""
    names = [field.name for field in fields(cls)]
    return {name: params[name] for name in names if params.get(name) not in (None, [])}


def typed(cls: type, name: str) -> Any:
    """Type of the option for a field; None if a command line cannot hold it."""
    hint = get_type_hints(cls)[name]
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for part in parts:
        if get_origin(part) is Literal:
            return part
        if part is Any or get_origin(part) is Mapping:
            return list[str]
    return next((plain for plain in _PLAIN if plain in parts), None)


def with_options(
    function: Callable, generated: Sequence[inspect.Parameter], panels: Sequence[str]
) -> Callable[..., None]:
    """Add generated options to a command, which takes them as keywords.

    They are listed panel by panel, in the order of `panels`.
    """
    own = [
        parameter
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    merged = sorted(
        (p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *generated)),
        key=lambda parameter: _panel_index(parameter, panels),
    )
    function.__signature__ = inspect.Signature(merged)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in merged}
    return function


def _panel_index(parameter: inspect.Parameter, panels: Sequence[str]) -> int:
    infos = getattr(parameter.annotation, "__metadata__", ())
    panel = next((info.rich_help_panel for info in infos), None)
    return panels.index(panel) if panel in panels else -1


def documented(cls: type) -> dict[str, str]:
    """Documentation of each attribute in the docstrings of a class and its bases, in one line."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        doc = (
            inspect.cleandoc(base.__doc__ or "") if base.__module__.startswith("conservax") else ""
        )
        for names, text in _BULLET.findall(doc):
            line = " ".join(text.split()).replace("`", "")
            texts |= dict.fromkeys(re.findall(r"`(\w+)`", names), line)
    return texts


def _parameter(
    name: str, owners: Sequence[tuple[type, Field]], alternatives: Sequence[type], panel: str
) -> inspect.Parameter:
    hint = typed(owners[0][0], name)
    defaults = [field.default for _, field in owners]
    plain = all(isinstance(d, _PLAIN) and d == defaults[0] for d in defaults)
    flag = f"--{name.replace('_', '-')}"
    option = typer.Option(
        f"{flag}/--no-{flag[2:]}" if hint is bool else flag,
        help=escape(_help(name, owners, alternatives)),
        rich_help_panel=panel,
        metavar="TIME=SIZE" if name == "total_mass" else None,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=defaults[0] if plain else None,
        annotation=Annotated[hint if plain else hint | None, option],
    )


def _help(name: str, owners: Sequence[tuple[type, Field]], alternatives: Sequence[type]) -> str:
    """Help of a field: the first sentence of its documentation, and the alternatives that have it."""
    texts: dict[str, list[str]] = {}
    for cls, _ in owners:
        texts.setdefault(_first(documented(cls).get(name, "")), []).append(_name(cls))
    if len(texts) > 1:
        return "; ".join(f"{', '.join(names)}: {text}" for text, names in texts.items()) + "."
    text = next(iter(texts))
    text = f"{text[:1].upper()}{text[1:]}."
    others = [_name(cls) for cls in alternatives if cls not in [owner for owner, _ in owners]]
    if not others:
        return text
    if len(others) < len(owners):
        return f"{text} Not with {', '.join(others)}."
    return f"{text} With {', '.join(_name(owner) for owner, _ in owners)}."


def _name(cls: type) -> str:
    return getattr(cls, "name", cls.__name__)


def _first(text: str) -> str:
    """The first sentence, without its full stop."""
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]
