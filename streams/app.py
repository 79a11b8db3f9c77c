"""The Faust app: its topics, its table and its three agents, in one place.

::

    completions ──> score ──> scores ──> tally ──> metrics ──> materialise ──> logs
                                evals ─────┘ └─ table of segments
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import faust
from faust.transport.drivers import TRANSPORTS

from .agents.materialise import MaterialiseAgent
from .agents.score import ScoreAgent
from .agents.tally import TallyAgent
from .pipeline import Pipeline
from .settings import Settings
from .table_manager import PromptTableManager
from .topics import COMPLETIONS, EVALS, METRICS, SCORES
from .transport.batching import RawSchema
from .transport.client import BrokerClient

__all__ = ["build_app", "new_app"]

# The package's entry points say the same, but a source tree on the path has none.
TRANSPORTS.aliases.update(
    memory="evalstream.streams.transport.memory:Transport",
    embedded="evalstream.streams.transport.embedded:Transport",
    kafka="evalstream.streams.transport.kafka.transport:Transport",
)

BUFFERED_BATCHES = 4
COMMIT_SECONDS = 1.0
NEVER_SECONDS = 24 * 60 * 60.0


class _App(faust.App):  # type: ignore[misc]
    def _create_directories(self) -> None:
        """Do nothing: the table lives in memory and on its changelog, so Faust's data folder would stay empty."""

    def _crash(self, reason: BaseException) -> None:
        # Called for whatever part of the app crashes. Faust's own command would end the process; ours must know.
        super()._crash(reason)
        self.pipeline.fail(reason)


def new_app(settings: Settings, partitions: int, new_client: Callable[[], BrokerClient]) -> Any:
    """Make the bare Faust app for a broker whose topics have so many partitions.

    Parameters
    ----------
    new_client
        Gives a client of the broker, which the table is recovered with.
    """
    scheme = urlsplit(settings.broker).scheme
    app = _App(
        # Groups of one name in one cluster are one group, whatever the prefix of their topics.
        settings.topic_prefix + settings.app_id,
        # Faust's URLs do not take several hosts; our transport has the settings.
        broker="kafka://settings" if scheme == "kafka" else settings.broker,
        store="memory://",
        broker_session_timeout=settings.session_timeout,
        # Faust goes on as if all were well when seeking after a rebalance takes longer.
        broker_request_timeout=NEVER_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        table_standby_replicas=0,
        # In batches: what is buffered is bounded in bytes by the size of a fetch.
        stream_buffer_maxsize=BUFFERED_BATCHES,
        TableManager=PromptTableManager,
        # Unacknowledged batches come again; waiting for them would make a failed worker hang.
        stream_wait_empty=False,
        web_enabled=False,
        HttpClient=object,  # or aiohttp's would be imported, see `cli/light_faust.py`
        topic_disable_leader=True,
        # Deterministic ids and the tally's dedupe make effects once-only; Faust's exactly_once has open bugs
        # (177, 323, 517).
        processing_guarantee="at_least_once",
    )
    app.settings, app.partitions, app.new_client = settings, partitions, new_client
    app.client_blocks = scheme != "memory"
    return app


def build_app(app: Any, pipeline: Pipeline) -> None:
    """Declare topics, table and agents on the app."""
    app.pipeline = pipeline
    table = app.Table("segments", key_type=bytes, value_type=bytes, partitions=pipeline.partitions)
    tally = TallyAgent(app, pipeline, table)
    table.on_recover(tally.recover)

    def topic(*names: str) -> Any:
        prefix = pipeline.settings.topic_prefix
        return app.topic(*(prefix + name for name in names), schema=RawSchema())

    _add_agent(app, "score", topic(COMPLETIONS.name), ScoreAgent(app, pipeline).__call__)
    _add_agent(app, "tally", topic(SCORES.name, EVALS.name), tally.__call__)
    _add_agent(app, "materialise", topic(METRICS.name), MaterialiseAgent(app, pipeline, table).__call__)


def _add_agent(app: Any, name: str, channel: Any, body: Callable[[Any], Awaitable[None]]) -> None:
    # `app.agent` would also look up, among all modules that are loaded, the one that declares the agent, for the sake
    # of programs that search modules for agents: a twentieth of a short command's time.
    app.agents[name] = app.conf.Agent(body, name=name, app=app, channel=channel, on_error=app._on_agent_error)
