"""What goes through the pipe between a worker and the process of its scorers: frames of MessagePack."""

from __future__ import annotations

import struct

import msgspec

from evalstream.scorers.jsontext import cut_object, dumps, join_object, loads

from ...events import Source
from ..completion import Completion
from ..emitted import printed_score
from ..failure import Failure, Stage, message_of
from ..sheet import Scored

__all__ = [
    "MOST_READ",
    "Ask",
    "Beat",
    "Body",
    "Fetch",
    "Frames",
    "Logged",
    "Message",
    "Ready",
    "Told",
    "to_frame",
    "to_message",
]

MOST_READ = 1 << 20
"""Bytes that are taken from the pipe at a time."""

_LENGTH = struct.Struct(">Q")


class Ready(msgspec.Struct, tag="ready"):
    """The child has its scorers, or the reason why it has not."""

    problem: str | None = None


class Beat(msgspec.Struct, tag="beat"):
    """The child is alive."""


class Logged(msgspec.Struct, tag="logged"):
    """The child has something to say to whoever reads the worker's journal."""

    logger: str
    level: int
    text: str


class Fetch(msgspec.Struct, tag="fetch"):
    """The child wants the body of a claim; stores are the worker's."""

    number: int
    store: str
    key: str
    eval_id: str | None


class Body(msgspec.Struct, tag="body"):
    """The answer to a `Fetch`; ``problem`` if there is none."""

    number: int
    body: bytes = b""
    problem: str | None = None


class Ask(msgspec.Struct, tag="ask"):
    """A completion that is to be scored; the fields are those of `Completion`, the id as JSON: it may be any number."""

    number: int
    eval_id: str
    run_id: str
    sample_id: bytes
    epoch: int
    members: bytes
    scorers: bytes
    append: bool
    model: str
    multiple_correct: bool | None
    source: tuple[str, int, int]
    record: str
    model_roles: bytes
    sandboxes: bytes

    @classmethod
    def of(cls, number: int, completion: Completion) -> Ask:
        """Ask for the scores of a completion."""
        source = completion.source
        return cls(
            number, completion.eval_id, completion.run_id, dumps(completion.sample_id), completion.epoch,
            join_object(completion.members), *completion[5:9],
            (source.topic, source.partition, source.offset), *completion[10:],
        )  # fmt: skip

    def completion(self) -> Completion:
        """Return the completion."""
        topic, partition, offset = self.source
        return Completion(
            self.eval_id, self.run_id, loads(self.sample_id), self.epoch, cut_object(self.members), self.scorers,
            self.append, self.model, self.multiple_correct,
            Source(topic=topic, partition=partition, offset=offset), self.record, self.model_roles, self.sandboxes,
        )  # fmt: skip


class _Failure(msgspec.Struct):
    stage: Stage
    type: str
    message: str
    trace: str
    attempts: int
    scorer: str


class Told(msgspec.Struct, tag="told"):
    """What became of a completion: the events as they are to be sent, and what is known of the scorers that failed."""

    number: int
    events: list[bytes]
    failures: list[_Failure] = []

    @classmethod
    def of(cls, number: int, scored: Scored) -> Told:
        """Tell what became of a completion."""
        failures = [
            _Failure(f.stage, type(f.error).__name__, message_of(f.error), f.traced(), f.attempts, f.scorer)
            for f in scored.failures
        ]
        return cls(number, [event.to_bytes() for event in scored.events], failures)

    def scored(self) -> Scored:
        """Return what became of the completion."""
        failures = [Failure(f.stage, _error(f.type, f.message), f.attempts, f.scorer, f.trace) for f in self.failures]
        return Scored([printed_score(text) for text in self.events], failures)


def _error(name: str, message: str) -> BaseException:
    """Make an error that is called as the one in the child: its class may be of a module that only the child has."""
    error: BaseException = type(name, (Exception,), {})(message)
    return error


Message = Ready | Beat | Logged | Fetch | Body | Ask | Told
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


def to_frame(message: Message | bytes) -> bytes:
    """Return a message, or bytes of another kind, with its length before it."""
    text = message if isinstance(message, bytes) else _encode(message)
    return _LENGTH.pack(len(text)) + text


class Frames:
    r"""Puts together what arrives in pieces.

    Examples
    --------
    >>> frames, sent = Frames(), to_frame(Beat()) + to_frame(Ready("no such file"))
    >>> frames.texts(sent[:20]), [to_message(text) for text in frames.texts(sent[20:])]
    ([b'\x81\xa4type\xa4beat'], [Ready(problem='no such file')])
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._back: list[bytes] = []

    def put_back(self, texts: list[bytes]) -> None:
        """Have frames come again, before the rest."""
        self._back = [*texts, *self._back]

    def texts(self, arrived: bytes) -> list[bytes]:
        """Return the frames that are complete now, without their lengths."""
        rest, at, found = self._rest, 0, self._back
        self._back = []
        rest += arrived
        while len(rest) - at >= _LENGTH.size:
            end = at + _LENGTH.size + _LENGTH.unpack_from(rest, at)[0]
            if end > len(rest):
                break
            found.append(bytes(rest[at + _LENGTH.size : end]))
            at = end
        del rest[:at]
        return found


def to_message(text: bytes) -> Message:
    """Read a frame that holds a message."""
    message: Message = _decode(text)
    return message
