"""evalstream: Inspect AI's scoring as an event stream."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalstream.streams.api.edit import edit_score, recompute_metrics
    from evalstream.streams.api.listing import list_eval_logs
    from evalstream.streams.api.read import read_eval_log
    from evalstream.streams.api.score import score, score_async
    from evalstream.streams.api.write import write_eval_log

__all__ = [
    "__version__",
    "edit_score",
    "list_eval_logs",
    "read_eval_log",
    "recompute_metrics",
    "score",
    "score_async",
    "write_eval_log",
]

__version__ = "0.1.0"

_WHERE = {
    "edit_score": "edit",
    "list_eval_logs": "listing",
    "read_eval_log": "read",
    "recompute_metrics": "edit",
    "score": "score",
    "score_async": "score",
    "write_eval_log": "write",
}


def __getattr__(name: str) -> Any:
    """Import a function of the API when it is first used: commands, and scorers' files, need none of it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"evalstream.streams.api.{_WHERE[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
