"""Text for a terminal: what comes from logs and users' code must not speak its language, nor rich's."""

from __future__ import annotations

import sys

from rich.console import Console

__all__ = ["new_console", "plain", "shorten", "survive_encodings"]

LONGEST = 300


def plain(text: object) -> str:
    r"""Replace line breaks and tabs by spaces, and what else cannot be printed by question marks.

    Examples
    --------
    >>> plain("two\nlines"), plain("\x1b[31mred\x07")
    ('two lines', '?[31mred?')
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in str(text))


def shorten(text: object) -> str:
    """Make a text plain, and cut it where it is no longer a message but a document.

    Examples
    --------
    >>> shorten("no"), len(shorten("x" * 5000))
    ('no', 300)
    """
    shown = plain(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def new_console(stderr: bool = False) -> Console:
    """Make a console that takes text as it is: no markup, no :emoji:, no colours for things that look like numbers.

    Rich itself respects NO_COLOR, TERM and COLUMNS.
    """
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def survive_encodings() -> None:
    """Let a terminal that cannot show a character have an escape instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
