"""Open a log for reading, whatever its format: what it is is told by its content, not by its name."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator
from typing import Any, Literal, Protocol

from typing_extensions import Self

from evalstream.scorers.jsontext import JsonTextError, split_object
from evalstream.streams.errors import (
    LogNotFoundError,
    LogReadError,
    NotALogError,
    SampleDecodeError,
)
from evalstream.streams.logs.codec import Method
from evalstream.streams.logs.eval_source import EvalSource
from evalstream.streams.logs.json_source import JsonSource
from evalstream.streams.logs.stamp import FileStamp

__all__ = ["LogSource", "cut_sample", "open_log"]


class LogSource(Protocol):
    """A log open for reading.

    Samples are numbered from 0 in the file's order; of several with one id and epoch only the last counts, as in
    Inspect. `read_sample` may be called from many threads and takes the same time for every sample.
    """

    path: str
    format: Literal["eval", "json"]
    compression: Method
    """How to compress a new log so that it is like this one."""
    header: dict[str, Any]
    """All of the log but samples and reductions."""
    sample_count: int
    stamp: FileStamp
    """Tells whether the file was changed since it was opened."""

    @property
    def start(self) -> dict[str, Any]:
        """What was known when the eval began: version, eval, plan."""

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield id (as text) and epoch of each sample, without reading the samples."""

    def sample_name(self, i: int) -> str:
        """Name sample `i` for people: the member of the zip, or its place in the array."""

    def read_sample(self, i: int) -> bytes:
        """Return the JSON text of sample `i`."""

    def read_samples(self, i: int) -> list[bytes]:
        """Return the JSON texts of sample `i` and some that follow it, read at once."""

    def reductions(self) -> Iterator[bytes] | None:
        """Yield the JSON text of the reductions, an array, in pieces; None if the log has none."""

    def extra_members(self) -> dict[str, bytes]:
        """Return what belongs to the log and is none of the above, by name."""

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def open_log(path: str | os.PathLike[str]) -> LogSource:
    """Open a log.

    Raises
    ------
    LogNotFoundError, LogReadError
        No such file; no permission.
    NotALogError
        A folder, an empty file, another kind of file, or a log of a version that we do not know.
    DamagedLogError
        A log that was cut short or changed by hand.
    """
    path = os.fspath(path)
    fd = _open(path)
    try:
        beginning = os.pread(fd, 64, 0)
        if not beginning:
            raise NotALogError(path, "the file is empty. If an eval still writes it, wait for its first sample.")
        if beginning.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return EvalSource(fd, path)
        if beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            return JsonSource(fd, path)
        raise NotALogError(path, "this is neither a .eval log (a zip) nor a .json log (an object).")
    except OSError as error:
        os.close(fd)
        raise LogReadError(path, error) from error
    except BaseException:
        os.close(fd)
        raise


def cut_sample(source: LogSource, i: int) -> dict[str, bytes]:
    """Read sample `i` and cut it into its members.

    Raises
    ------
    SampleDecodeError
        It is no JSON object, or has no id (text or integer) or epoch (integer).
    DamagedLogError
        Its bytes cannot be read.
    """
    try:
        members = split_object(source.read_sample(i))
    except JsonTextError as error:
        raise SampleDecodeError(source.path, f"not a JSON object ({error})", source.sample_name(i)) from error
    sample_id, epoch = members.get("id", b""), members.get("epoch", b"")
    if not (sample_id[:1] == b'"' or sample_id.removeprefix(b"-").isdigit()) or not epoch.isdigit():
        raise SampleDecodeError(
            source.path, "the sample's id or epoch is missing or of a wrong type", source.sample_name(i)
        )
    return members


def _open(path: str) -> int:
    try:
        # Non-blocking, or a named pipe would hold us up here.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LogNotFoundError(path, _nearest(path)) from error
    except OSError as error:
        raise LogReadError(path, error) from error
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        what = "a folder. Name one of the logs in it." if stat.S_ISDIR(mode) else "not a regular file."
        raise NotALogError(path, f"this is {what}")
    return fd


def _nearest(path: str) -> list[str]:
    folder, name = os.path.split(path)
    try:
        logs = [other for other in os.listdir(folder or ".") if other.endswith((".eval", ".json"))]  # noqa: PTH208
    except OSError:
        return []
    return [os.path.join(folder, near) for near in difflib.get_close_matches(name, logs, n=3)]  # noqa: PTH118
