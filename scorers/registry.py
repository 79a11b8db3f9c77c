"""Names of scorers, metrics and reducers: registering, finding, making, and telling how something was made.

A registered *factory* makes *instances*. Each instance is tagged with the factory's entry and with the options that
were passed explicitly, so that a log can name it and another process can make it again.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from .errors import InvalidOptionError, ScorersError, UnknownNameError
from .untrusted import options_of_event

__all__ = [
    "BUILTIN_PACKAGE",
    "Entry",
    "Kind",
    "Tag",
    "create",
    "declare",
    "entries",
    "entry_of",
    "find",
    "kind_of",
    "log_name",
    "names",
    "note_resolved",
    "put_back",
    "register",
    "short_log_name",
    "tag_of",
    "tagged",
    "unqualified",
]

Kind = Literal["scorer", "metric", "score_reducer", "scanner"]

BUILTIN_PACKAGE = "inspect_ai"
"""Built-ins carry Inspect's package in logs, so that Inspect finds its own scorer or metric when it reads one."""

_TAG = "__evalstream_tag__"
_RESOLVED = "__evalstream_resolved__"
_DECLARED = "__evalstream_declared__"

Factory = TypeVar("Factory", bound=Callable[..., Any])
Instance = TypeVar("Instance")


@dataclass(frozen=True)
class Entry:
    """One registered factory.

    ``name`` has no package; ``package`` is "inspect_ai" for built-ins, None for a user's file.
    ``metadata`` is what the decorator was given (a scorer's metrics are under "metrics"). What is ``bridged`` was
    written for Inspect, and asks its models through Inspect.
    """

    kind: Kind
    name: str
    factory: Callable[..., Any]
    package: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bridged: bool = False


@dataclass(frozen=True)
class Tag:
    """How an instance was made: the factory's entry and the options that were passed explicitly."""

    entry: Entry
    options: Mapping[str, Any]


_entries: dict[tuple[Kind, str], Entry] = {}


def register(
    kind: Kind,
    name: str,
    factory: Factory,
    metadata: Mapping[str, Any] | None = None,
    aliases: tuple[str, ...] = (),
    package: str | None = None,
    modest: bool = False,
    bridged: bool = False,
) -> Factory:
    """Register a factory and return it wrapped, so that what it makes is tagged.

    A later registration under the same name replaces the earlier one, as a re-imported module expects.

    Parameters
    ----------
    kind, name, factory, metadata, aliases
        What is registered.
    package
        The package that goes before its name; by default that of Inspect for what is built in, and none for others.
    modest
        If the name without the package is taken already, it stays so.
    bridged
        It was written for Inspect.
    """
    if package is None and factory.__module__.startswith("evalstream."):
        package = BUILTIN_PACKAGE
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def make(*args: Any, **kwargs: Any) -> Any:
        instance = factory(*args, **kwargs)
        options = {**_explicit(signature, args, kwargs), **getattr(instance, _RESOLVED, {})}
        declared = vars(instance).pop(_DECLARED, None)
        made = replace(entry, metadata={**entry.metadata, **declared}) if declared else entry
        setattr(instance, _TAG, Tag(made, options))
        return instance

    entry = Entry(kind, name, make, package, dict(metadata or {}), bridged)
    setattr(make, _TAG, entry)
    for key in (name, *aliases):
        if not (modest and (kind, key) in _entries):
            _entries[kind, key] = entry
        if package:
            # So that a user's metric named "accuracy" does not become every log's "inspect_ai/accuracy".
            _entries[kind, f"{package}/{key}"] = entry
    return make  # type: ignore[return-value]


def note_resolved(instance: object, **options: Any) -> None:
    """Note what options of an instance really are, such as the text of a file in place of its path.

    A factory calls this on what it returns. Logs and other processes then see these, and need not look for the file.
    """
    setattr(instance, _RESOLVED, options)


def put_back(entry: Entry) -> None:
    """Register an entry again whose name another one may have taken meanwhile."""
    _entries[entry.kind, entry.name] = entry


