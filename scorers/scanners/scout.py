"""Scanners of the package inspect-scout, run as they are.

They are recognised by what that package (and Inspect, whose registry it uses) writes on them; nothing of it is imported
unless it is there already. A scanner sees a Transcript of its own package, with Inspect's messages and events.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import registry
from ..metrics.mean import mean
from ..metrics.stderr import stderr
from ..sample import SampleError
from .score_of import score_of
from .stored_events import stored_events
from .transcript import sample_facts

if TYPE_CHECKING:
    from ..score import Score
    from ..scorer import Metrics, Scorer
    from ..state import TaskState
    from ..target import Target

__all__ = ["adopt_scanners", "as_scout_scorer", "is_scout_scanner"]

_INFO, _PARAMS = "__registry_info__", "__registry_params__"
_CONFIG, _METRICS = "scanner_config", "scanner_metrics"


def is_scout_scanner(item: object) -> bool:
    """Tell whether something is a scanner that a factory of inspect-scout made."""
    return _CONFIG in _metadata(item)


def adopt_scanners(module: ModuleType) -> None:
    """Register as scorers the factories of scanners that a module defines by inspect-scout's decorator."""
    if "inspect_scout" not in sys.modules:
        return
    for item in list(vars(module).values()):
        of_scanner = getattr(getattr(item, _INFO, None), "type", None) == "scanner"
        if of_scanner and not is_scout_scanner(item) and getattr(item, "__module__", None) == module.__name__:
            _adopt(item)


def as_scout_scorer(scanner: Any, metrics: Metrics | None = None) -> Scorer:
    """Make a scorer of a scanner of inspect-scout; see `as_scorer`."""
    from inspect_ai._util.registry import registry_lookup  # noqa: PLC0415 - it is loaded, or there were no scanner

    name = getattr(scanner, _INFO).name
    _adopt(registry_lookup("scanner", name))
    entry = registry.find("scorer", registry.unqualified(name))
    declared = metrics if metrics is not None else _metrics(scanner)
    made = registry.Entry(entry.kind, entry.name, entry.factory, entry.package, {"metrics": declared})
    return registry.tagged(_scorer_of(scanner), made, dict(getattr(scanner, _PARAMS, {})))


def _adopt(factory: Any) -> None:
    @functools.wraps(factory)
    def scorers(*args: Any, **kwargs: Any) -> Scorer:
        return _scorer_of(factory(*args, **kwargs))

    name = registry.unqualified(getattr(factory, _INFO).name)
    registry.register("scorer", name, scorers, {"metrics": _metrics(factory)}, bridged=True)


def _scorer_of(scanner: Any) -> Scorer:
    content = _metadata(scanner)[_CONFIG].content

    async def score(state: TaskState, target: Target) -> Score | None:
        from ..inspect_compat.surroundings import show_models  # noqa: PLC0415 - it imports Inspect, which is there

        show_models(state.model)
        return score_of(await scanner(_transcript(state, target, content)))

    return score


def _transcript(state: TaskState, target: Target, content: Any) -> Any:
    # Slow to import, and there already: a scanner was made of it.
    from inspect_ai.event import Event  # noqa: PLC0415
    from inspect_ai.model import ChatMessage  # noqa: PLC0415
    from inspect_scout import Transcript  # noqa: PLC0415
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    if content.timeline is not None and state.stored("timelines"):
        raise SampleError("timelines", "cannot be shown to a scanner here", f"Sample {state.sample_id!r}")
    messages = [message.model_dump() for message in state.messages if _wanted(content.messages, message.role)]
    wanted = content.events
    if content.timeline is not None and wanted is None:
        wanted = "all" if content.timeline in ("all", True) else [*content.timeline, "span_begin", "span_end"]
    events = [event for event in stored_events(state) if _wanted(wanted, event.get("event"))] if wanted else []
    try:
        return Transcript(
            transcript_id=state.uuid,
            source_type="eval_log",
            metadata=sample_facts(state, target),
            messages=TypeAdapter(list[ChatMessage]).validate_python(messages),
            events=TypeAdapter(list[Event]).validate_python(events),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise SampleError(path, f"is not what Inspect takes: {first['msg']}", f"Sample {state.sample_id!r}") from error


def _wanted(chosen: Any, kind: Any) -> bool:
    return chosen is not None and (chosen == "all" or kind in chosen)


def _metadata(item: object) -> dict[str, Any]:
    info = getattr(item, _INFO, None)
    found = getattr(info, "metadata", None) if getattr(info, "type", None) == "scanner" else None
    return found if isinstance(found, dict) else {}


def _metrics(item: Any) -> Metrics:
    declared = _metadata(item).get(_METRICS)
    if declared is None:
        return [mean(), stderr()]
    from ..inspect_compat.metrics import our_metrics  # noqa: PLC0415 - it imports Inspect, which is there already

    return our_metrics(declared)
