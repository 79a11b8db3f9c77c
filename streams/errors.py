"""The error tree of the event-driven half.

::

    StreamsError
    ├── UsageError            what was asked for makes no sense, or cannot be found
    │   └── EditError         an edit that the log does not allow; a ValueError, as Inspect's
    ├── BrokerError           a broker that cannot be opened or used
    │   └── TokenError        no token to log in with, just now
    ├── CompletionError       a completion that cannot be read; carries ``eval_id``, ``run_id``, ``sample``
    ├── EndedError            the process of users' scorers has ended, and what it had not answered is lost
    │   └── NotStartedError   it could not load the scorers
    ├── StateError            a record of a worker's table that no worker wrote
    ├── ClaimError            an event that claims a body from a store that is not here, or that is not its own
    ├── BlobError             a large sample's blob that cannot be written or read; carries ``transient``
    └── LogError              a log file; carries its ``path``
        ├── LogNotFoundError  there is no such file
        ├── LogReadError      the operating system would not let us read it
        ├── NotALogError      a file of another kind, or a log of a version that we do not know
        ├── DamagedLogError   a log whose bytes contradict themselves; carries ``member`` and ``what``
        │   └── SampleDecodeError  one sample's text is not what a sample is; the rest may be fine
        ├── LogChangedError   somebody wrote the file while we read it
        ├── LogWriteError     the new log could not be written; the old file is as it was
        ├── LogContentError   what was published for the eval makes no log; the old file is as it was
        └── LogOutdatedError  scores came while it was written; the old file is as it was

Each message says what is wrong, where, and what to do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "BlobError",
    "BrokerError",
    "ClaimError",
    "CompletionError",
    "DamagedLogError",
    "EditError",
    "EndedError",
    "LogChangedError",
    "LogContentError",
    "LogError",
    "LogNotFoundError",
    "LogOutdatedError",
    "LogReadError",
    "LogWriteError",
    "NotALogError",
    "NotStartedError",
    "SampleDecodeError",
    "StateError",
    "StreamsError",
    "TokenError",
    "UsageError",
]


class StreamsError(Exception):
    """Root of the tree; never raised itself."""


class UsageError(StreamsError):
    """What the user asked for makes no sense, or cannot be found; the message says what to ask for instead."""


class EditError(UsageError, ValueError):
    """An edit from Python that the log does not allow: there is no such sample, say. Inspect raises ValueError."""


class BrokerError(StreamsError):
    """A broker cannot be opened or used; the message says which, why, and what to do."""


class TokenError(BrokerError, ConnectionError):
    """There is no token to log in to a broker with, just now.

    A ConnectionError too: to Kafka's clients it is one connection that failed, and they try again.
    """


class ClaimError(StreamsError, LookupError):
    """An event claims a body from a store that this process has not registered, or that has no such key for it."""


class BlobError(StreamsError):
    """A large sample's body cannot be written to the blob dir, or read from it.

    Carries ``transient``: whether another try may do.
    """

    def __init__(self, message: str, transient: bool = False) -> None:
        self.transient = transient
        super().__init__(message)


class CompletionError(StreamsError):
    """A record of ``completions`` cannot be read.

    Carries ``eval_id`` and ``run_id`` ("" if even they cannot be told) and ``sample``, a label for people.
    """

    def __init__(self, detail: str, eval_id: str = "", run_id: str = "", sample: str = "") -> None:
        self.detail, self.eval_id, self.run_id, self.sample = detail, eval_id, run_id, sample
        super().__init__(f"{sample}: {detail}" if sample else detail)


class EndedError(StreamsError):
    """The process of users' scorers has ended, and what it had not answered is lost."""


class NotStartedError(EndedError):
    """The process of users' scorers could not load them."""


class StateError(StreamsError):
    """A record of a worker's table is none that a worker writes."""


class LogError(StreamsError):
    """Something is wrong with a log file. Carries the ``path``; never raised itself."""

    def __init__(self, path: str | os.PathLike[str], message: str) -> None:
        self.path = Path(path)
        super().__init__(message)


