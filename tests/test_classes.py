"""What a class may be: abstract or final, as Equinox asks of modules."""

import functools
import importlib
from collections.abc import Iterator

import equinox as eqx

from source_tree import module_names


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
