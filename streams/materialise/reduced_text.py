"""The reduced score of one sample, as the text that a log has in its reductions."""

from __future__ import annotations

import re

from evalstream.scorers.jsontext import dumps, join_object, loads, split_object
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.driver import ValueReducer
from evalstream.scorers.results.reductions import reduction_entry
from evalstream.scorers.score import Score

__all__ = ["ReducedText"]

# A score as it is printed, with a scalar as its value and without edits.
_PLAIN = re.compile(rb'\{"value":("[^"\\]*"|[^",{}\[\]]+)(,.*)?,"history":\[\]\}', re.DOTALL)

MOST_VALUES = 1000
"""Reduced values that are remembered; scores of most scorers have two or three."""


class ReducedText:
    """Reduces the scores of one sample's epochs, texts in and text out.

    Parameters
    ----------
    reducer
        How.

    Examples
    --------
    >>> from evalstream.scorers.reducers import mean_score
    >>> reduced = ReducedText(mean_score())
    >>> reduced([b'{"value":"C","answer":"4","history":[]}'], 7).decode()
    '{"value":1.0,"answer":"4","history":[],"sample_id":7}'
    """

    def __init__(self, reducer: ScoreReducer) -> None:
        self._reducer = reducer
        # Some reducers add to the metadata, so that only those count whose sole concern is the value.
        plain = isinstance(reducer, ValueReducer) and type(reducer).__call__ is ValueReducer.__call__
        self._of_values = reducer if isinstance(reducer, ValueReducer) and plain else None
        self._values: dict[bytes, bytes] = {}

    def __call__(self, scores: list[bytes], sample_id: str | int) -> bytes:
        """Return the text for a sample; its scores are in the order of epochs, at least one."""
        # One epoch is the usual case: all but the value stays, so that it need not be parsed and printed.
        if len(scores) > 1 or self._of_values is None:
            parsed = [Score.model_validate_json(text) for text in scores]
            return dumps(reduction_entry(self._reducer, parsed, sample_id))
        plain = _PLAIN.fullmatch(scores[0])
        if plain is not None:
            value, rest = self._reduced(self._of_values, plain[1]), plain[2] or b""
            return b'{"value":%s%s,"history":[],"sample_id":%s}' % (value, rest, dumps(sample_id))
        members = split_object(scores[0])
        members["value"] = self._reduced(self._of_values, members["value"])
        members["history"] = b"[]"
        members["sample_id"] = dumps(sample_id)
        return join_object(members)

    def _reduced(self, reducer: ValueReducer, value: bytes) -> bytes:
        reduced = self._values.get(value)
        if reduced is None:
            if len(self._values) >= MOST_VALUES:
                self._values.clear()
            reduced = self._values[value] = dumps(reducer.reduce_values([loads(value)]))
        return reduced
