"""Editing scores of a log that is in memory, and finding its metrics anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evalstream.scorers.jsontext import dumps, join_array, join_object, loads, split_object
from evalstream.scorers.score import ScoreEdit

from ..edit.recompute import Recomputed
from ..edit.sample import with_edit
from ..errors import EditError, UsageError
from ..logs.model_text import text_of
from .kinds import AnyLog
from .log import EvalLog

__all__ = ["edit_score", "recompute_metrics"]


def edit_score(
    log: AnyLog,
    sample_id: int | str,
    score_name: str,
    edit: ScoreEdit,
    recompute_metrics: bool = True,
    epoch: int | None = None,
) -> None:
    """Edit a score in place, or add one; the history of the score and the sample's events tell of it.

    Parameters
    ----------
    log
        A log with its samples; one of Inspect's will do.
    sample_id
        Which sample; 1 and "1" are different ones.
    score_name
        Which of its scores. A name that is not there makes a new score.
    edit
        What changes, who says so, and why. Metadata are replaced as a whole.
    recompute_metrics
        Find the log's metrics anew; with many edits it is enough to do so once, at the end.
    epoch
        Which epoch, if there are several.

    Raises
    ------
    EditError
        No such sample, several epochs of it, or a new score without a value.

    Examples
    --------
    >>> from evalstream import read_eval_log
    >>> from evalstream.scorers import ProvenanceData
    >>> log = read_eval_log("tests/data/logs/e_choice.eval")
    >>> edit = ScoreEdit(value="I", provenance=ProvenanceData(author="me", reason="see the text"))
    >>> edit_score(log, 1, "choice", edit)
    >>> [step.value for step in log.samples[0].scores["choice"].history]
    ['C', 'I']
    """
    sample = _find(log, sample_id, epoch)
    if isinstance(log, EvalLog):
        given = ScoreEdit.model_validate(edit.model_dump())
        try:
            members = with_edit(split_object(text_of(sample)), score_name, given)
        except UsageError as error:
            raise EditError(str(error)) from error
        made = type(sample).model_validate_json(join_object(members))
        sample.scores, sample.events = made.scores, made.events
    else:
        _edit_theirs(log, sample, score_name, edit)
    if recompute_metrics:
        _recompute(log)


def recompute_metrics(log: AnyLog) -> None:
    """Find a log's metrics and reductions anew, in place, from the scores that its samples have now.

    Parameters
    ----------
    log
        A log with its samples; one of Inspect's will do. Scorers, their metrics and the reducers are those that its
        header names; a score of another name has the metrics of a scorer of that name, else accuracy and stderr.

    Raises
    ------
    EditError
        The log has no samples.
    ScorersError
        A metric or reducer is not known in this process (import the file that defines it first), or failed.
    """
    _recompute(log)


def _recompute(log: Any) -> None:
    samples = _samples(log)

    def read(place: int) -> Mapping[str, bytes]:
        return split_object(text_of(samples[place], include={"id", "epoch", "scores", "metadata", "error"}))

    header = loads(text_of(log, exclude={"samples", "reductions"}))
    found = Recomputed(header, read, np.arange(len(samples)))
    reductions = None
    if found.heads is not None:
        texts: list[list[bytes]] = [[] for _ in found.heads]
        for entry, text in found.reductions():
            texts[entry].append(text)
        reductions = [
            loads(join_object({**split_object(dumps(head)), "samples": join_array(scores)}))
            for head, scores in zip(found.heads, texts, strict=True)
        ]
    # By way of the whole log, whose models know which ones these are.
    made = type(log).model_validate({**header, "results": found.results, "reductions": reductions})
    log.results, log.reductions = made.results, made.reductions


def _edit_theirs(log: Any, sample: Any, score_name: str, edit: Any) -> None:
    # Whoever has such a log has it imported.
    from inspect_ai.log import edit_score as edit_theirs  # noqa: PLC0415
    from inspect_ai.scorer import ScoreEdit as TheirEdit  # noqa: PLC0415

    given = TheirEdit.model_validate(edit.model_dump())
    try:
        edit_theirs(log, sample.id, score_name, given, recompute_metrics=False, epoch=sample.epoch)
    except ValueError as error:
        raise EditError(str(error)) from error


def _find(log: Any, sample_id: int | str, epoch: int | None) -> Any:
    found = [s for s in _samples(log) if s.id == sample_id and epoch in (None, s.epoch)]
    if not found:
        which = f"{sample_id!r}" if epoch is None else f"{sample_id!r} of epoch {epoch}"
        raise EditError(f"there is no sample {which} in the log.")
    if len(found) > 1:
        epochs = ", ".join(str(sample.epoch) for sample in found)
        raise EditError(f"there are several epochs of sample {sample_id!r}: name one ({epochs}).")
    return found[0]


def _samples(log: Any) -> Any:
    if log.samples is None:
        raise EditError("the log has no samples: read it without header_only.")
    return log.samples
