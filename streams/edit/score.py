"""One score, edited."""

from __future__ import annotations

from typing import Any

from evalstream.scorers.score import Score, ScoreEdit
from evalstream.scorers.value import UNCHANGED

from ..errors import UsageError

__all__ = ["edited_score"]

_FIELDS = ("value", "answer", "explanation", "reason", "metadata")

LEGACY_REASON = "unscored_reason"
"""Older logs kept the reason in the metadata, and readers still look for it there."""


def edited_score(score: Score | None, edit: ScoreEdit, name: str = "") -> Score:
    """Return a score as an edit makes it; what was there stays in its history.

    Parameters
    ----------
    score
        What is there; None makes a new score.
    edit
        What changes. Metadata are replaced as a whole. A reason replaces also the one that older logs keep in the
        metadata.
    name
        The score's name, for messages.

    Raises
    ------
    UsageError
        A new score without a value.

    Examples
    --------
    >>> edited = edited_score(Score(value="I", answer="4"), ScoreEdit(value="C"))
    >>> edited.value, edited.answer, [step.value for step in edited.history]
    ('C', '4', ['I', 'C'])
    """
    if score is None:
        if edit.value == UNCHANGED:
            raise UsageError(f"there is no score {name!r} yet: a new one needs a value.")
        given = {key: value for key, value in _changes(edit).items() if value is not None}
        return Score.model_construct(**{**_nothing(), **given}, history=[edit])
    history = list(score.history) or [_original(score)]
    changed = score.model_copy(update={**_changes(edit, score.metadata), "history": [*history, edit]})
    # As new logs have it: a copy is not validated, and the history is what Inspect writes.
    return Score.model_construct(**{key: getattr(changed, key) for key in Score.model_fields})


def _nothing() -> dict[str, Any]:
    return {"answer": None, "explanation": None, "reason": None, "metadata": None}


def _original(score: Score) -> ScoreEdit:
    return ScoreEdit(
        value=score.value, answer=score.answer, explanation=score.explanation, reason=score.reason,
        metadata=score.metadata or {},
    )  # fmt: skip


def _changes(edit: ScoreEdit, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    changes = {key: getattr(edit, key) for key in _FIELDS if getattr(edit, key) != UNCHANGED}
    if "reason" in changes:
        kept = changes.get("metadata", metadata)
        if kept is not None and LEGACY_REASON in kept:
            changes["metadata"] = {key: value for key, value in kept.items() if key != LEGACY_REASON}
    return changes
