"""Scorers and metrics that the operator names on the command line: by name, by package, or in a Python file.

Only a command line leads here, never an event: loading a file or a package runs its code. What is written for Inspect
runs as it is when inspect-ai is installed (`evalstream.scorers.inspect_compat`).
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from . import registry
from .errors import InvalidOptionError, LoadError, ScorersError, UnknownNameError
from .metric import Metric
from .module_file import advice_on, run_file, said
from .origins import noted_origin
from .registry import Entry, Kind
from .scanners.scout import adopt_scanners
from .scorer import Scorer
from .untrusted import given_by_operator

__all__ = ["load_file", "load_package", "load_source", "resolve_metric", "resolve_scorer"]

_ENTRY_POINT_GROUPS = ("evalstream", "inspect_ai")

_INSPECT_REGISTRY = "inspect_ai._util.registry"
"""The module that is there as soon as somebody has imported Inspect."""

_loaded: dict[Path, tuple[bytes, list[Entry]]] = {}


def resolve_scorer(spec: str, options: Mapping[str, Any] | None = None) -> Scorer:
    """Make the scorer that the command line names.

    Parameters
    ----------
    spec
        ``NAME``, ``package/NAME``, ``file.py`` (which must define just one scorer) or ``file.py@NAME``.
    options
        Passed to the scorer's factory.

    Raises
    ------
    UnknownNameError
        Nobody registered the name.
    LoadError
        The file cannot be loaded, or does not define the scorer.
    InvalidOptionError
        The factory does not take the options, or refuses them.

    Examples
    --------
    >>> scorer = resolve_scorer("match", {"location": "any"})
    >>> registry.tag_of(scorer).options
    {'location': 'any'}
    """
    given_by_operator(options)
    return cast(Scorer, _make(_resolve("scorer", spec), options))


def resolve_metric(spec: str, options: Mapping[str, Any] | None = None) -> Metric:
    """Make the metric that the command line names; as `resolve_scorer`."""
    return cast(Metric, _make(_resolve("metric", spec), options))


def load_file(path: str | Path) -> list[Entry]:
    """Run a Python file and return the scorers, metrics and reducers that it defines, in the order of the file.

    The file may import its neighbours, as Inspect allows. It becomes a module of a made-up name, so that a file called
    ``match.py`` or ``json.py`` hides nothing. A file that has not changed is not run a second time.

    Raises
    ------
    LoadError
        There is no such file, it is not Python, or it raised; with the line where that happened.
    """
    path = Path(path)
    try:
        absolute = path.resolve(strict=True)
        source = absolute.read_bytes()
    except OSError as error:
        raise LoadError(path, f"cannot be read: {error.strerror or error}") from error
    seen = _loaded.get(absolute)
    if seen is not None and seen[0] == source:
        with noted_origin(str(absolute)):
            for entry in seen[1]:
                registry.put_back(entry)  # another file may have defined one of the same name since
        return list(seen[1])
    name = f"_evalstream_file_{hashlib.sha256(str(absolute).encode()).hexdigest()[:16]}"
    with noted_origin(str(absolute)):
        with _of_inspect(path):
            run_file(path, absolute, source, name)
        adopt_scanners(sys.modules[name])
    entries = _defined_by(name)
    _loaded[absolute] = (source, entries)
    return list(entries)


def load_source(source: str) -> list[Entry]:
    """Load what a worker's ``--scorers`` names; return the scorers, metrics and reducers that it defines.

    Parameters
    ----------
    source
        A Python file, an installed package, or ``package/NAME``: a scorer of a package whose name without the package
        means that one from now on, even if a built-in scorer has it, too.

    Raises
    ------
    LoadError
        There is no such file and no such package, or it raised.
    UnknownNameError
        The package has no scorer of that name.
    """
    if source.endswith(".py") or Path(source).is_file():
        return load_file(source)
    package, slash, _ = source.partition("/")
    if slash and load_package(package):
        return [_resolve("scorer", source)]
    entries = load_package(source)
    if not entries:
        raise LoadError(source, "there is no such file, and no installed package of this name has scorers to offer.")
    return entries


def _resolve(kind: Kind, spec: str) -> Entry:
    file, at, name = spec.rpartition("@")
    if at and (file.endswith(".py") or Path(file).is_file()):
        return _in_file(kind, file, name)
    if spec.endswith(".py") or Path(spec).is_file():
        return _in_file(kind, spec, None)
    try:
        entry = registry.find(kind, spec)
    except UnknownNameError:
        found = _in_package(kind, *spec.split("/", 1)) if "/" in spec else None
        if found is None:
            raise
        entry = found
    if "/" in spec and entry.package != registry.BUILTIN_PACKAGE:
        registry.put_back(entry)
    return entry


def _in_file(kind: Kind, file: str, name: str | None) -> Entry:
    found = {entry.name: entry for entry in load_file(file) if entry.kind == kind}
    word = kind.replace("_", " ")
    if not found:
        raise LoadError(file, f"defines no {word}. Is the @{kind} decorator missing?")
    if name is None:
        if len(found) > 1:
            specs = ", ".join(f"{file}@{name}" for name in found)
            raise LoadError(file, f"defines {len(found)} {word}s. Name one: {specs}.")
        return next(iter(found.values()))
    if name not in found:
        nearest = difflib.get_close_matches(name, found, n=1, cutoff=0.5) or list(found)
        raise LoadError(
            file, f"defines no {word} {name!r}. Did you mean {' or '.join(f'{file}@{n}' for n in nearest)}?"
        )
    return found[name]


def load_package(package: str) -> list[Entry]:
    """Import what an installed package names as its entry points; return its scorers, metrics and reducers.

    These are the modules in the group ``evalstream``, and in Inspect's group ``inspect_ai``, whose entry point is
    called as the package, or which lie in the package of that name. An empty list if there is none.

    Raises
    ------
    LoadError
        A module raised when it was imported.
    """
    import importlib.metadata  # noqa: PLC0415 - slow to import, and rarely needed

    roots: set[str] = set()
    for group in _ENTRY_POINT_GROUPS:
        for point in importlib.metadata.entry_points(group=group):
            root = point.module.partition(".")[0]
            if package not in {point.name, root}:
                continue
            roots.add(root)
            try:
                with noted_origin(package), _of_inspect(point.value, package):
                    point.load()
            except LoadError:
                raise
            except Exception as error:
                advice = advice_on(error)
                told = f"entry point of {package!r} raised {said(error)}"
                raise LoadError(point.value, f"{told}.{advice}" if advice else told) from error
            with noted_origin(package):
                for module in [module for key, module in sys.modules.items() if key.partition(".")[0] == root]:
                    adopt_scanners(module)
    return [entry for entry in registry.all_entries() if entry.factory.__module__.partition(".")[0] in roots]


def _in_package(kind: Kind, package: str, name: str) -> Entry | None:
    """Find what an installed package registers when its entry points are loaded."""
    for entry in load_package(package):
        if (entry.kind, entry.name) == (kind, name):
            return entry
    return None


@contextmanager
def _of_inspect(path: str | Path, package: str | None = None) -> Iterator[None]:
    """Register with us what code that is loaded meanwhile registers with Inspect."""
    before: Any = {}
    if _INSPECT_REGISTRY in sys.modules:
        from .inspect_compat import known  # noqa: PLC0415 (who has nothing of Inspect's does not import Inspect)

        before = known()
    yield
    if _INSPECT_REGISTRY in sys.modules:
        from .inspect_compat import adopt  # noqa: PLC0415

        try:
            adopt(before, package)
        except ScorersError as error:
            raise LoadError(path, f"has a scorer for Inspect that cannot be used here: {error}") from error


def _make(entry: Entry, options: Mapping[str, Any] | None) -> Any:
    try:
        return entry.factory(**(options or {}))
    except ScorersError:
        raise
    except Exception as error:
        raise InvalidOptionError(entry.kind, entry.name, str(error).rstrip(".") or type(error).__name__) from error


def _defined_by(module: str) -> list[Entry]:
    own = [entry for entry in registry.all_entries() if entry.factory.__module__ == module]
    return sorted(own, key=_line)


def _line(entry: Entry) -> int:
    made_by = inspect.unwrap(entry.factory)
    if inspect.isclass(made_by):
        made_by = getattr(made_by, "__call__", made_by)  # noqa: B004 (the line is wanted, not the call)
    code = getattr(made_by, "__code__", None)
    return code.co_firstlineno if code is not None else 0
