"""`majority_vote`: the reducer of Inspect's older documentation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .. import registry
from ..reducer import ScoreReducer
from ..score import Score
from ..value import is_unscored

__all__ = ["majority_vote"]


def _vote(scores: list[Score], /) -> Score:
    """Take the value that most scores carry; of several the one that comes first.

    Answer and explanation are the first score's; the metadata have all scores under ``individual_scores``. Unscored
    ones do not vote, and if all are, so is the result. `majority_score` asks for more than half.

    Parameters
    ----------
    scores
        At least one score, whose values are single ones.

    Raises
    ------
    ValueError
        A value is a list or dict.

    Examples
    --------
    >>> from evalstream.scorers import Score
    >>> majority_vote([Score(value="I", answer="7"), Score(value="C"), Score(value="C")]).value
    'C'
    """
    for score in scores:
        score.as_str()  # raises for what is not a single value
    votes: Counter[Any] = Counter(score.value for score in scores if not is_unscored(score.value))
    return Score(
        value=votes.most_common(1)[0][0] if votes else float("nan"),
        answer=scores[0].answer,
        explanation=scores[0].explanation,
        metadata={"individual_scores": [score.model_dump(exclude_none=True, exclude={"history"}) for score in scores]},
    )


def _majority_vote() -> ScoreReducer:
    return _vote


_vote.__name__ = _vote.__qualname__ = "majority_vote"
_majority_vote.__name__ = _majority_vote.__qualname__ = "majority_vote"
# Older evals pass the function itself, so it is its own and only instance.
majority_vote = registry.register("score_reducer", "majority_vote", _majority_vote)()
