"""What a scorer of Inspect finds around it: models, the store, the transcript, the sandboxes."""

from __future__ import annotations

import logging
from typing import Any

from inspect_ai._eval.context import init_task_context
from inspect_ai._util.constants import get_deserializing_context
from inspect_ai.log._resolve import rebind_sample_timelines, resolve_sample_events_data
from inspect_ai.log._transcript import Transcript, init_transcript
from inspect_ai.model import Model
from inspect_ai.model._model import init_model_roles
from inspect_ai.solver import TaskState as InspectTaskState
from inspect_ai.util._store import init_subtask_store

from evalstream.scorers.models.context import ModelContext, current_context
from evalstream.scorers.state import TaskState

from .judges import Roles, default_model
from .sandboxes import show_sandboxes

__all__ = ["deserialising", "show_models", "surround"]

logger = logging.getLogger(__name__)


def deserialising() -> dict[str, Any]:
    """Return what tells Inspect's models that they read what was logged, and are not to make up ids."""
    return get_deserializing_context()


def surround(state: TaskState, made: InspectTaskState) -> None:
    """Set Inspect's context variables for the task that runs a scorer."""
    show_models(state.model)
    init_subtask_store(made.store)
    init_transcript(_LazyTranscript(state))
    show_sandboxes()


def show_models(under_test: str) -> None:
    """Let ``get_model()`` and ``get_model(role=...)`` mean the models of the scoring that runs."""
    context = current_context()
    model = _model(context, under_test)
    if model is not None:
        init_task_context(model)
    roles: Any = Roles(context.roles)
    init_model_roles(roles)


def _model(context: ModelContext, under_test: str) -> Model | None:
    """Make the default model.

    Most scorers ask for none. So one that cannot be made (its key or its package is not here) is no error before
    somebody does, and then Inspect says that there is none.
    """
    try:
        return default_model(context, under_test)
    except Exception as error:  # noqa: BLE001 (providers may raise anything)
        logger.debug("the model %r cannot be made for scorers: %r", context.model or under_test, error)
        return None


class _LazyTranscript(Transcript):
    """A sample's transcript, whose events are parsed when somebody looks: they are most of a sample."""

    def __init__(self, state: TaskState) -> None:
        super().__init__(log_model_api=False, bounded=False)
        self._state: TaskState | None = state

    def _fill(self) -> None:
        state, self._state = self._state, None
        if state is None or not state.stored("events"):
            return
        from .task_state import whole_sample  # noqa: PLC0415 (imports this module)

        sample = rebind_sample_timelines(resolve_sample_events_data(whole_sample(state)))
        since = list(self._events)
        full = Transcript([*sample.events], log_model_api=False, bounded=False)
        self.__dict__.update(full.__dict__)
        self._history._transcript = self
        for event in since:
            self._event(event)
        for timeline in sample.timelines or []:
            self.add_timeline(timeline)

    @property
    def events(self) -> Any:
        self._fill()
        return super().events

    @property
    def history(self) -> Any:
        self._fill()
        return super().history

    @property
    def timelines(self) -> Any:
        self._fill()
        return super().timelines
