"""What a rescoring publishes to its private broker: the eval's start, its completions, its end; each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol

from ..errors import UsageError
from ..events import EvalCompleted, EvalStarted
from ..pipeline import Pipeline
from ..publish.events_of_log import of_eval
from ..publish.plan import ScoringPlan
from ..topics import COMPLETIONS, EVALS
from ..transport.client import BrokerClient
from ..transport.store import TopicStore
from .copying import copy_completions
from .plan import restarted
from .source_eval import SourceEval

__all__ = ["CopyingPublisher", "Publisher", "publish_once"]


class Publisher(Protocol):
    """Brings what is to be scored to the private broker, and goes on where an earlier process was stopped."""

    def prepare(self, pipeline: Pipeline) -> None:
        """Give the pipeline what it needs to read completions."""

    def publish(self, store: TopicStore, stop: Event) -> None:
        """Publish until all is there, or the event is set; called in a thread.

        Raises
        ------
        StreamsError
            One of the brokers cannot be read or written, or there is nothing to publish.
        """

    def close(self) -> None:
        """Let go of files; the brokers stay open."""


def publish_once(
    store: TopicStore,
    started: Callable[[], EvalStarted],
    completions: Callable[[], None],
    completed: Callable[[], EvalCompleted],
    stop: Event,
) -> None:
    """Publish start, completions and end in this order; what the topic has of it already is left out."""
    known = store.end_offset(EVALS.name)
    if known == 0:
        store.append(EVALS.name, [of_eval(started())])
    if known < 2:
        completions()
        if not stop.is_set():
            store.append(EVALS.name, [of_eval(completed())])


class CopyingPublisher:
    """Publishes an eval's completions as the source broker has them, with the scorers of a plan.

    Parameters
    ----------
    client
        The source broker; used by the thread that publishes.
    source
        The eval.
    ranges
        For each partition of ``completions`` the first offset, and the one past the last.
    plan
        What to score with.
    """

    def __init__(
        self, client: BrokerClient, source: SourceEval, ranges: Sequence[tuple[int, int]], plan: ScoringPlan
    ) -> None:
        self._client, self._source, self._ranges, self._plan = client, source, ranges, plan

    def prepare(self, pipeline: Pipeline) -> None:
        """Do nothing: samples travel in their completions."""

    def publish(self, store: TopicStore, stop: Event) -> None:
        publish_once(
            store, lambda: restarted(self._source.started, self._plan), lambda: self._copy(store, stop),
            lambda: self._source.completed, stop,
        )  # fmt: skip

    def close(self) -> None:
        """Do nothing: there are no files."""

    def _copy(self, store: TopicStore, stop: Event) -> None:
        eval_id = self._source.eval_id
        copy_completions(self._client, self._ranges, eval_id, self._plan.scorers, store, stop)
        if self._source.completed.samples and not stop.is_set() and store.end_offset(COMPLETIONS.name) == 0:
            raise UsageError(
                f"None of the completions of eval {eval_id!r} is on the topic any more: its retention has removed them."
                " Score its log instead: evalstream score LOG."
            )
