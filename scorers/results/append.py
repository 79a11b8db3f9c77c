"""New results beside those that a log already has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .headline import resolve_headline
from .models import EvalResults, EvalScore, HeadlineMetric

__all__ = ["append_results"]


def append_results(
    old: Mapping[str, Any] | None, new: EvalResults, headline: HeadlineMetric | None = None
) -> dict[str, Any]:
    """Extend a log's results by new rows; everything else in them stays as it is, but the headline is found anew.

    Parameters
    ----------
    old
        The results in the log's header, or None if it has none: then the new ones are all.
    new
        Results of the scorers that were added.
    headline
        The declared headline metric.

    Returns
    -------
    dict
        Results for the header, as JSON values. To overwrite instead, write ``new.as_json()``.
    """
    if old is None:
        return new.as_json()
    scores = [*(old.get("scores") or []), *(row.as_json() for row in new.scores)]
    resolved = resolve_headline([EvalScore.model_validate(row) for row in scores], headline)
    results: dict[str, Any] = {}
    # The order of members is that of the model, so that a log reads the same whether it was appended to or not.
    for name in [*EvalResults.model_fields, *old]:
        if name == "scores":
            results[name] = scores
        elif name == "headline":
            if resolved is not None:
                results[name] = resolved.as_json()
        elif name in old:
            results[name] = old[name]
    return results
