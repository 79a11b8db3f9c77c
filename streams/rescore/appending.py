"""Rescoring that appends: new scores beside those of the live run.

The live run's log is written from the topics into the private folder, and its samples are published from there, as
`evalstream score LOG --action append` does.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from ..blobs.where import register_blobs
from ..claims import ClaimStores
from ..errors import UsageError
from ..logs.source import LogSource, open_log
from ..materialise.assemble import write_log
from ..pipeline import Pipeline
from ..publish.events_of_log import LogEvents
from ..publish.plan import ScoringPlan
from ..settings import Settings
from ..topics import COMPLETIONS
from ..transport.client import BrokerClient
from ..transport.reader import BrokerReader
from ..transport.store import TopicStore
from .live_run import read_live_run
from .publisher import publish_once
from .source_eval import SourceEval

__all__ = ["AppendingPublisher"]

PUBLISH_RECORDS = 1000
STORE = "log"


class AppendingPublisher:
    """Publishes the samples of the live run's log, with the scores that they have.

    Parameters
    ----------
    client
        The source broker; used by the thread that publishes.
    settings
        Whose broker it is, and where its large samples are.
    source
        The eval.
    plan
        What to score with.
    folder
        Where the live run's log is written.
    """

    def __init__(
        self, client: BrokerClient, settings: Settings, source: SourceEval, plan: ScoringPlan, folder: Path
    ) -> None:
        self._client, self._settings, self._source, self._plan = client, settings, source, plan
        # The suffix decides about the order of samples, as that of the eval's own log does.
        self._path = folder / f"live.{source.started.log.format}"
        self._log: LogSource | None = None

    def prepare(self, pipeline: Pipeline) -> None:
        """Let claims on the live run's log be read."""
        pipeline.claims.register(STORE, self._claimed, label=lambda key: self._opened().sample_name(int(key)))

    def publish(self, store: TopicStore, stop: Event) -> None:
        if not self._path.exists():
            self._write_live_log()
        events = LogEvents(self._opened(), self._plan, claim_store=STORE)

        def completions() -> None:
            count = self._opened().sample_count
            while (known := store.end_offset(COMPLETIONS.name)) < count and not stop.is_set():
                store.append(
                    COMPLETIONS.name, list(events.completions(range(known, min(known + PUBLISH_RECORDS, count))))
                )

        publish_once(store, events.started, completions, events.completed, stop)

    def close(self) -> None:
        """Let go of the live run's log."""
        if self._log is not None:
            self._log.close()

    def _opened(self) -> LogSource:
        if self._log is None:
            self._log = open_log(self._path)
        return self._log

    def _claimed(self, key: str) -> bytes:
        if key == "reductions":
            return b"".join(self._opened().reductions() or ())
        return self._opened().read_sample(int(key))

    def _write_live_log(self) -> None:
        reader = BrokerReader(self._client, distant=urlsplit(self._settings.broker).scheme == "kafka")
        claims = ClaimStores()
        register_blobs(self._settings, claims)
        try:
            run = read_live_run(self._client, reader, self._source)
            write_log(run, self._path, reader, claims)
        except LookupError as error:
            raise UsageError(
                f"The live run of eval {self._source.eval_id!r} cannot be read any more: {error}."
                " Take --action overwrite, or append to its log: evalstream score LOG --action append."
            ) from error
        finally:
            reader.forget()  # not closed: the client is the caller's
