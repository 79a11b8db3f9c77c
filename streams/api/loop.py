"""Calling a coroutine from code that is not one, in a notebook too."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_anywhere"]

Result = TypeVar("Result")


def run_anywhere(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end and return its result.

    Where an event loop runs already, as in a notebook's cell, it runs on another one, in a thread; Ctrl-C cancels it.

    Examples
    --------
    >>> async def inner():
    ...     return 1
    >>> async def outer():
    ...     return run_anywhere(inner()) + 1
    >>> asyncio.run(outer())
    2
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    result: Result = _Elsewhere(coroutine).result()
    return result


class _Elsewhere:
    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._outcome: Any = None
        self._error: BaseException | None = None
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="evalstream-score", daemon=True)

    def result(self) -> Any:
        self._thread.start()
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self._cancel()
            self._thread.join()
            raise
        if self._error is not None:
            raise self._error
        return self._outcome

    def _run(self) -> None:
        try:
            self._outcome = asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 (raised again in the thread that waits)
            self._error = error

    async def _main(self) -> Any:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        return await self._coroutine

    def _cancel(self) -> None:
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
