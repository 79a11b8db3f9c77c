"""Secrets as text, whether a setting holds them or a file does."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from ..errors import UsageError
from .model import Settings

__all__ = ["read_secret", "read_secret_file"]


def read_secret(settings: Settings, name: str) -> str | None:
    """Return a secret, from the setting itself or from the file that ``<name>_file`` names; None if there is neither.

    Raises
    ------
    UsageError
        There are both, or the file gives no secret.
    """
    value: SecretStr | None = getattr(settings, name)
    path: Path | None = getattr(settings, f"{name}_file")
    if value is not None and path is not None:
        raise UsageError(f"{name} and {name}_file say the same thing: leave one of them out.")
    if path is not None:
        return read_secret_file(f"{name}_file", path)
    return value.get_secret_value() if value is not None else None


def read_secret_file(setting: str, path: Path) -> str:
    """Return the text of a file without the line break at its end, which editors and ``echo`` leave there.

    Raises
    ------
    UsageError
        The file cannot be read, is empty, or is not text; the message names the setting.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{setting}: {path}: cannot be read ({error.strerror or error}). Check the path.") from error
    except UnicodeDecodeError:
        # Without the cause: it shows the bytes.
        raise UsageError(f"{setting}: {path}: this is not UTF-8 text. Write the secret as plain text.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(f"{setting}: {path}: the file is empty. Write the secret to it.")
    return text
