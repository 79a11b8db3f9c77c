"""What each setting is called outside: its option, its variable, its key; and what the model says about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from .model import Section, Settings, is_none, kinds_of

__all__ = ["INFO", "PREFIX", "SECTIONS", "SettingInfo", "nearest", "shown"]

PREFIX: str = Settings.model_config.get("env_prefix", "")
SECTIONS: tuple[str, ...] = get_args(Section)


@dataclass(frozen=True)
class SettingInfo:
    """One setting; the key in a file is its ``name``.

    Attributes
    ----------
    unit
        What ``--help`` calls the value, as in SECONDS; "" if the option takes none.
    text
        What the setting means.
    default
        Its default, in words.
    kinds
        Types of its value; ``NoneType`` is one of them if the word ``none`` is a value.
    short
        A second, short name of its option.
    repeatable
        Whether its option may be given several times; each then is a line of the value.

    Examples
    --------
    >>> INFO["scorer_timeout"].option, INFO["scorer_timeout"].variable
    ('--scorer-timeout', 'EVALSTREAM_SCORER_TIMEOUT')
    >>> INFO["kafka_password"].option, INFO["kafka_password"].rival
    ('--kafka-password-file', 'kafka_password_file')
    """

    name: str
    section: str
    unit: str
    text: str
    default: str
    kinds: tuple[Any, ...]
    short: str = ""
    repeatable: bool = False

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return SecretStr in self.kinds

    def is_none(self, value: object) -> bool:
        """Whether a value is the word for None, where None is a value."""
        return is_none(value, self.kinds)

    @property
    def option(self) -> str:
        """The option that gives it; that of a secret names a file, because everybody may read a command line."""
        return f"--{self.rival if self.secret else self.name}".replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable that gives it."""
        return f"{PREFIX}{self.name.upper()}"

    @property
    def rival(self) -> str | None:
        """The setting that says the same in another way: of a secret its file, of the file the secret."""
        other = f"{self.name}_file" if self.secret else self.name.removesuffix("_file")
        return other if other != self.name and other in Settings.model_fields else None

    @property
    def path(self) -> bool:
        """Whether it names a file or folder."""
        return self.unit in {"FILE", "FOLDER"}


def shown(value: Any) -> str:
    """Write a value as one would give it.

    Examples
    --------
    >>> from pathlib import Path
    >>> shown(None), shown(600.0), shown(0.5), shown(Path("logs")), shown(True), shown("")
    ('none', '600', '0.5', 'logs', 'true', '""')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or '""'


def _info(name: str, field: FieldInfo) -> SettingInfo:
    extra: Any = field.json_schema_extra
    default = extra["default_text"] or shown(field.default)
    return SettingInfo(
        name, extra["section"], extra["unit"], field.description or "", default, kinds_of(field),
        extra["short"], extra["repeatable"],
    )  # fmt: skip


INFO = {name: _info(name, field) for name, field in Settings.model_fields.items()}


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that looks most like this one, if any does.

    Examples
    --------
    >>> nearest("borker", INFO), nearest("colour", INFO)
    ('broker', None)
    """
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=cutoff)
    return found[0] if found else None
