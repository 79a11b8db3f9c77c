"""What is refused: by its text before it is parsed, and by its expression before it is compared.

The child process can be ended whatever it does, so this is not what keeps the worker alive; it keeps an answer that is
made to be slow from being asked at all, and the numbers are Inspect's, so that the same answers are refused.
"""

from __future__ import annotations

import re
from typing import Any

import sympy

from .errors import MathLimitError, MathParseError, MathUnsafeError
from .texts import LONGEST, MOST_NESTED, box_content

__all__ = ["MOST_BITS", "MOST_NODES", "check_expression", "check_text"]

MOST_NODES = 512
MOST_BITS = 4_096

_MOST_DIGITS_OF_ONE, _MOST_DIGITS = 256, 2_048
_MOST_COMMANDS, _MOST_OPERATORS, _MOST_CELLS = 256, 1_024, 256
_DEEPEST, _MOST_ARGUMENTS = 64, 128
_MOST_SYMBOLS, _LONGEST_SYMBOL = 64, 128
_LARGEST_FACTORIAL, _SLOW_FACTORIAL, _SLOW_EXPONENT = 10_000, 100, 10_000
_SLOW_FUNCTIONS = {"Derivative", "Integral", "Limit", "Product", "Sum"}

_PROGRAM = re.compile(
    r"__|\b(?:breakpoint|compile|eval|exec|getattr|globals|import|locals|open|setattr)\s*\("
    r"|\b(?:builtins|os|pathlib|subprocess|sys)\s*\."
)
_COMPUTES = re.compile(
    r"\\begin\{vmatrix\}|\\(?:det|gcd|lcm)\b|\\xrightarrow|\\\||\\operatorname\s*\{\s*(?:cols|diag|diagonalize|eig"
    r"|eigen|eigenvals|eigenvalues|eigenvects|eigenvectors|eye|gcd|hstack|lcm|nullspace|norm|ones|orth|ortho"
    r"|orthogonal|orthogonalize|rank|ref|rows|rref|svd|trace|tr|vstack|zeros)\s*\}",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_DIGITS = re.compile(r"\d+")
_OPENING = {")": "(", "]": "[", "}": "{"}


def check_text(text: str) -> None:
    """Refuse a text that nobody should parse.

    Raises
    ------
    MathLimitError
        It is too large, or asks the parser itself to compute something.
    MathUnsafeError
        It looks like a program.
    MathParseError
        It is empty.
    """
    if not text:
        raise MathParseError("the answer is empty")
    if len(text) > LONGEST:
        raise MathLimitError("the expression is too long")
    if _PROGRAM.search(text):
        raise MathUnsafeError("the expression looks like a program")
    if _COMPUTES.search(text):
        raise MathLimitError("the expression asks for a computation while it is read")
    if _has_tower(text):
        raise MathLimitError("the expression has an exponent in an exponent")
    digits = [len(run) for run in _DIGITS.findall(text)]
    if max(digits, default=0) > _MOST_DIGITS_OF_ONE or sum(digits) > _MOST_DIGITS:
        raise MathLimitError("the expression has too many digits")
    if len(_COMMAND.findall(text)) > _MOST_COMMANDS:
        raise MathLimitError("the expression has too many LaTeX commands")
    if sum(map(text.count, "+-*/^=!<>")) > _MOST_OPERATORS:
        raise MathLimitError("the expression has too many operators")
    if _depth(text) > MOST_NESTED:
        raise MathLimitError("the expression is nested too deeply")
    if (text.count(r"\\") + 1) * (text.count("&") + 1) > _MOST_CELLS:
        raise MathLimitError("the matrix is too large")


def check_expression(expression: Any) -> bool:
    """Refuse an expression that is too large; tell whether it is one that SymPy may take long to simplify.

    Raises
    ------
    MathLimitError
        It has too many parts, or too large ones.
    MathParseError
        It is no expression.
    """
    if isinstance(expression, sympy.MatrixBase):
        if len(expression) > _MOST_CELLS:
            raise MathLimitError("the matrix is too large")
        parts = [(cell, 1) for cell in expression]
    elif isinstance(expression, sympy.Basic):
        parts = [(expression, 1)]
    else:
        raise MathParseError("the parser returned something else than an expression")
    count, slow = 0, False
    symbols: set[str] = set()
    while parts:
        node, depth = parts.pop()
        count += 1
        if count > MOST_NODES or depth > _DEEPEST or len(node.args) > _MOST_ARGUMENTS:
            raise MathLimitError("the parsed expression has too many parts")
        if isinstance(node, sympy.Rational) and max(_bits(node.p), _bits(node.q)) > MOST_BITS:
            raise MathLimitError("the parsed number is too large")
        if isinstance(node, sympy.Symbol):
            symbols.add(node.name)
            if len(node.name) > _LONGEST_SYMBOL or len(symbols) > _MOST_SYMBOLS:
                raise MathLimitError("the parsed expression has too many symbols, or too long ones")
        slow |= _is_slow(node)
        parts.extend((part, depth + 1) for part in node.args if isinstance(part, sympy.Basic))
    return slow


def _is_slow(node: Any) -> bool:
    if isinstance(node, sympy.Pow):
        exponent = node.exp
        return isinstance(exponent, sympy.Pow) or (
            isinstance(exponent, sympy.Integer) and abs(int(exponent)) > _SLOW_EXPONENT
        )
    name = node.func.__name__
    if name == "factorial" and node.args and isinstance(node.args[0], sympy.Integer):
        argument = abs(int(node.args[0]))
        if argument > _LARGEST_FACTORIAL:
            raise MathLimitError("the factorial is too large")
        return argument > _SLOW_FACTORIAL
    return name in _SLOW_FUNCTIONS


def _bits(number: Any) -> int:
    return abs(int(number)).bit_length()


def _has_tower(text: str) -> bool:
    """Tell whether a braced exponent without letters has an exponent in it."""
    index = text.find("^")
    while index >= 0:
        start = index + 1
        while start < len(text) and text[start].isspace():
            start += 1
        if text[start : start + 1] == "{":
            content = box_content(text, start)
            if content is not None and "^" in content[0] and not re.search(r"[A-Za-z]", content[0]):
                return True
        index = text.find("^", index + 1)
    return False


def _depth(text: str) -> int:
    """Return how deep brackets are nested; one that closes nothing does not count."""
    deepest = depth = 0
    opened: list[str] = []
    for character in text:
        if character in "([{":
            opened.append(character)
            depth += 1
            deepest = max(deepest, depth)
        elif character in _OPENING and opened and opened[-1] == _OPENING[character]:
            opened.pop()
            depth -= 1
    return deepest
