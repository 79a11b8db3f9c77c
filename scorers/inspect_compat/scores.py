"""Scores of ours as Inspect's, and back."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import scorer as theirs

from evalstream.scorers.score import SampleScore, Score

__all__ = ["ours", "sample_scores", "theirs_of"]


def theirs_of(score: Score) -> theirs.Score:
    """Return a score of ours as one of Inspect's.

    Examples
    --------
    >>> theirs_of(Score(value="C", answer="42", reason="refusal")).answer
    '42'
    """
    made = theirs.Score(
        value=score.value,
        answer=score.answer,
        explanation=score.explanation,
        reason=score.reason,
        metadata=score.metadata,
    )
    if score.history:
        made.history = [theirs.ScoreEdit.model_validate(edit.model_dump()) for edit in score.history]
    return made


def ours(score: theirs.Score) -> Score:
    """Return a score of Inspect's as one of ours.

    Examples
    --------
    >>> ours(theirs.Score(value={"a": 1}, metadata={"b": 2})).value
    {'a': 1}
    """
    return Score.model_validate(
        {
            "value": score.value,
            "answer": score.answer,
            "explanation": score.explanation,
            "reason": score.reason,
            "metadata": score.metadata,
            "history": [edit.model_dump() for edit in score.history],
        }
    )


def sample_scores(scores: Sequence[SampleScore]) -> list[theirs.SampleScore]:
    """Return what a metric of ours receives as what one of Inspect's does."""
    return [
        theirs.SampleScore(
            score=theirs_of(item.score),
            sample_id=item.sample_id,
            sample_metadata=item.sample_metadata,
            scorer=item.scorer,
        )
        for item in scores
    ]
