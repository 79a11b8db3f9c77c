"""Settings as they are in force: options before variables before the file before Inspect's variable before defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import UsageError
from .given import Given, Layer, stronger
from .info import INFO
from .masking import masked_url
from .model import Settings
from .toml_file import find_config, read_config
from .variables import inspect_variables, misspelt_variables, own_variables

__all__ = ["Loaded", "load_settings"]

_WHAT = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "path_type": "a path",
    "string_type": "text",
}


@dataclass(frozen=True)
class Loaded:
    """Settings, where each one came from, and what is odd about that.

    Attributes
    ----------
    sources
        Of each setting "default", the file's path, or the name of a variable or an option.
    config_file
        The settings file that was read, if there is one.
    warnings
        What the user should hear of, each a sentence.
    """

    settings: Settings
    sources: Mapping[str, str]
    config_file: Path | None
    warnings: tuple[str, ...]


def load_settings(options: Mapping[str, Any] | None = None, config: Path | None = None) -> Loaded:
    """Read all sources of settings.

    Parameters
    ----------
    options
        What a command line gave, by the names of settings; text is as good as the type itself.
    config
        The settings file; without one $EVALSTREAM_CONFIG, else ./evalstream.toml if it is there.

    Raises
    ------
    UsageError
        A value makes no sense, a key of the file names no setting, or a file cannot be read; says where.
    """
    path = find_config(config)
    layers = [_layer(options or {}), own_variables(), read_config(path) if path else {}, inspect_variables()]
    given = stronger(layers)
    try:
        settings = Settings(**{name: one.value for name, one in given.items()})
    except ValidationError as error:
        raise UsageError(" ".join(_say(given, detail) for detail in error.errors(include_url=False))) from None
    sources = {name: given[name].source if name in given else "default" for name in INFO}
    return Loaded(settings, sources, path, tuple(misspelt_variables()))


def _layer(options: Mapping[str, Any]) -> Layer:
    return {name: Given(value, INFO[name].option, INFO[name].option) for name, value in options.items()}


def _say(given: Mapping[str, Given], detail: Any) -> str:
    """Say what is wrong with a value, and where it stands; not the value itself, if it is secret."""
    name = detail["loc"][0]
    value = given[name].value
    kind, message = detail["type"], detail["msg"]
    if kind in _WHAT:
        text = f"must be {_WHAT[kind]}"
    else:
        text = message.removeprefix("Value error, ").replace("Input should be", "must be")
    # Of a list too: a URL in it may carry a password.
    shown = repr(masked_url(value)) if isinstance(value, str) else masked_url(repr(value))
    but = "" if INFO[name].secret else f", not {shown}"
    return f"{given[name].place}: {text}{but}."
