"""`ModelContext`: what a scorer's model calls are made with, set around each scorer by whoever runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from .config import GenerateConfig

if TYPE_CHECKING:
    from .budget import Budget
    from .cache import JudgeCache
    from .model import Model
    from .prices import Prices
    from .usage import UsageLog

__all__ = ["ModelContext", "RoleModel", "RoleModels", "current_context", "next_draw", "use_context"]

RoleModel = Union[str, "Model", Callable[[], "Model"]]
"""A model by its name, the model itself, or how to make it once it is asked."""

RoleModels = RoleModel | Sequence[RoleModel]
"""What a role is bound to: a model, or a panel of them."""


@dataclass(frozen=True)
class ModelContext:
    """What decides how models are asked.

    Attributes
    ----------
    model
        The default model, or its name: the one under test, or that of ``--model``; "" if there is none.
    roles
        Models by role, as in ``{"grader": "openai/gpt-4o"}``; a list is a panel.
    base_url, model_args, config
        Go to the default model: ``--model-base-url`` and ``-M``.
    cache, budget, prices, usage
        Where answers are kept, what may be spent, what tokens cost, and where use is counted; None: not at all.
    epoch
        Which repetition of the sample is scored; epochs share no cached answers.
    scorer
        The scorer's name, under which use is counted.

    Examples
    --------
    >>> with use_context(ModelContext(model="openai/gpt-4o", scorer="model_graded_qa")):
    ...     current_context().model
    'openai/gpt-4o'
    >>> current_context().model
    ''
    """

    model: str | Model = ""
    roles: Mapping[str, RoleModels] = field(default_factory=dict)
    base_url: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config: GenerateConfig = field(default_factory=GenerateConfig)
    cache: JudgeCache | None = None
    budget: Budget | None = None
    prices: Prices | None = None
    usage: UsageLog | None = None
    epoch: int = 1
    scorer: str = ""


class _Draws:
    """How often each question was asked in one scorer's run; its calls may come from several tasks, on one loop."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    def next(self, question: str) -> int:
        self._asked[question] += 1
        return self._asked[question] - 1


_nobody = ModelContext()
_current: ContextVar[ModelContext] = ContextVar("evalstream_model_context", default=_nobody)
_draws: ContextVar[_Draws | None] = ContextVar("evalstream_draws", default=None)


def current_context() -> ModelContext:
    """Return the context of the scorer that runs; an empty one outside of any."""
    return _current.get()


@contextmanager
def use_context(context: ModelContext) -> Iterator[None]:
    """Make model calls with this context for as long as this lasts, in this task and those that it starts."""
    token, draws = _current.set(context), _draws.set(_Draws())
    try:
        yield
    finally:
        _draws.reset(draws)
        _current.reset(token)


def next_draw(question: str) -> int:
    """Count that a question is asked, and return how often it was before in this context.

    A panel of one model, or a scorer that takes the majority of five answers, asks the same several times and means to
    get several answers: each has its own place in the cache.

    Examples
    --------
    >>> with use_context(ModelContext()):
    ...     next_draw("a"), next_draw("a"), next_draw("b")
    (0, 1, 0)
    """
    draws = _draws.get()
    return 0 if draws is None else draws.next(question)
