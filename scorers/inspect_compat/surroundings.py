"""What a scorer of Inspect finds around it: the model under test, the store, the transcript, the sandboxes."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Sequence
from typing import Any

from inspect_ai._eval.context import init_task_context
from inspect_ai._util.constants import get_deserializing_context
from inspect_ai.log._resolve import rebind_sample_timelines, resolve_sample_events_data
from inspect_ai.log._transcript import Transcript, init_transcript
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.model._model import init_model_roles
from inspect_ai.solver import TaskState as InspectTaskState
from inspect_ai.util._store import init_subtask_store

from evalstream.scorers.models import Model as OurModel
from evalstream.scorers.models.context import ModelContext, RoleModel, RoleModels, current_context
from evalstream.scorers.state import TaskState

from .sandboxes import show_sandboxes

__all__ = ["deserialising", "surround"]

logger = logging.getLogger(__name__)

_models: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Model | None]] = weakref.WeakKeyDictionary()


def deserialising() -> dict[str, Any]:
    """Return what tells Inspect's models that they read what was logged, and are not to make up ids."""
    return get_deserializing_context()


def surround(state: TaskState, made: InspectTaskState) -> None:
    """Set Inspect's context variables for the task that runs a scorer."""
    context = current_context()
    model = _model(context.model or state.model, context)
    if model is not None:
        init_task_context(model)
    init_model_roles(_roles(context))
    init_subtask_store(made.store)
    init_transcript(_LazyTranscript(state))
    show_sandboxes()


def _model(name: str, context: ModelContext) -> Model | None:
    """Make the model of ``--model``, or the one under test, which `get_model()` without a name means inside a scorer.

    Most scorers ask for none. So one that cannot be made (its key or its package is not here) is no error before
    somebody does, and then Inspect says that there is none. A client belongs to the loop that it was made in.
    """
    models = _models.setdefault(asyncio.get_running_loop(), {})
    key = (name, context.base_url, repr(context.model_args))
    if key not in models:
        try:
            models[key] = _asked_as(name, context) if name else None
        except Exception as error:  # noqa: BLE001 (providers may raise anything)
            logger.debug("the model %r cannot be made for scorers: %r", name, error)
            models[key] = None
    return models[key]


def _asked_as(name: str, context: ModelContext) -> Model:
    known = {key: value for key, value in context.model_args.items() if key in GenerateConfig.model_fields}
    others = {key: value for key, value in context.model_args.items() if key not in known}
    return get_model(name, config=GenerateConfig(**known), base_url=context.base_url, memoize=False, **others)


class _Roles(dict[str, Any]):
    """Models by role. One that cannot be made is told to who asks for it, and not replaced by another model."""

    def __getitem__(self, role: str) -> Any:
        found = super().__getitem__(role)
        if isinstance(found, Exception):
            raise found
        return found

    def get(self, role: str, default: Any = None) -> Any:
        return self[role] if role in self else default  # noqa: SIM401 (that would be itself)


def _roles(context: ModelContext) -> _Roles:
    return _Roles({role: _players(bound) for role, bound in context.roles.items()})


def _players(bound: RoleModels) -> Any:
    """Make what plays a role, a panel as a list; or return the error that this raised."""
    try:
        if isinstance(bound, Sequence) and not isinstance(bound, str):
            return [_player(one) for one in bound]
        return _player(bound)
    except Exception as error:  # noqa: BLE001 (as above)
        return error


def _player(bound: RoleModel) -> Model:
    ours = bound() if callable(bound) and not isinstance(bound, OurModel) else bound
    config = ours.config.given() if isinstance(ours, OurModel) else {}
    models = _models.setdefault(asyncio.get_running_loop(), {})
    key = ("role", str(ours), repr(config))
    made = models.get(key)
    if made is None:
        made = models[key] = get_model(str(ours), config=GenerateConfig(**config), memoize=False)
    return made


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
