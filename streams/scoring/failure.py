"""Why a sample has no score: the error of the last attempt, for the event and for the dead letter."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Literal

from ..events import ScoreFailure

__all__ = ["Failure", "message_of"]

Stage = Literal["decode", "score", "timeout"]

MOST_TRACE = 8000
"""Characters of a stack trace: a topic takes messages little larger than the value that came."""

LONGEST = 8000
"""Characters of a message. A scorer may put a whole document into it, which no broker would take."""


@dataclass(frozen=True)
class Failure:
    """A failure that is final.

    ``attempts`` counts the first one, too; ``scorer`` is the name on the sample, "" if none of them could be tried.
    ``trace`` is the error's, if that happened in another process.
    """

    stage: Stage
    error: BaseException
    attempts: int = 1
    scorer: str = ""
    trace: str = ""

    @property
    def cause(self) -> BaseException:
        """The error behind it: what cannot be decoded has failed in the decoder, of which our own error only tells."""
        return (self.error.__cause__ if self.stage == "decode" else None) or self.error

    def traced(self) -> str:
        """Return the stack trace, its end if it is long."""
        if self.trace:
            return self.trace
        error = self.cause
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))[-MOST_TRACE:]

    def told(self) -> ScoreFailure:
        """Return what the event says of it."""
        return ScoreFailure(type=type(self.error).__name__, message=message_of(self.error), stage=self.stage)


def message_of(error: BaseException) -> str:
    """Return an error's message, of a bounded length; its class's name if it has none.

    Examples
    --------
    >>> message_of(ValueError("no")), message_of(ValueError())
    ('no', 'ValueError')
    """
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 (a scorer's error is a scorer's code)
        text = f"{type(error).__name__}, whose message cannot be printed"
    # pydantic takes no half of a surrogate pair.
    text = text.encode(errors="backslashreplace").decode()
    return (text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…") or type(error).__name__
