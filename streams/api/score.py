"""Scoring a log that is in memory, or in a file, by the agents that score a stream."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from evalstream.scorers import registry
from evalstream.scorers.accepted import Scorers, as_scorers
from evalstream.scorers.metric import Metric
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import create_reducers
from evalstream.scorers.scorer import Metrics

from ..errors import UsageError
from ..logs.source import open_log
from ..materialise.header import gaps
from ..pipeline import Listener
from ..publish.plan import Wishes, plan_scoring
from ..score_log import ScoredLog, score_log
from ..settings import Settings, load_settings
from .judges import at_hand
from .kinds import is_log, read_like, take_in
from .log import EvalLog
from .log_sample import EvalSample
from .loop import run_anywhere
from .progress import ProgressListener, ScoreProgress
from .read import LogFile, path_of, read_eval_log
from .streamed import gather_samples, hand_back
from .write import write_to

if TYPE_CHECKING:
    import inspect_ai.log

    from ..cli.progress import Display

__all__ = ["MissingScoresWarning", "ScoreAction", "score", "score_async"]

ScoreAction = Literal["append", "overwrite"]

Samples = Callable[[int], AbstractAsyncContextManager[EvalSample]]

# What agents write to a worker's journal is here said by the log, or by an error.
logging.getLogger("evalstream.streams").addHandler(logging.NullHandler())


class MissingScoresWarning(UserWarning):
    """Some samples have no score, or a metric failed: the log says so in its status and error."""


@overload
def score(
    log: EvalLog | LogFile, scorers: Scorers, metrics: Metrics | None = ...,
    epochs_reducer: str | ScoreReducer | Sequence[str | ScoreReducer] | None = ..., model: Any = ...,
    model_roles: Mapping[str, Any] | None = ..., action: ScoreAction | None = ..., display: Display | None = ...,
    copy: bool = ...,
) -> EvalLog: ...  # fmt: skip
@overload
def score(
    log: inspect_ai.log.EvalLog, scorers: Scorers, metrics: Metrics | None = ...,
    epochs_reducer: str | ScoreReducer | Sequence[str | ScoreReducer] | None = ..., model: Any = ...,
    model_roles: Mapping[str, Any] | None = ..., action: ScoreAction | None = ..., display: Display | None = ...,
    copy: bool = ...,
) -> inspect_ai.log.EvalLog: ...  # fmt: skip
def score(
    log: Any,
    scorers: Scorers,
    metrics: Metrics | None = None,
    epochs_reducer: str | ScoreReducer | Sequence[str | ScoreReducer] | None = None,
    model: Any = None,
    model_roles: Mapping[str, Any] | None = None,
    action: ScoreAction | None = None,
    display: Display | None = None,
    copy: bool = True,
) -> Any:
    """Score a log, and return the scored one; nothing is written.

    It works in a notebook, too, and shows its progress on standard error.

    Parameters
    ----------
    log
        An `EvalLog` with its samples, one of Inspect's, or the path of a log.
    scorers
        One or several: built-in ones, or what a ``@scorer`` or ``@scanner`` function gives, wherever that is defined.
    metrics
        In place of the scorers' own; and when the scores are overwritten, of those that the task declares.
    epochs_reducer
        How the scores of a sample's epochs become one: names as in ``"at_least_2"``, or reducers. By default as the log
        says; [] leaves epochs apart.
    model, model_roles
        The models that grade by default, and by role, in place of those that the log names: names, or models. They
        count as the settings of these names do, where there are scorers that ask models.
    action
        What becomes of scores that there are: "append", the default, puts the new ones beside them, under a name that
        is free (``match1``); "overwrite" in their place.
    display
        How progress is shown: a bar ("full", which is the default, "conversation", "rich"), lines ("plain", "log"), or
        not at all ("none").
    copy
        Leave the log as it is. Else it is changed, and returned.

    Returns
    -------
    EvalLog
        Of the kind that was given; of a path, ours.

    Raises
    ------
    UsageError
        The log has no samples, or there is no scorer.
    ScorersError
        A metric or reducer makes no sense.
    TypeError
        A scorer that no ``@scorer`` function made.
    LogError
        The log cannot be read.

    Warns
    -----
    MissingScoresWarning
        A scorer or metric failed. The scores that there are stand in the log all the same, its status is "error", and
        its error says which are missing and why.

    Examples
    --------
    >>> from evalstream.scorers import match
    >>> scored = score("examples/addition.eval", match(), action="overwrite", display="none")
    >>> scored.results.scores[0].metrics["accuracy"].value
    0.21666666666666665
    """
    # Not at the top: an asynchronous call shows nothing.
    from ..cli.progress import Display, ProgressView  # noqa: PLC0415
    from ..cli.text import new_console  # noqa: PLC0415

    if display is not None and display not in get_args(Display):
        raise UsageError(f"display={display!r}: there are {', '.join(get_args(Display))}.")
    wishes = _wishes(scorers, metrics, epochs_reducer, action, model, model_roles)
    settings = _settings(model, model_roles)
    with ProgressView(new_console(stderr=True), display or "full") as view:
        scored, missing = run_anywhere(_score(log, wishes, settings, view, copy, None))
    if missing:
        warnings.warn(missing, MissingScoresWarning, stacklevel=2)
    return scored


async def score_async(
    log: Any,
    scorers: Scorers,
    metrics: Metrics | None = None,
    epochs_reducer: str | ScoreReducer | Sequence[str | ScoreReducer] | None = None,
    model: Any = None,
    model_roles: Mapping[str, Any] | None = None,
    action: ScoreAction | None = None,
    display: Display | None = None,
    copy: bool = True,
    samples: Samples | None = None,
    progress: Callable[[ScoreProgress], object] | None = None,
) -> Any:
    """Score a log, and return the scored one, on the event loop of the caller.

    Parameters
    ----------
    log, scorers, metrics, epochs_reducer, model, model_roles, action, display, copy
        See `score`; ``display`` is for Inspect's sake, nothing is shown.
    samples
        Gives a sample by its number, from 0 to ``log.results.total_samples``, as an asynchronous context manager; the
        log needs no samples of its own then. Each sample is asked for twice: to be scored, and to be given its
        ``scores`` and ``events``.
    progress
        Is told how far it is, on the event loop; it must not take long. What it raises ends the scoring.

    Returns
    -------
    EvalLog
        Of the kind that was given; without samples if ``samples`` has them.

    Raises
    ------
    UsageError, ScorersError, TypeError, LogError
        See `score`.
    """
    listener = ProgressListener(progress) if progress is not None else None
    wishes = _wishes(scorers, metrics, epochs_reducer, action, model, model_roles)
    settings = _settings(model, model_roles)
    scored, missing = await _score(log, wishes, settings, listener, copy, samples)
    if missing:
        warnings.warn(missing, MissingScoresWarning, stacklevel=2)
    return scored


def _wishes(
    scorers: Scorers,
    metrics: Metrics | None,
    reducers: str | ScoreReducer | Sequence[str | ScoreReducer] | None,
    action: ScoreAction | None,
    model: Any,
    roles: Mapping[str, Any] | None,
) -> Wishes:
    if action not in (None, *get_args(ScoreAction)):
        raise UsageError(f"action={action!r}: there are append and overwrite.")
    wanted = as_scorers(scorers)
    if not wanted:
        raise UsageError("there is no scorer: name one, as in score(log, match()).")
    for kind, made in (("scorer", wanted), ("metric", _flat(metrics or ()))):
        for one in made:
            if registry.tag_of(one).entry.kind != kind:
                raise TypeError(f"{registry.log_name(one)!r} is no {kind}.")
    own, panels = at_hand(model, roles)
    return Wishes(wanted, metrics or (), create_reducers(reducers), action or "append", own, panels)


def _settings(model: Any, roles: Mapping[str, Any] | None) -> Settings:
    """Return the settings, with the models that were given in place of those that a variable or file names."""
    given = {"model": None if model is None else str(model), "model_role": None}
    if roles:
        panels = {role: one if isinstance(one, (list, tuple)) else [one] for role, one in roles.items()}
        given["model_role"] = "\n".join(f"{role}={','.join(map(str, panel))}" for role, panel in panels.items())
    return load_settings({name: text for name, text in given.items() if text is not None}).settings


def _flat(metrics: Metrics) -> list[Metric]:
    if isinstance(metrics, Mapping):
        return [metric for group in metrics.values() for metric in group]
    return [m for one in metrics for m in (_flat(one) if isinstance(one, Mapping) else [one])]


async def _score(
    log: Any, wishes: Wishes, settings: Settings, listener: Listener | None, copy: bool, samples: Samples | None
) -> tuple[Any, str]:
    """Return the scored log, and what is missing in it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evalstream-")))
        given, path = log, folder / "log.json"
        if not is_log(log):
            path = Path(path_of(log))
        elif samples is not None:
            given = await gather_samples(log, samples)
        if is_log(log):
            if not given.samples:
                raise UsageError("there are no samples to score in the log.")
            # In the order of the list, which metrics follow; and ids 1 and "1" may stand side by side in a .json only.
            await asyncio.to_thread(write_to, path, given)
        source = stack.enter_context(open_log(path))
        if source.sample_count == 0:
            raise UsageError(f"{path}: there are no samples to score in the log.")
        output = folder / f"scored.{source.format}"
        plan = plan_scoring(source.header, wishes)
        scored = await score_log(source, plan, output, settings, listener, here=True)
        missing = _missing(scored)
        if not is_log(log):
            made = await asyncio.to_thread(read_eval_log, output)
            made.location = str(path)
            return made, missing
        made = await asyncio.to_thread(read_like, given, output)
    if samples is not None:
        await hand_back(made, samples)
        made.samples = None
    if copy:
        return made, missing
    take_in(log, made)
    return log, missing


def _missing(scored: ScoredLog) -> str:
    final = scored.run.finish()
    if final.error is not None:
        return f"There are no results: {final.error}"
    return gaps(scored.run) or ""
