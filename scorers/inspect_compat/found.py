"""What Inspect's registry holds: scorers, metrics and reducers, and the function or class behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from inspect_ai._util.registry import _registry, is_registry_object, registry_info, registry_params

from evalstream.scorers.registry import BUILTIN_PACKAGE, Kind

__all__ = ["Found", "closure_of", "found_in_registry", "is_made", "made_with", "name_of"]

# Scanners are those of inspect-scout, which are adopted elsewhere.
_KINDS: tuple[Kind, ...] = ("scorer", "metric", "score_reducer")

_MAKERS = ("scorer_type", "metric_type", "reducer_type")
"""What the variable is called in which each decorator keeps what it decorates."""


class Found(NamedTuple):
    """One registered factory of Inspect.

    ``maker`` is the user's own function or class, which knows its module and parameters; ``factory`` is what the
    decorator made of it, and what must be called.
    """

    kind: Kind
    package: str | None
    name: str
    factory: Callable[..., Any]
    maker: Callable[..., Any]
    metadata: Mapping[str, Any]

    @property
    def module(self) -> str:
        """The module that defines it."""
        return self.maker.__module__


def found_in_registry() -> dict[tuple[Kind, str], Found]:
    """Return what is registered with Inspect by kind and full name, without what Inspect itself brings."""
    found = {}
    for factory in list(_registry.values()):
        info = registry_info(factory)
        kind: Kind | None = next((kind for kind in _KINDS if kind == info.type), None)
        if kind is None or not callable(factory):
            continue
        package, _, name = info.name.rpartition("/")
        if package != BUILTIN_PACKAGE:
            found[kind, info.name] = Found(kind, package or None, name, factory, _maker(factory), info.metadata)
    return found


def _maker(factory: Callable[..., Any]) -> Callable[..., Any]:
    inside = closure_of(factory)
    makers = (inside[name] for name in _MAKERS if callable(inside.get(name)))
    return next(makers, getattr(factory, "__wrapped__", factory))


def closure_of(function: object) -> dict[str, Any]:
    """Return the variables that a function has kept of those around it."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is None or cells is None:
        return {}
    kept = {}
    for name, cell in zip(code.co_freevars, cells, strict=True):
        try:
            kept[name] = cell.cell_contents
        except ValueError:  # a variable that was not assigned yet
            continue
    return kept


def is_made(instance: object) -> bool:
    """Tell whether one of Inspect's factories made an object."""
    return is_registry_object(instance)


def name_of(instance: object) -> tuple[str | None, str, Mapping[str, Any]]:
    """Return the package of an instance, its name, and what its decorator was given."""
    info = registry_info(instance)
    package, _, name = info.name.rpartition("/")
    return package or None, name, info.metadata


def made_with(instance: object) -> dict[str, Any]:
    """Return the options that an instance was made with, as a log holds them."""
    return dict(registry_params(instance))
