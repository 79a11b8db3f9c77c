"""`answer`: what follows "ANSWER:" is the answer."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..scorer import Scorer, scorer
from .pattern import pattern as by_pattern

__all__ = ["AnswerPattern", "answer"]

_MARK = r"ANSWER\s*:\s*"
_LAST = r"(?!.*ANSWER\s*:)"


class AnswerPattern(str, Enum):
    """Regular expressions that capture what follows the last "ANSWER:"."""

    LETTER = rf"(?is){_MARK}([A-Za-z])(?:[^\w]|\n|$){_LAST}"
    """One letter, for multiple choice."""

    WORD = rf"(?is){_MARK}(\S+?)(?=[.,;:!?]?\s*(?:\n|$)){_LAST}"
    """One word that ends its line, for yes and no; one punctuation mark after it does not count."""

    LINE = rf"(?i){_MARK}([^\n]+)\s*\Z"
    """The rest of the line, which must be the last one."""


@scorer(metrics=[accuracy(), stderr()])
def answer(pattern: Literal["letter", "word", "line"]) -> Scorer:
    """Correct if what follows the last "ANSWER:" is a target.

    Parameters
    ----------
    pattern
        How much of it is the answer: a "letter", a "word", or the rest of the "line".

    Raises
    ------
    ValueError
        ``pattern`` is something else.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="Two candidates, but ANSWER: B", target="B")
    >>> run_now(answer("letter")(state, state.target)).value
    'C'
    """
    try:
        expression = AnswerPattern[pattern.upper()]
    except (KeyError, AttributeError):
        raise ValueError(f'`pattern` must be "letter", "word" or "line", not {pattern!r}') from None
    return by_pattern(expression.value)
