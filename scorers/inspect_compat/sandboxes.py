"""Our sandboxes behind ``inspect_ai.util.sandbox()``, for scorers that were written for Inspect."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from inspect_ai.util._sandbox.context import (
    sandbox_default_context_var,
    sandbox_environments_context_var,
    sandbox_with_environments_context_var,
)

from evalstream.scorers.sandbox import errors
from evalstream.scorers.sandbox.context import DEFAULT, current
from evalstream.scorers.sandbox.context import sandbox as ours

__all__ = ["show_sandboxes"]

Result = TypeVar("Result")


class _Environment(SandboxEnvironment):
    """One sandbox of ours. It is looked up when it is used: without any, our own error says what to do."""

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self._name = name

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command; ``timeout_retry`` and ``concurrency`` change nothing here."""
        with _their_errors():
            done = await ours(self._name).exec(cmd, input, cwd, env, user, timeout)
        return ExecResult(done.success, done.returncode, done.stdout, done.stderr)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        with _their_errors():
            await ours(self._name).write_file(file, contents)

    async def read_file(self, file: str, text: bool = True) -> Any:
        with _their_errors():
            reading: Awaitable[str | bytes] = (
                ours(self._name).read_file(file) if text else ours(self._name).read_file(file, text=False)
            )
            return await reading

    @classmethod
    async def sample_cleanup(cls, task_name: str, config: Any, environments: Any, interrupted: bool) -> None:
        """Do nothing: whoever runs the scorers removes what is left."""


@contextmanager
def _their_errors() -> Iterator[None]:
    try:
        yield
    except errors.OutputLimitExceededError as error:
        raise OutputLimitExceededError(error.limit_str, error.truncated_output) from error
    except errors.SandboxUnavailableError as error:
        raise SandboxUnavailableError(str(error)) from error
    except errors.SandboxUserUnsupportedError as error:
        raise SandboxUserUnsupportedError(str(error)) from error


def show_sandboxes() -> None:
    """Let Inspect's ``sandbox()`` mean the sandboxes of the sample that is being scored here."""
    sandboxes = current()
    names = sandboxes.names() if sandboxes is not None else []
    environments: dict[str, SandboxEnvironment] = {name: _Environment(name) for name in names}
    if not environments:
        environments[DEFAULT] = _Environment(None)
    sandbox_environments_context_var.set(environments)
    sandbox_with_environments_context_var.set({})
    sandbox_default_context_var.set(DEFAULT if DEFAULT in environments else names[0])
