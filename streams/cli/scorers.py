"""The scorers that a command line names, and which of its -S options each of them gets."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.errors import InvalidOptionError, UnknownNameError
from evalstream.scorers.load import load_package, resolve_scorer
from evalstream.scorers.registry import Entry
from evalstream.scorers.scorer import Scorer

from ..errors import UsageError

__all__ = ["make_scorers"]


def make_scorers(specs: Sequence[str], options: Mapping[str, Any]) -> list[Scorer]:
    """Make scorers; each option goes to those that take it.

    Parameters
    ----------
    specs
        ``NAME``, ``package/NAME``, ``file.py`` or ``file.py@NAME``.
    options
        As `parse_options` reads them.

    Raises
    ------
    UsageError
        No scorer takes one of the options; two scorers have the same name; or nobody knows a name.
    ScorersError
        A file cannot be loaded, or a scorer cannot be made.
    """
    # Names before files: a file's own `match` must not stand in for the one that is asked for by name.
    made = {spec: _make(spec, options) for spec in sorted(dict.fromkeys(specs), key=lambda spec: ".py" in spec)}
    scorers = [made[spec] for spec in specs]
    entries = [registry.tag_of(scorer).entry for scorer in scorers]
    for option in options:
        if not any(_takes(entry, option) for entry in entries):
            raise UsageError(_nobody_takes(option, entries))
    for spec, entry in zip(specs, entries, strict=True):
        known = registry.find("scorer", entry.name)
        if known.factory is not entry.factory:
            raise UsageError(
                f"{spec}: another scorer of this command line is called {entry.name!r} too, and a log tells scorers"
                " by their names: rename one of them, or score with one after the other."
            )
    return scorers


def _make(spec: str, options: Mapping[str, Any]) -> Scorer:
    try:
        return resolve_scorer(spec, options)
    except UnknownNameError as error:
        if error.nearest:
            raise
        package, slash, _ = spec.partition("/")
        if slash and package != registry.BUILTIN_PACKAGE:
            raise UsageError(f"{error} {_about_package(package)}") from error
        known = ", ".join(registry.names("scorer"))
        raise UsageError(f"{error} There are {known}; a file.py, file.py@NAME or package/NAME goes too.") from error
    except InvalidOptionError as error:
        entry = registry.find("scorer", error.name)
        taken = {key: value for key, value in options.items() if _takes(entry, key)}
        if len(taken) == len(options):
            raise _with_hint(error, options) from error
        return resolve_scorer(spec, taken)


def _with_hint(error: InvalidOptionError, options: Mapping[str, Any]) -> Exception:
    """Explain a text that reads as YAML of another kind: "GRADE: (C|I)" is a key and its value."""
    for name, value in options.items():
        if isinstance(value, dict) and len(value) == 1:
            ((key, text),) = value.items()
            return UsageError(
                f"{error} -S {name} reads as a table, since it has a colon: put a text into quotes of its own,"
                f""" as in -S '{name}="{key}: {text}"'."""
            )
    return error


def _about_package(package: str) -> str:
    """Say why a package does not help: it is not installed, offers nothing, or something else."""
    offered = [entry.name for entry in load_package(package) if entry.kind == "scorer"]
    if offered:
        return f"The package {package} has {', '.join(sorted(offered)[:20])}."
    if not package.isidentifier() or importlib.util.find_spec(package) is None:
        return f"No package {package!r} is installed: install it here, or name a file.py or file.py@NAME."
    return f"The package {package!r} names no scorers by an entry point; a file.py or file.py@NAME goes too."


def _takes(entry: Entry, option: str) -> bool:
    parameters = inspect.signature(entry.factory).parameters.values()
    return any(p.name == option or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def _nobody_takes(option: str, entries: Sequence[Entry]) -> str:
    known = {entry.name: list(inspect.signature(entry.factory).parameters) for entry in entries}
    takes = "; ".join(f"{name} takes {', '.join(options) or 'no options'}" for name, options in known.items())
    nearest = difflib.get_close_matches(option, [name for names in known.values() for name in names], n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"-S {option}=…: none of the scorers takes this option ({takes}).{hint}"
