"""Calculator notation, such as ``2*x^2 + sqrt(3)``, as SymPy expressions.

Python's parser reads it, and nothing is ever evaluated: the tree is walked, and what is not mathematics is refused.
Expressions stay as they were written (``evaluate=False``), so that building them costs next to nothing.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import sympy

from .errors import MathLimitError, MathParseError
from .limits import MOST_BITS, MOST_NODES
from .symbols import symbol

__all__ = ["grouped_digits", "parse_plain", "sides_of_equation"]

GROUPED = re.compile(r"\s*-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\s*\Z")
_BRACED_EXPONENT = re.compile(r"\^\s*\{")

_CONSTANTS = {
    "E": sympy.E,
    "e": sympy.E,
    "I": sympy.I,
    "i": sympy.I,
    "inf": sympy.oo,
    "infinity": sympy.oo,
    "pi": sympy.pi,
}


def parse_plain(text: str, real: bool) -> Any | None:
    r"""Parse calculator notation.

    Parameters
    ----------
    text
        The expression; ``^`` is a power, and one "=" makes an equation.
    real
        Whether symbols stand for real numbers.

    Returns
    -------
    expression or None
        None for what is no calculator notation, LaTeX for instance.

    Raises
    ------
    MathParseError
        It is Python, but not mathematics.
    MathLimitError
        It is too large.

    Examples
    --------
    >>> parse_plain("(1+2)/3", real=True).doit(), parse_plain(r"\frac{1}{2}", real=True)
    (1, None)
    """
    if "\\" in text or _BRACED_EXPONENT.search(text):
        return None
    text = grouped_digits(text.strip().replace("×", "*").replace("÷", "/").replace("^", "**"))
    sides = sides_of_equation(text)
    if sides is not None:
        left, right = (parse_plain(side, real) for side in sides)
        if left is None or right is None:
            raise MathParseError("one side of the equation cannot be read")
        return sympy.Eq(left, right, evaluate=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd literals, such as "1if"
            tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return None
    return _Builder(real).expression(tree.body)


def grouped_digits(text: str) -> str:
    """Drop the commas of a number in groups of three digits ("1,234"); leave any other text as it is."""
    return text.replace(",", "") if GROUPED.fullmatch(text) else text


def sides_of_equation(text: str) -> tuple[str, str] | None:
    """Split a text at its only "=" outside of brackets; None without one, or with several.

    Examples
    --------
    >>> sides_of_equation("f(x=1) = 2"), sides_of_equation("a <= b"), sides_of_equation("a = b = c")
    (('f(x=1) ', ' 2'), None, None)
    """
    depth, place = 0, -1
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif character == "=" and depth == 0:
            # One that begins the text has nothing on its left.
            if index == 0 or text[index - 1] in "<>!=" or text[index + 1 : index + 2] == "=":
                continue
            if place >= 0:
                return None
            place = index
    return (text[:place], text[place + 1 :]) if place >= 0 else None


class _Builder:
    """Builds the expression of a tree, counting its nodes."""

    def __init__(self, real: bool) -> None:
        self._real = real
        self._nodes = 0

    def expression(self, node: ast.expr) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise MathLimitError("the expression has too many parts")
        build = _BUILDERS.get(type(node))
        if build is None:
            raise MathParseError(f"{type(node).__name__} is not mathematics")
        return build(self, node)

    def constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() > MOST_BITS:
                raise MathLimitError("the number is too large")
            return sympy.Integer(value)
        if isinstance(value, float):
            return _float(value)
        if isinstance(value, complex):
            imaginary = sympy.Mul(_float(value.imag), sympy.I, evaluate=False)
            return sympy.Add(_float(value.real), imaginary, evaluate=False)
        raise MathParseError(f"{value!r} is not a number")

    def name(self, node: ast.Name) -> Any:
        constant = _CONSTANTS.get(node.id)
        return constant if constant is not None else symbol(node.id, self._real)

    def unary(self, node: ast.UnaryOp) -> Any:
        operand = self.expression(node.operand)
        if isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(node.op, ast.USub):
            return _negative(operand)
        raise MathParseError(f"{type(node.op).__name__} is not mathematics")

    def binary(self, node: ast.BinOp) -> Any:
        left, right = self.expression(node.left), self.expression(node.right)
        combine = _OPERATORS.get(type(node.op))
        if combine is None:
            raise MathParseError(f"{type(node.op).__name__} is not mathematics")
        return combine(left, right)

    def call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if (name not in _FUNCTIONS and name not in _OF_ONE) or node.keywords:
            raise MathParseError("that is no function that is known here")
        arguments = [self.expression(argument) for argument in node.args]
        fewest, most, apply = _FUNCTIONS.get(name) or (1, 1, _unevaluated(_OF_ONE[name]))
        if not fewest <= len(arguments) <= most:
            raise MathParseError(f"{name} does not take {len(arguments)} arguments")
        return apply(*arguments)

    def tuple(self, node: ast.Tuple | ast.List) -> Any:
        return sympy.Tuple(*map(self.expression, node.elts))

    def set(self, node: ast.Set) -> Any:
        return sympy.FiniteSet(*map(self.expression, node.elts), evaluate=False)

    def comparison(self, node: ast.Compare) -> Any:
        values = [self.expression(value) for value in (node.left, *node.comparators)]
        relations = []
        for left, operator, right in zip(values[:-1], node.ops, values[1:], strict=True):
            relation = _RELATIONS.get(type(operator))
            if relation is None:
                raise MathParseError(f"{type(operator).__name__} is not mathematics")
            relations.append(relation(left, right, evaluate=False))
        return relations[0] if len(relations) == 1 else sympy.And(*relations, evaluate=False)


def _float(value: float) -> Any:
    if not math.isfinite(value):
        raise MathLimitError("the number is too large")
    return sympy.Float(repr(value))


def _negative(value: Any) -> Any:
    return sympy.Mul(-1, value, evaluate=False)


def _unevaluated(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: function(*arguments, evaluate=False)


_BUILDERS: dict[type[ast.expr], Callable[[_Builder, Any], Any]] = {
    ast.Constant: _Builder.constant,
    ast.Name: _Builder.name,
    ast.UnaryOp: _Builder.unary,
    ast.BinOp: _Builder.binary,
    ast.Call: _Builder.call,
    ast.Tuple: _Builder.tuple,
    ast.List: _Builder.tuple,
    ast.Set: _Builder.set,
    ast.Compare: _Builder.comparison,
}

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _unevaluated(sympy.Add),
    ast.Sub: lambda left, right: sympy.Add(left, _negative(right), evaluate=False),
    ast.Mult: _unevaluated(sympy.Mul),
    ast.Div: lambda left, right: sympy.Mul(left, sympy.Pow(right, -1, evaluate=False), evaluate=False),
    ast.Pow: _unevaluated(sympy.Pow),
    ast.Mod: _unevaluated(sympy.Mod),
}

_RELATIONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Eq: sympy.Eq,
    ast.NotEq: sympy.Ne,
    ast.Lt: sympy.StrictLessThan,
    ast.LtE: sympy.LessThan,
    ast.Gt: sympy.StrictGreaterThan,
    ast.GtE: sympy.GreaterThan,
}

_OF_ONE: dict[str, Callable[..., Any]] = {
    "abs": sympy.Abs,
    "acos": sympy.acos,
    "acosh": sympy.acosh,
    "asin": sympy.asin,
    "asinh": sympy.asinh,
    "atan": sympy.atan,
    "atanh": sympy.atanh,
    "ceil": sympy.ceiling,
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "exp": sympy.exp,
    "factorial": sympy.factorial,
    "floor": sympy.floor,
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}


def _log(argument: Any, base: Any = sympy.E) -> Any:
    return sympy.log(argument, base, evaluate=False)


_FUNCTIONS: dict[str, tuple[int, float, Callable[..., Any]]] = {
    "binomial": (2, 2, _unevaluated(sympy.binomial)),
    "ln": (1, 2, _log),
    "log": (1, 2, _log),
    "max": (1, math.inf, _unevaluated(sympy.Max)),
    "min": (1, math.inf, _unevaluated(sympy.Min)),
    "sqrt": (1, 1, lambda argument: sympy.Pow(argument, sympy.S.Half, evaluate=False)),
}
"""Least and most arguments of functions that take others than one, or are built of something else."""
