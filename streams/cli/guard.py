"""How failures reach the user: a message and an exit code, never a traceback for what the user can mend."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

import click

from evalstream.scorers.errors import ScorersError

from ..errors import StreamsError
from .text import plain, survive_encodings

__all__ = ["EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_USAGE", "fail", "guarded", "interrupted", "unforeseen"]

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])


def fail(message: object) -> None:
    """Print an error in one line, without a traceback."""
    click.echo(f"Error: {plain(message)}", err=True)


def interrupted() -> int:
    """Tell what an interruption leaves behind; return the exit code."""
    click.echo("Interrupted: what was complete is written, every other log is as it was.", err=True)
    return EXIT_INTERRUPTED


def unforeseen(error: Exception) -> str:
    """Say that we have met a mistake of our own; EVALSTREAM_TRACEBACK=1 shows where."""
    if os.environ.get("EVALSTREAM_TRACEBACK"):
        traceback.print_exception(error)
    return (
        f"evalstream met something that it does not foresee ({type(error).__name__}: {error})."
        " Please report this, with what EVALSTREAM_TRACEBACK=1 shows."
    )


def guarded(command: Command) -> Command:
    """Turn the errors that a user can do something about into a message and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        survive_encodings()
        try:
            with _ends_like_ctrl_c():
                code = command(*args, **kwargs)
        except (StreamsError, ScorersError) as error:
            fail(error)
            code = EXIT_USAGE
        except (KeyboardInterrupt, click.Abort):
            code = interrupted()
        except BrokenPipeError:
            # Whoever read our output has left; Python would complain again when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = EXIT_FAILED
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001
            fail(unforeseen(error))
            code = EXIT_USAGE
        sys.exit(code or 0)

    return run  # type: ignore[return-value]


@contextlib.contextmanager
def _ends_like_ctrl_c() -> Iterator[None]:
    """Make a closed terminal or a job's time limit end the command as Ctrl-C does: tidily.

    By default those signals end a process at once, and half a log would stay behind.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
