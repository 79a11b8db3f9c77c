"""Scores that no broker would take: the sample they are of has failed, and the worker goes on."""

from __future__ import annotations

from collections.abc import Callable

from ..events import ScoreEmitted
from .emitted import Emitted
from .failure import Failure
from .sheet import Scored

__all__ = ["ScoreTooLargeError", "printed"]


class ScoreTooLargeError(ValueError):
    """A score does not fit into a message: an answer or explanation repeats a large sample, most likely."""


def printed(result: Scored, takes: Callable[[bytes], bool]) -> tuple[Scored, list[bytes]]:
    """Print the events of a completion; one that the broker would refuse becomes a failure.

    A worker that sends what is refused for good ends, and so would the next one, at the same completion.

    Parameters
    ----------
    takes
        Tells whether the broker takes an event of these bytes.

    Returns
    -------
    tuple
        What became of the completion, and its events' texts.
    """
    texts = [event.to_bytes() for event in result.events]
    refused = [number for number, text in enumerate(texts) if not takes(text)]
    if not refused:
        return result, texts
    events, failures = list(result.events), list(result.failures)
    for number in refused:
        events[number], failure = _failed(events[number], len(texts[number]))
        failures.append(failure)
        texts[number] = events[number].to_bytes()
    return Scored(events, failures), texts


def _failed(event: Emitted, size: int) -> tuple[ScoreEmitted, Failure]:
    failure = Failure(
        "score",
        ScoreTooLargeError(
            f"the score has {size} bytes, more than a message may: let the scorer give a shorter answer, explanation or"
            " metadata, or raise max_message_bytes."
        ),
        scorer=event.scorer,
    )
    model = ScoreEmitted.model_validate_json(event.to_bytes())
    return model.model_copy(update={"score": None, "error": failure.told(), "metadata": None}), failure
