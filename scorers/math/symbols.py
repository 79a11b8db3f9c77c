r"""Symbols, which both notations must make alike: SymPy takes a real x, an x, and an X for three variables."""

from __future__ import annotations

import re
from typing import Any

import sympy

__all__ = ["has_imaginary_latex", "has_imaginary_plain", "symbol"]

_LATEX = re.compile(r"\\mathbb\{C\}|\\(?:i|imath)\b|(?<![A-Za-z])i(?![A-Za-z])|\\(?:arg|Re|Im)\b")
_PLAIN = re.compile(r"(?<![A-Za-z0-9_])I(?![A-Za-z0-9_])|\d[jJ](?![A-Za-z0-9_])")


def symbol(name: str, real: bool) -> Any:
    """Make a symbol; case does not count."""
    return sympy.Symbol(name.lower(), real=real)


def has_imaginary_latex(text: str) -> bool:
    """Tell whether LaTeX has the imaginary unit in it, or speaks of complex numbers: then symbols need not be real."""
    return bool(_LATEX.search(text))


def has_imaginary_plain(text: str) -> bool:
    """Tell the same of calculator notation, which also takes ``I`` and ``2j``."""
    return has_imaginary_latex(text) or bool(_PLAIN.search(text))
