"""`precomputed_scores`: scores from a file, such as people's ratings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from .. import registry
from ..errors import InvalidOptionError
from ..jsontext import JsonTextError, loads
from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..score import Score
from ..scorer import Metrics, Scorer
from ..state import TaskState
from ..target import Target
from ..untrusted import came_by_event, given_by_operator

__all__ = ["precomputed_scores"]

Key = tuple[str, int | None]


def precomputed_scores(
    scores: str, on_missing: Literal["unscored", "error"] = "unscored", metrics: Metrics | None = None
) -> Scorer:
    """Give each sample the score that a file has for it.

    The file is a JSON array of objects, or JSON Lines (``.jsonl``) with one in each line. An object has the sample's
    ``id``, the ``value``, and perhaps ``epoch``, ``answer``, ``explanation`` and ``metadata``; the rest is ignored. One
    without an epoch holds for all epochs that have none of their own. Records of samples that there are not do not
    matter.

    Only a command line, or code, names the file: one that a log or an event names is not opened.

    Parameters
    ----------
    scores
        Path or fsspec URL of the file.
    on_missing
        What becomes of a sample that the file does not name: "unscored" gives no score, "error" fails it.
    metrics
        Metrics over the scores, by default accuracy and stderr; by key for scores that are dicts.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is not such a file, or has two records for the same; or ``on_missing`` is something else. When called: a
        sample that the file does not name, with "error".

    Examples
    --------
    >>> import tempfile
    >>> from evalstream.scorers import TaskState, run_now
    >>> file = Path(tempfile.mkdtemp(), "ratings.jsonl")
    >>> _ = file.write_text('{"id": "s1", "value": 4, "explanation": "clear"}')
    >>> state = TaskState(sample_id="s1")
    >>> run_now(precomputed_scores(str(file))(state, state.target)).value
    4
    """
    options: dict[str, Any] = {"scores": scores}
    if on_missing != "unscored":
        options["on_missing"] = on_missing
    if metrics is not None:
        options["metrics"] = metrics
    return _registered(**options)


def _precomputed_scores(
    scores: str, on_missing: Literal["unscored", "error"] = "unscored", metrics: Metrics | None = None
) -> Scorer:
    if on_missing not in ("unscored", "error"):
        raise ValueError(f'`on_missing` must be "unscored" or "error", not {on_missing!r}')
    if not isinstance(scores, str) or came_by_event(scores):
        raise InvalidOptionError(
            "scorer", "precomputed_scores",
            f"a log or an event names {scores!r}, which is not opened. If you trust it, name it on the command line, as"
            " in --scorer precomputed_scores -S scores=FILE, or in a --scorers file",
        )  # fmt: skip
    given_by_operator({"scores": scores})
    known = _read(scores)

    async def score(state: TaskState, target: Target) -> Score | None:
        found = known.get((str(state.sample_id), state.epoch)) or known.get((str(state.sample_id), None))
        if found is None and on_missing == "error":
            raise ValueError(f"{scores} has no score for sample {state.sample_id!r}, epoch {state.epoch}")
        return found.model_copy(deep=True) if found is not None else None

    registry.declare(score, metrics=metrics if metrics is not None else [accuracy(), stderr()])
    return score


def _read(file: str) -> dict[Key, Score]:
    text = _text(file)
    lines = [line for line in text.splitlines() if line.strip()] if file.lower().endswith(".jsonl") else None
    try:
        records = [loads(line) for line in lines] if lines is not None else loads(text)
    except JsonTextError as error:
        raise ValueError(f"{file} is not {'JSON Lines' if lines is not None else 'JSON'}: {error}") from error
    if not isinstance(records, list):
        raise ValueError(f"{file} must hold a list of records, and is {type(records).__name__}")
    known: dict[Key, Score] = {}
    for number, record in enumerate(records, 1):
        key, score = _record(record, f"Record {number} of {file}")
        if key in known:
            which = f"sample {key[0]!r}" + (f", epoch {key[1]}" if key[1] is not None else "")
            raise ValueError(f"Record {number} of {file} is the second one for {which}")
        known[key] = score
    return known


def _text(file: str) -> bytes:
    if "://" not in file:
        return Path(file).read_bytes()
    import fsspec  # noqa: PLC0415 - slow to import, and local files need none

    with fsspec.open(file, "rb") as opened:
        content: bytes = opened.read()
        return content


def _record(record: Any, where: str) -> tuple[Key, Score]:
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} is {record!r}, not an object")
    missing = [name for name in ("id", "value") if name not in record]
    if missing:
        raise ValueError(f"{where} has no {missing[0]!r}: {dict(record)!r}")
    epoch = record.get("epoch")
    if epoch is not None and not isinstance(epoch, int):
        raise ValueError(f"{where} has an epoch that is no integer: {epoch!r}")
    try:
        score = Score(
            value=record["value"],
            answer=record.get("answer"),
            explanation=record.get("explanation"),
            metadata=record.get("metadata"),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{where} is no score: {first['loc'][0]}: {first['msg']}, found {first['input']!r}") from error
    return (str(record["id"]), epoch), score


_precomputed_scores.__name__ = _precomputed_scores.__qualname__ = "precomputed_scores"
_registered = registry.register(
    "scorer", "precomputed_scores", _precomputed_scores, {"metrics": [accuracy(), stderr()]}
)