def _explicit(signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            options.update(value)
        else:
            options[name] = value
    return options


def declare(instance: object, **metadata: Any) -> None:
    """Let a factory say of one instance what the decorator says of all, such as its ``metrics``."""
    setattr(instance, _DECLARED, metadata)


def find(kind: Kind, name: str) -> Entry:
    """Find a factory by its name, with or without the package.

    Raises
    ------
    UnknownNameError
        Nobody registered the name; the error carries the nearest names.
    """
    for key in (name, name.replace("evalstream/", f"{BUILTIN_PACKAGE}/", 1)):
        entry = _entries.get((kind, key))
        if entry is not None:
            return entry
    nearest = difflib.get_close_matches(unqualified(name), names(kind), n=3, cutoff=0.5)
    raise UnknownNameError(kind, name, nearest)


def names(kind: Kind) -> list[str]:
    """All registered names of a kind, sorted; not the old names of what has another one now."""
    return sorted(name for (k, name), entry in _entries.items() if k == kind and name == entry.name)


def entries(kind: Kind) -> list[Entry]:
    """All registered entries of a kind, those that go by their full name only included."""
    return list({id(entry): entry for (k, _), entry in _entries.items() if k == kind}.values())


def all_entries() -> list[Entry]:
    """All registered entries that a file or a package may bring: scorers, metrics and reducers."""
    kinds: tuple[Kind, ...] = ("scorer", "metric", "score_reducer")
    return [entry for kind in kinds for entry in entries(kind)]


def create(kind: Kind, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """Make an instance by name, with options from an event or a log: none of them may name a file or a URL.

    Raises
    ------
    UnknownNameError
        Nobody registered the name.
    InvalidOptionError
        The factory does not take these options, or refuses them.
    """
    entry = find(kind, name)
    try:
        inspect.signature(entry.factory).bind(**(options or {}))
    except TypeError as error:
        raise InvalidOptionError(kind, name, str(error)) from error
    try:
        with options_of_event(options):
            return entry.factory(**(options or {}))
    except ScorersError:
        raise
    except Exception as error:
        raise InvalidOptionError(kind, name, f"{type(error).__name__}: {error}") from error


def tag_of(instance: object) -> Tag:
    """Tell how an instance was made.

    Raises
    ------
    TypeError
        The object was not made by a registered factory (a forgotten decorator, or a factory that was not called).
    """
    tag = getattr(instance, _TAG, None)
    if isinstance(tag, Tag):
        return tag
    name = getattr(instance, "__name__", type(instance).__name__)
    if isinstance(tag, Entry):
        raise TypeError(f"{name!r} is a {tag.kind} factory: call it, as in {name}().")
    raise TypeError(f"{name!r} was not made by a @scorer, @metric or @score_reducer: is the decorator missing?")


def tagged(instance: Instance, entry: Entry, options: Mapping[str, Any]) -> Instance:
    """Tag what was made in another way than by calling its factory; return it."""
    setattr(instance, _TAG, Tag(entry, options))
    return instance


def kind_of(instance: object) -> Kind | None:
    """Tell which kind an instance is of; None if no registered factory made it.

    Raises
    ------
    TypeError
        It is a factory that was not called.
    """
    return tag_of(instance).entry.kind if hasattr(instance, _TAG) else None


def entry_of(factory: object) -> Entry:
    """Return the entry of a registered factory; TypeError if it is none."""
    entry = getattr(factory, _TAG, None)
    if isinstance(entry, Entry):
        return entry
    raise TypeError(f"{factory!r} is no factory that is registered.")


def unqualified(name: str) -> str:
    """Strip the package from a name: "pkg/name" becomes "name"."""
    return name.rsplit("/", 1)[-1]


def log_name(instance: object) -> str:
    """Name of an instance as a log writes it: with its package, as in "inspect_ai/accuracy"."""
    entry = tag_of(instance).entry
    return f"{entry.package}/{entry.name}" if entry.package else entry.name


def short_log_name(instance: object) -> str:
    """Name of an instance as results write it: with its package, but for Inspect's own, as in "accuracy"."""
    return log_name(instance).removeprefix(f"{BUILTIN_PACKAGE}/")
