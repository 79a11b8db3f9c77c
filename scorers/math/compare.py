"""Whether two answers are the same."""

from __future__ import annotations

import math
from typing import Any

import sympy

from .parse import Meaning

__all__ = ["same"]

TOLERANCE = 1e-10
DIGITS = 30


def same(left: Meaning, right: Meaning) -> bool:
    r"""Tell whether two meanings are equal: words as words, expressions by what SymPy can show.

    Numbers that are not both exact (rational or algebraic) may differ by 1e-10, absolutely or relatively. An equation
    such as ``x = 2`` equals its value 2. Of expressions that are slow to simplify only the form is compared.

    Examples
    --------
    >>> from evalstream.scorers.math.parse import meaning_of
    >>> same(meaning_of("0.5"), meaning_of(r"\frac{1}{2}")), same(meaning_of("x = 2"), meaning_of("2"))
    (True, True)
    >>> same(meaning_of("99999999999"), meaning_of("10^11"))
    False
    """
    if left.words is not None or right.words is not None:
        return left.words == right.words
    return _equal(*_values(left.expression, right.expression), slow=left.slow or right.slow)


def _values(left: Any, right: Any) -> tuple[Any, Any]:
    """Take an equation's value in place of it where the other one is no relation."""
    if isinstance(right, sympy.Equality) and not getattr(left, "is_Relational", False):
        return left, _value(right)
    if isinstance(left, sympy.Equality) and not getattr(right, "is_Relational", False):
        return _value(left), right
    return left, right


def _value(equation: Any) -> Any:
    return equation.lhs if equation.rhs.is_Symbol and not equation.lhs.is_Symbol else equation.rhs


def _equal(left: Any, right: Any, *, slow: bool) -> bool:
    try:
        if left == right:
            return True
    except Exception:  # noqa: BLE001, S110 (SymPy raises anything where it knows no answer)
        pass
    if slow:
        return False
    if isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase):
        alike = isinstance(left, sympy.MatrixBase) and isinstance(right, sympy.MatrixBase) and left.shape == right.shape
        return alike and all(_equal(*_values(*cells), slow=False) for cells in zip(left, right, strict=True))
    try:
        if left.equals(right) is True:
            return True
    except Exception:  # noqa: BLE001, S110 (as above)
        pass
    return _close(left, right)


def _close(left: Any, right: Any) -> bool:
    if not (_is_number(left) and _is_number(right)) or (_is_exact(left) and _is_exact(right)):
        return False
    try:
        a, b = complex(sympy.N(left, DIGITS)), complex(sympy.N(right, DIGITS))
        if not all(map(math.isfinite, (a.real, a.imag, b.real, b.imag))):
            return False
        error = abs(a - b)
        return error < TOLERANCE or error / max(abs(a), abs(b), TOLERANCE) < TOLERANCE
    except (ArithmeticError, TypeError, ValueError):
        return False


def _is_number(expression: Any) -> bool:
    return isinstance(expression, sympy.Expr) and not expression.free_symbols


def _is_exact(expression: Any) -> bool:
    return bool(getattr(expression, "is_number", False)) and bool(getattr(expression, "is_algebraic", False))
