"""One scorer's outcomes in a run, by sample number."""

from __future__ import annotations

from array import array
from typing import Any

from evalstream.scorers.jsontext import dumps, loads
from evalstream.scorers.value import Value, is_unscored

from .rows import FAILED, FAILURES, NO_SCORE, SCORED, ScoreRow
from .usage import UsageSums

__all__ = ["OutcomeColumn"]

_MISSING = 0
_CODES = {SCORED: 1, NO_SCORE: 2, FAILED: 3}


class OutcomeColumn:
    """What one scorer said of each sample-epoch.

    ``counts`` are by outcome; an unscored score counts as scored, and in ``unscored`` too. ``usage`` sums up what the
    outcomes that count took of models, and ``unpaid`` are those for which the budget did not last.
    """

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.scored = self.unscored = self.without = self.failed = 0
        self.failures: dict[int, str] = {}
        self.values: list[Value | None] = []
        self.offsets = array("q")
        self.metadata: dict[int, dict[str, Any]] = {}
        self.usage = UsageSums()
        self.unpaid: set[int] = set()
        self._usages: dict[int, bytes] = {}  # as texts, which take a fifth of the room
        self._outcomes = bytearray()
        self._names_of = array("i")
        self._name_numbers: dict[str, int] = {}

    def has(self, number: int) -> bool:
        """Tell whether an outcome of this sample-epoch has been counted."""
        return number < len(self._outcomes) and self._outcomes[number] != _MISSING

    def is_scored(self, number: int) -> bool:
        """Tell whether there is a score, unscored ones included."""
        return number < len(self._outcomes) and self._outcomes[number] == _CODES[SCORED]

    def rank(self, number: int) -> int:
        """Return the rank of the outcome that counts, see `ScoreRow.rank`; there must be one."""
        return self.offsets[number] + (FAILURES if self._outcomes[number] == _CODES[FAILED] else 0)

    def take_back(self, number: int) -> None:
        """Stop counting an outcome. Its value, offset and metadata stay readable until another one is set."""
        outcome = self._outcomes[number]
        self._outcomes[number] = _MISSING
        name = list(self._name_numbers)[self._names_of[number]]
        self.names[name] -= 1
        if not self.names[name]:
            del self.names[name]
        if outcome == _CODES[SCORED]:
            self.scored -= 1
            self.unscored -= is_unscored(self.values[number])
        elif outcome == _CODES[NO_SCORE]:
            self.without -= 1
        else:
            self.failed -= 1
            del self.failures[number]
        self.unpaid.discard(number)
        if number in self._usages:
            self.usage.take_back(loads(self._usages.pop(number)))

    def set(self, number: int, row: ScoreRow, keep_metadata: bool) -> None:
        """Count an outcome; there must be none yet for this sample-epoch."""
        missing = number + 1 - len(self._outcomes)
        if missing > 0:
            self._outcomes.extend(bytes(missing))
            self.values.extend([None] * missing)
            self.offsets.extend([-1] * missing)
            self._names_of.extend([0] * missing)
        self._outcomes[number] = _CODES[row.outcome]
        self.offsets[number] = row.score
        self.values[number] = None
        self.metadata.pop(number, None)
        self.names[row.scorer] = self.names.get(row.scorer, 0) + 1
        self._names_of[number] = self._name_numbers.setdefault(row.scorer, len(self._name_numbers))
        if row.outcome == SCORED:
            self.values[number] = _INTERNED.get(row.value, row.value) if isinstance(row.value, str) else row.value
            self.scored += 1
            self.unscored += is_unscored(row.value)
            if keep_metadata and row.metadata is not None:
                self.metadata[number] = row.metadata
        elif row.outcome == NO_SCORE:
            self.without += 1
        else:
            self.failed += 1
            self.failures[number] = str(row.value)
        if row.unpaid:
            self.unpaid.add(number)
        if row.usage:
            self.usage.add(row.usage)
            self._usages[number] = dumps(row.usage)

    @property
    def received(self) -> int:
        """Outcomes counted so far."""
        return self.scored + self.without + self.failed


_INTERNED = {value: value for value in ("C", "I", "P", "N", "")}
