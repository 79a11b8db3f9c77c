"""The error tree of the pure library.

::

    ScorersError
    ├── UnknownNameError     a scorer, metric or reducer that nobody registered
    ├── InvalidOptionError   an option that the named factory does not take
    ├── InvalidMetricsError  a `metrics` declaration of a shape that has no meaning
    ├── LoadError            a user's file that cannot be loaded
    ├── MetricError          a metric that raised
    ├── ReducerError         a reducer that raised, or whose parameters make no sense
    ├── ModelError           a model (a judge) that gave no answer
    │   ├── ModelSetupError  it cannot be asked at all: no such service, no key, no model named
    │   ├── ModelCallError   its service refused, failed, or could not be reached, and the retries are used up
    │   └── ModelAnswerError its service answered, but with nothing that can be read
    ├── PricesError          a file of prices that cannot be read, or a price that is missing
    ├── BudgetError          what may be spent on models is spent
    ├── MissingExtraError    something that needs packages of an extra, which are not installed
    └── MathProcessError     a child process of the scorer `math` that cannot be started, or died

Each message says what is wrong, where, and what to do. Errors that Inspect raises as plain
``ValueError``, ``TypeError`` or ``RuntimeError`` (for instance ``Score.as_float`` on a list) stay plain here
too, because people's scorers catch them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "BudgetError",
    "InvalidMetricsError",
    "InvalidOptionError",
    "LoadError",
    "MathProcessError",
    "MetricError",
    "MissingExtraError",
    "ModelAnswerError",
    "ModelCallError",
    "ModelError",
    "ModelSetupError",
    "PricesError",
    "ReducerError",
    "ScorersError",
    "UnknownNameError",
]


class ScorersError(Exception):
    """Root of the tree; never raised itself."""


class UnknownNameError(ScorersError, LookupError):
    """A name was looked up that nobody registered.

    Carries ``kind`` ("scorer", "metric", "score_reducer"), the ``name``, and the ``nearest`` registered names.
    """

    def __init__(self, kind: str, name: str, nearest: Sequence[str] = ()) -> None:
        self.kind, self.name, self.nearest = kind, name, tuple(nearest)
        hint = f" Did you mean {' or '.join(repr(n) for n in self.nearest)}?" if nearest else ""
        super().__init__(f"There is no {kind.replace('_', ' ')} named {name!r}.{hint}")

    def __str__(self) -> str:
        return str(self.args[0])


class InvalidOptionError(ScorersError, TypeError):
    """A factory was called with options that it does not take, or lacks one that it needs."""

    def __init__(self, kind: str, name: str, detail: str) -> None:
        self.kind, self.name, self.detail = kind, name, detail
        super().__init__(f"The {kind.replace('_', ' ')} {name!r} cannot be made: {detail}.")


class InvalidMetricsError(ScorersError, TypeError):
    """A scorer's ``metrics`` is neither a list, nor a dict of lists, nor a list that mixes both."""


class LoadError(ScorersError):
    """A user's file could not be loaded.

    Carries the ``path``, and ``lineno`` where the cause has a line.
    """

    def __init__(self, path: str | Path, detail: str, lineno: int | None = None) -> None:
        self.path, self.detail, self.lineno = Path(path), detail, lineno
        where = f"{path}:{lineno}" if lineno else str(path)
        super().__init__(f"{where}: {detail}")


class MetricError(ScorersError):
    """A metric raised. Carries the ``metric`` and ``scorer`` names; the cause is chained."""

    def __init__(self, metric: str, scorer: str, cause: BaseException) -> None:
        self.metric, self.scorer = metric, scorer
        super().__init__(f"The metric {metric!r} of scorer {scorer!r} raised {type(cause).__name__}: {cause}")


class MissingExtraError(ScorersError, ImportError):
    """Something needs packages that are not installed; carries the ``extra`` that brings them."""

    def __init__(self, kind: str, name: str, extra: str, detail: str) -> None:
        self.extra = extra
        super().__init__(f"The {kind} {name!r} needs the extra {extra!r} ({detail}): pip install 'evalstream[{extra}]'")


class MathProcessError(ScorersError, RuntimeError):
    """A child process in which SymPy works cannot be started, or died; the sample is to blame, or the machine."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The process in which the scorer 'math' works {detail}.")


class ReducerError(ScorersError, ValueError):
    """A reducer raised, or was asked for with parameters that make no sense."""


class ModelError(ScorersError):
    """A model gave no answer.

    Carries the ``model`` (its full name) and ``transient``: whether that speaks of the model's surroundings (an outage,
    its load), so that waiting may mend it, and not of what it was asked.
    """

    def __init__(self, model: str, detail: str, *, transient: bool = False) -> None:
        self.model, self.detail, self.transient = model, detail, transient
        super().__init__(f"{model}: {detail}" if model else detail)


class ModelSetupError(ModelError):
    """A model cannot be asked at all: its service is not known, its key is missing, no model was named."""


class ModelCallError(ModelError):
    """A model's service refused, failed, or could not be reached.

    Carries the HTTP ``status`` (None if there was no response) and ``retry_after``, the seconds that the service asked
    to wait (None if it did not say).
    """

    def __init__(
        self,
        model: str,
        detail: str,
        *,
        transient: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(model, detail, transient=transient)
        self.status, self.retry_after = status, retry_after


class ModelAnswerError(ModelError):
    """A model's service answered with something that cannot be read: no JSON, no choices, a body cut short."""


class PricesError(ScorersError):
    """A file of prices cannot be read, or a price that a budget in USD needs is not in it."""


class BudgetError(ScorersError):
    """What may be spent on models is spent.

    No failure of the sample: whoever scores turns it into an unscored sample of the reason "budget".
    """
