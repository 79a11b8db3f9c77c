"""Label values that stay few and short, whatever events say."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["OTHER", "LabelSets", "label"]

OTHER = "other"
LONGEST = 120


def label(value: object) -> str:
    r"""Make a label value of anything: of bounded length, and such that UTF-8 can say it.

    Examples
    --------
    >>> label("match"), label(None), label("a\ud800b")
    ('match', '', 'a?b')
    >>> len(label("x" * 1000))
    120
    """
    text = "" if value is None else str(value)
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return text.encode(errors="replace").decode()


class LabelSets:
    """The sets of label values that a series has had; from the limit on, new ones are all counted as one.

    Events name tasks and scorers, and events are untrusted: without a limit, whoever publishes could make a worker, and
    the Prometheus that scrapes it, hold any number of series.

    Examples
    --------
    >>> sets = LabelSets(2)
    >>> sets.of(["t", "a"]), sets.of(["t", "b"]), sets.of(["t", "c"]), sets.of(["t", "a"])
    (('t', 'a'), ('t', 'b'), ('other', 'other'), ('t', 'a'))
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[tuple[str, ...]] = set()

    def of(self, values: Sequence[object]) -> tuple[str, ...]:
        """Return the label values to count under."""
        key = tuple(map(label, values))
        if key not in self._known:
            if len(self._known) >= self._limit:
                return (OTHER,) * len(key)
            self._known.add(key)
        return key
