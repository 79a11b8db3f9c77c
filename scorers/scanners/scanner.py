"""The `@scanner` decorator and what it decorates."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from .. import registry
from ..errors import InvalidOptionError
from ..metrics.mean import mean
from ..metrics.stderr import stderr
from ..scorer import Metrics, check_metrics
from .score_of import score_of
from .transcript import EventFilter, MessageFilter, transcript_of

if TYPE_CHECKING:
    from ..score import Score
    from ..scorer import Scorer
    from ..state import TaskState
    from ..target import Target
    from .result import Result
    from .transcript import Transcript

__all__ = ["ROLES", "Scanner", "scanner", "scorer_of"]

ROLES = ("system", "user", "assistant", "tool")


Input_contra = TypeVar("Input_contra", contravariant=True)


class Scanner(Protocol[Input_contra]):
    """Looks at one transcript (``Scanner[Transcript]``); several results become a dict by label."""

    def __call__(self, transcript: Input_contra, /) -> Awaitable[Result | Sequence[Result]]: ...


Factory = TypeVar("Factory", bound=Callable[..., Any])


def scanner(
    *,
    messages: Literal["all"] | Sequence[Literal["system", "user", "assistant", "tool"]] | None = None,
    events: Literal["all"] | Sequence[str] | None = None,
    name: str | None = None,
    version: int = 0,
    metrics: Metrics | None = None,
) -> Callable[[Factory], Factory]:
    """Register a factory of scanners, which is a scorer under the same name.

    Parameters
    ----------
    messages
        Which messages the scanner reads: "all", or a list of roles. None for no messages.
    events
        Which events it reads: "all", or a list of types such as "model" and "tool". None for no events.
    name
        The registered name; the function's own name by default.
    version
        Kept with the registration, and written to the log's header if it is not 0.
    metrics
        What is computed over its values when it is a scorer; by default mean and stderr.

    Raises
    ------
    InvalidOptionError
        Neither messages nor events are asked for, or a role that there is not.
    InvalidMetricsError
        ``metrics`` has another shape than a scorer's.

    Examples
    --------
    >>> from evalstream.scorers import ChatMessageAssistant, Result, TaskState, as_scorer, run_now
    >>> @scanner(messages=["assistant"])
    ... def apologies(word: str = "sorry"):
    ...     async def scan(transcript):
    ...         return Result(value=sum(word in message.text for message in transcript.messages))
    ...     return scan
    >>> state = TaskState(messages=[ChatMessageAssistant(content="sorry!"), ChatMessageAssistant(content="so sorry")])
    >>> run_now(as_scorer(apologies())(state, state.target)).value
    2
    """
    checked = _roles(messages)
    if messages is None and events is None:
        raise InvalidOptionError("scanner", name or "scanner", 'say what it reads: messages="all", perhaps, or events')
    if metrics is not None:
        check_metrics(metrics)

    def decorate(factory: Factory) -> Factory:
        chosen = name or factory.__name__
        reads = {"messages": checked, "events": events}
        scanners = registry.register("scanner", chosen, factory, reads)
        signature = inspect.signature(factory)

        @functools.wraps(factory)
        def scorers(*args: Any, **kwargs: Any) -> Scorer:
            return scorer_of(factory(*args, **kwargs), checked, events)

        scorers.__signature__ = signature  # type: ignore[attr-defined]
        declared: dict[str, Any] = {"metrics": metrics if metrics is not None else [mean(), stderr()]}
        registry.register("scorer", chosen, scorers, {**declared, **({"version": version} if version else {})})
        return scanners

    return decorate


def scorer_of(scan: Scanner[Transcript], messages: MessageFilter, events: EventFilter) -> Scorer:
    """Make the scorer that shows a sample's transcript to a scanner."""

    async def score(state: TaskState, target: Target) -> Score | None:
        return score_of(await scan(transcript_of(state, target, messages, events)))

    return score


def _roles(messages: MessageFilter) -> MessageFilter:
    if messages is None or messages == "all":
        return messages
    unknown = [role for role in messages if role not in ROLES]
    if unknown or isinstance(messages, str):
        raise InvalidOptionError(
            "scanner", "scanner", f'messages takes "all" or a list of {", ".join(ROLES)}, not {messages!r}'
        )
    return tuple(messages)
