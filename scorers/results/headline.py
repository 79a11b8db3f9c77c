"""The one number that speaks for an eval."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .models import EvalScore, HeadlineMetric

__all__ = ["resolve_headline"]

logger = logging.getLogger(__name__)


def resolve_headline(rows: Sequence[EvalScore], declared: HeadlineMetric | None = None) -> HeadlineMetric | None:
    """Find the headline metric: the first that fits what was declared, else the first metric of the first row.

    A declaration that fits nothing is dropped as a whole, with a warning in the log.

    Examples
    --------
    >>> from evalstream.scorers.results.models import EvalMetric
    >>> row = EvalScore(name="match", scorer="match", metrics={"accuracy": EvalMetric(name="accuracy", value=1)})
    >>> resolve_headline([row]).as_json()
    {'scorer': 'match', 'score': 'match', 'metric': 'accuracy'}
    """
    if declared is not None:
        for row in rows:
            if _fits(row, declared):
                if row.metrics:
                    return _reference(row, declared.metric if declared.metric is not None else next(iter(row.metrics)))
                break
        if rows:
            logger.warning("The headline metric %s is not among the results; the first metric is.", declared.as_json())
    return _reference(rows[0], next(iter(rows[0].metrics), None)) if rows else None


def _fits(row: EvalScore, declared: HeadlineMetric) -> bool:
    wanted = ((declared.reducer, row.reducer), (declared.scorer, row.scorer), (declared.score, row.name))
    return all(want is None or want == have for want, have in wanted) and (
        declared.metric is None or declared.metric in row.metrics
    )


def _reference(row: EvalScore, key: str | None) -> HeadlineMetric | None:
    if key is None:
        return None
    return HeadlineMetric(scorer=row.scorer, score=row.name, metric=key, reducer=row.reducer)
