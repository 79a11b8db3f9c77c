"""LaTeX as SymPy expressions, by latex2sympy2-extended."""

from __future__ import annotations

import re
from typing import Any

import sympy
from latex2sympy2_extended import NormalizationConfig, normalize_latex
from latex2sympy2_extended.latex2sympy2 import ConversionConfig, _Latex2Sympy

from .errors import MathParseError
from .plain import GROUPED

__all__ = ["parse_latex"]

_SIZES = re.compile(r"\\(?:left|right|Bigl|Bigr|bigl|bigr|Big|big|Large|large)\b")
_THIN_SPACES = re.compile(r"\s*-?\d{1,3}(?:\\,\d{3})+(?:\.\d+)?\s*\Z")
_NUMBER = re.compile(r"[+-]?(?:\d+|\d*\.\d+)(?:E[+-]?\d+)?\Z")
_COMPUTED_AT_ONCE = re.compile(r"\\(?:binom|gamma)\b", re.IGNORECASE)

_NORMALIZATION = NormalizationConfig(
    basic_latex=True, units=True, malformed_operators=True, nits=True, boxed="last", equations=False
)
_CONVERSION = ConversionConfig(
    interpret_as_mixed_fractions=True,
    interpret_simple_eq_as_assignment=False,
    interpret_contains_as_eq=True,
    lowercase_symbols=True,
)


def parse_latex(text: str, real: bool) -> Any:
    r"""Parse LaTeX; units are dropped.

    Parameters
    ----------
    text
        The formula, without delimiters.
    real
        Whether symbols stand for real numbers.

    Raises
    ------
    Exception
        It is no LaTeX that the library reads; it raises errors of many kinds.

    Examples
    --------
    >>> [parse_latex(text, real=True) for text in (r"\frac{1}{2}", r"5 \text{ cm}", r"1\,234")]
    [1/2, 5, 1234]
    """
    formula = normalize_latex(_SIZES.sub("", text), _NORMALIZATION)
    if _THIN_SPACES.fullmatch(formula):
        formula = formula.replace(r"\,", ",")
    if GROUPED.fullmatch(formula):
        return _number(formula)
    converter = _Converter(variable_values=None, is_real=real, convert_degrees=False, config=_CONVERSION)
    if _COMPUTED_AT_ONCE.search(formula):
        with sympy.evaluate(False):
            return converter.parse(formula)
    return converter.parse(formula)


class _Converter(_Latex2Sympy):  # type: ignore[misc] # the library has no types
    """The library's converter, but for numbers: they keep their digits and are never guessed at."""

    def parse_number(self, text: str) -> Any:
        return _number(text)


def _number(text: str) -> Any:
    digits = text.replace(",", "").strip()
    if not _NUMBER.fullmatch(digits):
        raise MathParseError("the number cannot be read")
    return sympy.Float(digits) if "." in digits or "E" in digits else sympy.Integer(digits)
