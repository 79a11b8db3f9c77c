"""The settings file: where it is, and which settings its keys name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import TomlConfigSettingsSource

from ..errors import UsageError
from .given import Given, Layer
from .info import INFO, PREFIX, SettingInfo, nearest
from .model import Settings

__all__ = ["CONFIG_VARIABLE", "DEFAULT_FILE", "find_config", "read_config"]

DEFAULT_FILE = Path("evalstream.toml")
CONFIG_VARIABLE = f"{PREFIX}CONFIG"


def find_config(named: Path | None) -> Path | None:
    """Return the settings file: the one that is named, else $EVALSTREAM_CONFIG, else ./evalstream.toml if it is there.

    Raises
    ------
    UsageError
        The file that is named is not there.
    """
    variable = os.environ.get(CONFIG_VARIABLE)
    if named is None and not variable:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    # Not Path's own way, which knows no answer for a user that is not there.
    path = Path(os.path.expanduser(named or variable or ""))  # noqa: PTH111
    if not path.exists() or path.is_dir():
        place = "--config" if named is not None else CONFIG_VARIABLE
        what = "is a folder" if path.is_dir() else "there is no such file"
        raise UsageError(f"{place}: {path}: {what}. Name a TOML file with settings, or leave it out.")
    return path


def read_config(path: Path) -> Layer:
    """Read a settings file.

    A key is the name of a setting. Tables are there for order only: in ``[kafka]``, ``username`` and
    ``kafka_username`` both name ``kafka_username``, and the settings of the section kafka keep their names, as in
    ``partitions``. Relative paths start at the file's folder.

    Raises
    ------
    UsageError
        The file cannot be read, is not TOML, or has a key that names no setting.
    """
    try:
        data = TomlConfigSettingsSource(Settings, path).toml_data
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}). Mend that, or name another.") from error
    except ValueError as error:
        raise UsageError(f"{path}: this is not TOML ({error}).") from error
    layer: dict[str, Given] = {}
    for keys, value in _leaves(data):
        key = ".".join(keys)
        info = _named(keys)
        if info is None:
            raise UsageError(f"{path}: there is no setting {key}. {_hint(keys)}")
        if info.name in layer:
            raise UsageError(f"{path}: {key} and {layer[info.name].place.split(', ')[-1]} are the same: leave one out.")
        layer[info.name] = Given(_from(path, info, value), str(path), f"{path}, {key}")
    return layer


def _leaves(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _named(keys: tuple[str, ...]) -> SettingInfo | None:
    *tables, last = keys
    inside = INFO.get(last)
    if inside is not None and tables in ([], [inside.section]):
        return inside
    return INFO.get("_".join(keys))


def _hint(keys: tuple[str, ...]) -> str:
    astray = INFO.get(keys[-1])
    if astray is not None:
        return f"{astray.name} stands at the top, or in [{astray.section}]."
    near = nearest("_".join(keys), INFO)
    return f"Did you mean {near}?" if near else "`evalstream config` lists all settings."


def _from(path: Path, info: SettingInfo, value: Any) -> Any:
    """Let a relative path start at the folder of the file that it stands in."""
    if not info.path or not isinstance(value, str) or info.is_none(value):
        return value
    return value if "://" in value or value.startswith("~") else str(path.parent / value)