class LogNotFoundError(LogError):
    """There is no file at ``path``. Carries the ``nearest`` names in that folder."""

    def __init__(self, path: str | os.PathLike[str], nearest: Sequence[str] = ()) -> None:
        self.nearest = tuple(nearest)
        hint = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else " Check the path."
        super().__init__(path, f"{_shown(path)}: there is no such file.{hint}")


class LogReadError(LogError):
    """The operating system refused to read the file. Carries the ``cause``."""

    def __init__(self, path: str | os.PathLike[str], cause: OSError) -> None:
        self.cause = cause
        super().__init__(path, f"{_shown(path)}: cannot be read ({cause.strerror or cause}). {_advice(cause, 'read')}")


class NotALogError(LogError):
    """The file is readable, but it is no log that we know. Carries ``what`` it is instead."""

    def __init__(self, path: str | os.PathLike[str], what: str) -> None:
        self.what = what
        super().__init__(path, f"{_shown(path)}: {what}")


class DamagedLogError(LogError):
    """The file contradicts itself: it was cut short, or changed by something that is not Inspect.

    Carries the ``member`` of the zip (None for the file as a whole, or a .json) and ``what`` is wrong.
    """

    advice = "Take it from a backup; if its eval crashed, `inspect log recover` may restore it."

    def __init__(self, path: str | os.PathLike[str], what: str, member: str | None = None) -> None:
        self.what, self.member = what, member
        where = f"{_shown(path)}, member {_shown(member)}" if member is not None else _shown(path)
        super().__init__(path, f"{where}: {what}. {self.advice}")


class SampleDecodeError(DamagedLogError):
    """One sample is not the JSON object that a sample is. Carries ``member``: the sample's name in the log."""

    advice = "Only this sample is concerned."


class LogChangedError(LogError):
    """The file was written by somebody else between our first look and our last."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(
            path, f"{_shown(path)}: the file changed while it was read. Start again when its eval has ended."
        )


class LogWriteError(LogError):
    """The log could not be written; what was at ``path`` before is untouched. Carries the ``cause``, if any."""

    def __init__(self, path: str | os.PathLike[str], cause: OSError | str) -> None:
        self.cause = cause if isinstance(cause, OSError) else None
        if isinstance(cause, OSError):
            text = f"cannot be written ({cause.strerror or cause}). {_advice(cause, 'write')}"
        else:
            text = cause
        super().__init__(path, f"{_shown(path)}: {text}")


class LogContentError(LogError):
    """What was published for an eval makes no log; the file at ``path`` is as it was. Carries the ``eval_id``."""

    def __init__(self, path: str | os.PathLike[str], eval_id: str, cause: Exception) -> None:
        self.eval_id = eval_id
        what = f"{type(cause).__name__}: {cause}"
        super().__init__(
            path,
            f"{_shown(path)}: what was published for the eval {_shown(eval_id)} makes no log ({_shown(what)})."
            " Publish it again from its log.",
        )


class LogOutdatedError(LogError):
    """Scores came in while the log was being written; what was at ``path`` before is untouched."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, f"{_shown(path)}: scores came in while it was written. It is to be written again.")


_ADVICE = {
    errno.ENOSPC: "Free some space on that disk, or write to another one.",
    errno.EDQUOT: "Your quota on that disk is used up: free some space, or write to another disk.",
    errno.EFBIG: "The file is larger than this system allows: raise the limit (`ulimit -f`), or write to another disk.",
    errno.ENOENT: "Create the folder first.",
    errno.ENOTDIR: "A part of the path is a file, not a folder.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EROFS: "That disk is mounted read-only: write to another one.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def _advice(cause: OSError, doing: str) -> str:
    if cause.errno in (errno.EACCES, errno.EPERM):
        return f"You need permission to {doing} there: change it, or choose another place."
    return _ADVICE.get(cause.errno or 0, "Check the disk and try again.")


def _shown(text: str | os.PathLike[str]) -> str:
    # Names come from files that others wrote: control characters would let them draw on the terminal.
    text = os.fspath(text)
    return text if text.isprintable() else ascii(text)
