"""Values as they were given, with where they stand; and of two that say the same, which one counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from .info import INFO

__all__ = ["Given", "Layer", "stronger"]


@dataclass(frozen=True)
class Given:
    """A value that somebody gave to a setting; it may be secret, and so is not in the repr.

    ``source`` is what a table says about where it came from, ``place`` what a message says: "evalstream.toml" and
    "evalstream.toml, kafka.username".
    """

    value: Any = field(repr=False)
    source: str
    place: str


Layer = Mapping[str, Given]
"""What one source gives: the values of settings, by name."""


def stronger(layers: Sequence[Layer]) -> dict[str, Given]:
    """Merge layers, the strongest first.

    A secret and the file that holds it are two ways to say one thing: the one in the stronger layer counts, and the
    other is forgotten.

    Raises
    ------
    UsageError
        One layer has both.

    Examples
    --------
    >>> option = {"kafka_password_file": Given("pw.txt", "--kafka-password-file", "--kafka-password-file")}
    >>> variable = {"kafka_password": Given("secret", "EVALSTREAM_KAFKA_PASSWORD", "EVALSTREAM_KAFKA_PASSWORD")}
    >>> list(stronger([option, variable])), list(stronger([variable, option]))
    (['kafka_password_file'], ['kafka_password'])
    """
    merged: dict[str, Given] = {}
    for layer in reversed(layers):
        for name, given in layer.items():
            rival = INFO[name].rival
            if rival is not None and rival in layer:
                raise UsageError(f"{given.place} and {layer[rival].place} say the same thing: leave one of them out.")
            merged.pop(rival or "", None)
            merged[name] = given
    return merged
