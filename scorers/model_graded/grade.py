"""Finding the grade in what a judge wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["GradeReader"]

_SPACE = r"[\s\u200b\u200c\u200d\u200e\u200f\u2060\u2063\ufeff]*"
"""White space, and marks that cannot be seen but get into a model's text."""

_LAST = rf"(?is).*(?<!\w)GRADE(?!\w){_SPACE}:{_SPACE}"
"""Up to the last grade: what a submission smuggles into the reasoning comes before it."""

ANY_WORD = _LAST + r"(\w*)"
ANY_LETTER = _LAST + r"([CPI])"

_WORDS = {"c": "C", "correct": "C", "i": "I", "incorrect": "I", "p": "P", "partial": "P"}


@dataclass(frozen=True)
class GradeReader:
    """How a judge's grade is read.

    With the default instructions it is known which grades were offered, so that any other word is no grade; the last
    one decides even then, lest an earlier one that the submission brought is taken for it.

    Parameters
    ----------
    pattern
        A regular expression whose first group is the grade; None for "GRADE: ...".
    offered
        The grades that count; None for all.

    Raises
    ------
    ValueError
        The pattern is no regular expression, or has no group.

    Examples
    --------
    >>> reader = GradeReader(None, ("C", "I"))
    >>> [reader.read(text) for text in ("GRADE: C", "GRADE: C ... grade: incorrect", "GRADE: P", "downgrade: C")]
    ['C', 'I', None, None]
    """

    pattern: str | None
    offered: tuple[str, ...] | None

    def __post_init__(self) -> None:
        if self.pattern is None:
            return
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"grade_pattern is no regular expression: {error}") from error
        if not groups:
            raise ValueError("grade_pattern has no group: put the grade in parentheses, as in 'GRADE: ([CI])'")

    def read(self, text: str) -> str | None:
        """Return the grade; None if there is none."""
        if self.pattern is not None:
            found = re.search(self.pattern, text)
            return found.group(1) if found else None
        found = re.search(ANY_LETTER if self.offered is None else ANY_WORD, text)
        if found is None:
            return None
        word = found.group(1)
        grade = _WORDS.get(word.lower(), word.upper() if len(word) == 1 else None)
        return grade if self.offered is None or grade in self.offered else None
