"""`cascade`: cheap scorers first, dear ones only for samples that those did not settle."""

from __future__ import annotations

from ..accepted import as_scorers
from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from ..value import value_to_float

__all__ = ["cascade"]


@scorer(metrics=[accuracy(), stderr()])
def cascade(threshold: float = 1.0, **scorers: Scorer) -> Scorer:
    """Score with one scorer after the other, until one settles the sample.

    A score settles it if its number (see `value_to_float`) is at least the threshold. Otherwise the next scorer is
    asked; the last one that gave a score decides. Scorers that give none (None), or an unscored one, are passed over;
    if all do, the sample is unscored, with the reason "scoring_failed".

    The score is that of the scorer that decided, with its keyword in the metadata under ``decided_by``. Put scorers
    first that are never wrong when they say "correct".

    Parameters
    ----------
    threshold
        The least number that settles a sample; 1.0 is what "C" counts.
    **scorers
        The scorers by a name of your choice (but "threshold"), in the order in which they are asked.

    Raises
    ------
    TypeError
        One of ``scorers`` is not a scorer.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, exact, includes, run_now
    >>> state = TaskState(output="It is Paris", target="Paris")
    >>> score = run_now(cascade(strict=exact(), loose=includes())(state, state.target))
    >>> score.value, score.metadata
    ('C', {'decided_by': 'loose'})
    """
    parts = dict(zip(scorers, as_scorers(list(scorers.values())), strict=True))
    to_float = value_to_float()

    async def score(state: TaskState, target: Target) -> Score:
        decided: Score | None = None
        for name, part in parts.items():
            said = await part(state, target)
            number = float("nan") if said is None else to_float(said.value)
            if said is None or number != number:  # noqa: PLR0124 - NaN only is not itself
                continue
            decided = said.model_copy(update={"metadata": {**(said.metadata or {}), "decided_by": name}})
            if number >= threshold:
                break
        return decided or Score.unscored(reason="scoring_failed")

    return score
