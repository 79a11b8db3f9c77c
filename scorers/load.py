"""Scorers and metrics that the operator names on the command line: by name, by package, or in a Python file.

Only a command line leads here, never an event: loading a file runs its code.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from . import registry
from .errors import InvalidOptionError, LoadError, ScorersError, UnknownNameError
from .metric import Metric
from .registry import Entry, Kind
from .scanners.scout import adopt_scanners
from .scorer import Scorer
from .untrusted import given_by_operator

__all__ = ["load_file", "resolve_metric", "resolve_scorer"]

_KINDS: tuple[Kind, ...] = ("scorer", "metric", "score_reducer")
_ENTRY_POINT_GROUPS = ("evalstream", "inspect_ai")

_loaded: dict[Path, tuple[bytes, list[Entry]]] = {}
_sibling_folders: dict[str, Path] = {}


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
        for entry in seen[1]:
            registry.put_back(entry)  # another file may have defined one of the same name since
        return list(seen[1])
    name = f"_evalstream_file_{hashlib.sha256(str(absolute).encode()).hexdigest()[:16]}"
    _run(path, absolute, source, name)
    adopt_scanners(sys.modules[name])
    entries = _defined_by(name)
    _loaded[absolute] = (source, entries)
    return list(entries)


def _resolve(kind: Kind, spec: str) -> Entry:
    file, at, name = spec.rpartition("@")
    if at and (file.endswith(".py") or Path(file).is_file()):
        return _in_file(kind, file, name)
    if spec.endswith(".py") or Path(spec).is_file():
        return _in_file(kind, spec, None)
    try:
        return registry.find(kind, spec)
    except UnknownNameError:
        entry = _in_package(kind, *spec.split("/", 1)) if "/" in spec else None
        if entry is None:
            raise
        return entry


def _in_file(kind: Kind, file: str, name: str | None) -> Entry:
    found = {entry.name: entry for entry in load_file(file) if entry.kind == kind}
    word = kind.replace("_", " ")
    if not found:
        advice = _advice(Path(file).read_bytes()) or f"Is the @{kind} decorator missing?"
        raise LoadError(file, f"defines no {word}. {advice}")
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


def _in_package(kind: Kind, package: str, name: str) -> Entry | None:
    """Find what an installed package registers with us when its entry point is loaded."""
    import importlib.metadata  # noqa: PLC0415 - slow to import, and rarely needed

    for group in _ENTRY_POINT_GROUPS:
        for point in importlib.metadata.entry_points(group=group, name=package):
            try:
                point.load()
            except Exception as error:
                raise LoadError(point.value, f"entry point of {package!r} raised {_said(error)}") from error
            top = point.value.partition(":")[0].partition(".")[0]
            for module in [module for key, module in sys.modules.items() if key.partition(".")[0] == top]:
                adopt_scanners(module)
            try:
                entry = registry.find(kind, name)
            except UnknownNameError:
                continue
            if entry.factory.__module__.partition(".")[0] == point.value.partition(".")[0].partition(":")[0]:
                return entry
    return None


def _make(entry: Entry, options: Mapping[str, Any] | None) -> Any:
    try:
        return entry.factory(**(options or {}))
    except ScorersError:
        raise
    except Exception as error:
        raise InvalidOptionError(entry.kind, entry.name, str(error).rstrip(".") or type(error).__name__) from error


def _run(path: Path, absolute: Path, source: bytes, name: str) -> None:
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise LoadError(path, f"is not Python: {error.msg}" + (f": {line}" if line else ""), error.lineno) from error
    except ValueError as error:
        raise LoadError(path, f"is not Python: {error}") from error
    module = ModuleType(name)
    module.__file__ = str(absolute)
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up
    try:
        with _neighbours(absolute.parent):
            exec(code, module.__dict__)  # noqa: S102 - the operator's own file
    except (Exception, SystemExit) as error:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        missing = (error.name or "") if isinstance(error, ImportError) else ""
        package = missing.partition(".")[0]
        advice = f" {_advice(source)}" if package == "inspect_ai" else ""
        advice = " Install it: pip install inspect-scout." if package == "inspect_scout" else advice
        raise LoadError(path, f"raised {_said(error)}.{advice}", frames[-1].lineno if frames else None) from error


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let a file import those beside it while it loads.

    They come after the standard library, so that a neighbour called ``json.py`` hides nothing, and before installed
    packages. Neighbours of a file in another folder, of the same name, are forgotten first.
    """
    for name, other in list(_sibling_folders.items()):
        if other != folder and ((folder / f"{name}.py").is_file() or (folder / name).is_dir()):
            for key in [key for key in sys.modules if key.partition(".")[0] == name]:
                del sys.modules[key]
    before = set(sys.modules)
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    place = next((i for i, entry in enumerate(sys.path) if entry in installed), len(sys.path))
    sys.path.insert(place, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for key in set(sys.modules) - before:
            file = getattr(sys.modules[key], "__file__", None)
            if file and "." not in key and folder in Path(file).parents:
                _sibling_folders[key] = folder


def _defined_by(module: str) -> list[Entry]:
    found = {
        id(entry): entry for kind in _KINDS for name in registry.names(kind) for entry in [registry.find(kind, name)]
    }
    own = [entry for entry in found.values() if entry.factory.__module__ == module]
    return sorted(own, key=_line)


def _line(entry: Entry) -> int:
    code = getattr(inspect.unwrap(entry.factory), "__code__", None)
    return code.co_firstlineno if code is not None else 0


def _advice(source: bytes) -> str:
    """Tell what to do about a file that was written for Inspect; empty for others."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
        elif isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
    ours = sorted(name for name in modules if name in {"inspect_ai.scorer", "inspect_ai.solver"})
    if not ours:
        return ""
    return f"It imports from {' and '.join(ours)}: change that to evalstream.scorers."


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")
