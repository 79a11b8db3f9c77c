"""The Faust app: its topics, its table and its three agents, in one place.

::

    completions ──> score ──> scores ──> tally ──> metrics ──> materialise ──> logs
                                evals ─────┘ └─ table of segments
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

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

__all__ = ["build_app", "new_app"]

# The package's entry points say the same, but a source tree on the path has none.
TRANSPORTS.aliases.update(
    memory="evalstream.streams.transport.memory:Transport",
    embedded="evalstream.streams.transport.embedded:Transport",
)

BUFFERED_BATCHES = 4


class _App(faust.App):  # type: ignore[misc]
    def _create_directories(self) -> None:
        """Do nothing: the table lives in memory and on its changelog, so Faust's data folder would stay empty."""


def new_app(settings: Settings) -> Any:
    """Make the bare Faust app for a broker."""
    return _App(
        settings.app_id,
        broker=settings.broker,
        store="memory://",
        # In batches: what is buffered is bounded in bytes by the size of a fetch.
        stream_buffer_maxsize=BUFFERED_BATCHES,
        TableManager=PromptTableManager,
        # Unacknowledged batches come again; waiting for them would make a failed worker hang.
        stream_wait_empty=False,
        web_enabled=False,
        topic_disable_leader=True,
        # Deterministic ids and the tally's dedupe make effects once-only; Faust's exactly_once has open bugs
        # (177, 323, 517).
        processing_guarantee="at_least_once",
    )


def build_app(app: Any, pipeline: Pipeline) -> None:
    """Declare topics, table and agents on the app."""
    table = app.Table("segments", key_type=bytes, value_type=bytes, partitions=1)
    tally = TallyAgent(app, pipeline, table)
    table.on_recover(tally.recover)

    def topic(*names: str) -> Any:
        return app.topic(*names, schema=RawSchema())

    _add_agent(app, "score", topic(COMPLETIONS.name), ScoreAgent(app, pipeline).__call__)
    _add_agent(app, "tally", topic(SCORES.name, EVALS.name), tally.__call__)
    _add_agent(app, "materialise", topic(METRICS.name), MaterialiseAgent(app, pipeline, table).__call__)


def _add_agent(app: Any, name: str, channel: Any, body: Callable[[Any], Awaitable[None]]) -> None:
    # `app.agent` would also look up, among all modules that are loaded, the one that declares the agent, for the sake
    # of programs that search modules for agents: a twentieth of a short command's time.
    app.agents[name] = app.conf.Agent(body, name=name, app=app, channel=channel, on_error=app._on_agent_error)
