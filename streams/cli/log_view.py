"""What of a log's header is shown. Logs are hostile text: what is not of the type that it should be is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from evalstream.scorers.plain import as_object
from evalstream.scorers.results.models import EvalScore

from .text import shorten

__all__ = ["facts_of", "rows_of"]


def rows_of(header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a log's results; those that are none are left out.

    Examples
    --------
    >>> rows_of({"results": {"scores": [{"name": "match"}, 5]}}), rows_of({"results": "none"})
    ([], [])
    """
    scores = as_object(header.get("results")).get("scores")
    rows = []
    for row in scores if isinstance(scores, list) else ():
        try:
            rows.append(EvalScore.model_validate(row).as_json())
        except ValidationError:
            continue
    return rows


def facts_of(header: Mapping[str, Any], samples: int) -> Iterator[tuple[str, str]]:
    r"""Yield what a log says of its eval: names and values, as texts that a terminal can take.

    Parameters
    ----------
    header
        All of the log but samples and reductions.
    samples
        How many it has.

    Examples
    --------
    >>> header = {"status": "success", "eval": {"task": "t", "model": "m\x07", "config": {"epochs": 2}}}
    >>> dict(facts_of(header, 4))
    {'status': 'success', 'task': 't', 'model': 'm?', 'samples': '4', 'epochs': '2'}
    """
    spec = as_object(header.get("eval"))
    dataset, config = as_object(spec.get("dataset")), as_object(spec.get("config"))
    stats, error = as_object(header.get("stats")), as_object(header.get("error"))
    yield from _given("status", header.get("status"))
    yield from _given("error", error.get("message"))
    yield from _given("task", spec.get("task"))
    yield from _given("model", spec.get("model"))
    yield from _given("dataset", dataset.get("name") or dataset.get("location"))
    yield "samples", str(samples)
    yield from _given("epochs", config.get("epochs"))
    yield from _given("reducers", ", ".join(_names(config.get("epochs_reducer"))))
    yield from _given("scorers", ", ".join(_scorers(spec.get("scorers"))))
    yield from _given("created", spec.get("created"))
    yield from _given("completed", stats.get("completed_at"))
    yield from _given("tags", ", ".join(_names(header.get("tags"))))
    yield from _given("eval id", spec.get("eval_id"))


def _given(name: str, value: object) -> Iterator[tuple[str, str]]:
    if value not in (None, ""):
        yield name, shorten(value)


def _names(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _scorers(values: object) -> Iterator[str]:
    for entry in values if isinstance(values, list) else ():
        options = as_object(as_object(entry).get("options"))
        listed = ", ".join(f"{key}={value!r}" for key, value in options.items())
        yield f"{as_object(entry).get('name')}({listed})"
