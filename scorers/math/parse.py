"""From a text to what it means: an expression, or words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from .errors import MathLimitError, MathParseError, MathUnsafeError
from .latex import parse_latex
from .limits import check_expression, check_text
from .plain import parse_plain, sides_of_equation
from .symbols import has_imaginary_latex, has_imaginary_plain
from .texts import WORD, bare, has_prose_around_math, is_prose, normal_text

__all__ = ["Meaning", "first_meaning", "meaning_of"]

_PERCENT = re.compile(
    r"\s*(?:\\?%|\\text\s*\{\s*(?:percent(?:age)?|pct)\s*\}|\s+(?:percent(?:age)?|pct))\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Meaning:
    """What a text means: an ``expression``, or else ``words`` in normal form.

    ``source`` is the text; ``slow`` says that SymPy may take long to simplify the expression; ``real`` whether its
    symbols stand for real numbers (None for words).
    """

    expression: Any
    words: str | None
    source: str
    slow: bool = False
    real: bool | None = None


def first_meaning(candidates: Sequence[str], real: bool | None = None) -> Meaning:
    """Return the meaning of the first candidate that has one.

    Parameters
    ----------
    candidates
        The likeliest answers, as `answer_candidates` gives them.
    real
        Whether symbols stand for real numbers; None to tell by each candidate.

    Raises
    ------
    MathLimitError, MathUnsafeError
        A candidate is refused before any could be read.
    MathParseError
        None could be read.
    """
    failure: MathParseError | None = None
    for candidate in candidates:
        try:
            return meaning_of(candidate, real)
        except (MathLimitError, MathUnsafeError):
            raise
        except MathParseError as error:
            failure = error
    raise failure or MathParseError("there is nothing that could be an answer")


def meaning_of(text: str, real: bool | None = None) -> Meaning:
    """Return what a text means; parameters and errors as those of `first_meaning`.

    A percentage is a number divided by 100. Of an equation that cannot be read the right side counts.

    Examples
    --------
    >>> meaning_of("50%").expression.doit(), meaning_of("No solution.").words
    (1/2, 'no solution')
    """
    text = bare(text)
    check_text(text)
    expression: Any = None
    made_real: bool | None = None
    percent = _PERCENT.search(text)
    if percent is not None and (base := text[: percent.start()].rstrip()):
        expression, made_real = _expression(base, real)
        if expression is not None:
            hundredth = sympy.UnevaluatedExpr(sympy.Rational(1, 100))
            expression = sympy.Mul(expression, hundredth, evaluate=False)
    if expression is None:
        if is_prose(text) or has_prose_around_math(text):
            return Meaning(None, normal_text(text), text)
        expression, made_real = _expression(text, real)
    if expression is not None:
        return Meaning(expression, None, text, _checked(expression), made_real)
    sides = sides_of_equation(text)
    if sides is not None:
        try:
            return meaning_of(sides[1], real)
        except MathParseError:
            pass
    words = normal_text(text)
    if WORD.search(words):
        return Meaning(None, words, text)
    raise MathParseError("it is neither a formula nor words")


def _expression(text: str, real: bool | None) -> tuple[Any, bool | None]:
    """Return a text's expression, and whether its symbols are real; None and None if it has none."""
    plainly_real = not has_imaginary_plain(text) if real is None else real
    try:
        expression = parse_plain(text, plainly_real)
    except MathLimitError:
        raise
    except Exception:  # noqa: BLE001 (SymPy raises anything, and LaTeX is left to be tried)
        expression = None
    if expression is not None:
        return expression, plainly_real
    latex_real = not has_imaginary_latex(text) if real is None else real
    try:
        return parse_latex(text, latex_real), latex_real
    except Exception:  # noqa: BLE001 (as above, and then it is words)
        return None, None


def _checked(expression: Any) -> bool:
    try:
        return check_expression(expression)
    except MathParseError:
        raise
    except Exception as error:
        raise MathParseError("the expression cannot be looked through") from error
