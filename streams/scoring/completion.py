"""Reading a record of ``completions``: the few fields that scoring needs, and the sample as raw members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec
from pydantic import ValidationError

from evalstream.scorers.jsontext import CutObject, JsonTextError, cut_object, join_object, loads, split_object
from evalstream.scorers.problems import first_problem
from evalstream.scorers.sample import SampleMembers

from ..claims import ClaimStores
from ..errors import CompletionError, StreamsError
from ..events import LIVE_RUN, SampleCompleted, Source

__all__ = ["Completion", "CompletionReader", "whose"]

MOST_EPOCHS = 2**31


class _Claim(msgspec.Struct, gc=False):
    store: str
    key: str


class _Fields(msgspec.Struct, gc=False):
    """`SampleCompleted` with its larger parts uncut, read in a tenth of pydantic's time."""

    eval_id: str
    event: Literal["sample_completed"] = "sample_completed"
    version: Literal[1] = 1
    run_id: str = LIVE_RUN
    sample: msgspec.Raw = msgspec.Raw(b"null")
    claim: _Claim | None = None
    unreadable: str | None = None
    scorers: msgspec.Raw = msgspec.Raw(b"[]")
    append: bool = False
    model: str = ""
    model_roles: msgspec.Raw = msgspec.Raw(b"")
    multiple_correct: bool | None = None
    sandboxes: msgspec.Raw = msgspec.Raw(b"null")


_fields = msgspec.json.Decoder(_Fields)


class Completion(NamedTuple):
    """One sample of one epoch that is to be scored.

    ``members`` are the sample's top-level members as JSON texts; ``scorers`` is the event's own text of that field.
    """

    eval_id: str
    run_id: str
    sample_id: str | int
    epoch: int
    members: CutObject
    scorers: bytes
    append: bool
    model: str
    multiple_correct: bool | None
    source: Source
    record: str = ""
    """Digest of the record that it came in, see `dead_letters.letter.record_digest`."""
    model_roles: bytes = b""
    sandboxes: bytes = b"null"
    """The event's own text of that field."""

    @property
    def size(self) -> int:
        """Bytes of the sample, and of the files that came with it."""
        return sum(map(len, self.members.values())) + len(self.sandboxes)


class CompletionReader:
    """Reads records of ``completions``.

    Parameters
    ----------
    claims
        The stores of this process.
    """

    def __init__(self, claims: ClaimStores) -> None:
        self._claims = claims

    def waits(self, value: bytes) -> bool:
        """Tell whether reading a record may take long, because its sample may be far away."""
        return self._claims.distant and b'"claim"' in value

    def read(self, value: bytes, source: Source, record: str = "") -> Completion:
        """Read one `SampleCompleted`, which is the value of a record of this digest.

        Raises
        ------
        CompletionError
            The record is not such an event, or its sample cannot be read. The error knows eval and run if the record
            does.
        """
        try:
            fields = _read(value)
        except (JsonTextError, ValidationError) as error:
            raise CompletionError(f"not a SampleCompleted event: {_short(error)}", *whose(value)) from error
        if fields.unreadable is not None:
            raise CompletionError(fields.unreadable or "its publisher could not read it", fields.eval_id, fields.run_id)
        try:
            members = cut_object(self._body(fields) if fields.claim else fields.sample)
            _check_shape(members)
            sample_id, epoch = _key(members)
            if not 0 <= epoch < MOST_EPOCHS:
                raise ValueError(f"the epoch {epoch} is out of range")
            if isinstance(sample_id, str) and not _is_unicode(sample_id):
                raise ValueError(f"the id {sample_id!a} is no Unicode text")
        except (StreamsError, ValueError, LookupError, OSError) as error:
            label = self._label(fields.claim)
            raise CompletionError(str(error), fields.eval_id, fields.run_id, label) from error
        return Completion(
            fields.eval_id, fields.run_id, sample_id, epoch, members, bytes(fields.scorers),
            fields.append, fields.model, fields.multiple_correct, source, record,
            bytes(fields.model_roles), bytes(fields.sandboxes),
        )  # fmt: skip

    def members(self, value: bytes) -> dict[str, bytes]:
        """Return just the sample of a record that was read before, as raw members.

        Raises
        ------
        CompletionError
            It cannot be read any more.
        """
        try:
            return split_object(self._body(_read(value)))
        except (StreamsError, ValueError, LookupError, OSError) as error:
            raise CompletionError(f"a sample cannot be read again: {error}") from error

    def _label(self, claim: _Claim | None) -> str:
        try:
            return self._claims.label(claim) if claim is not None else ""
        except (LookupError, ValueError):
            return ""

    def _body(self, fields: _Fields) -> bytes:
        return bytes(fields.sample) if fields.claim is None else self._claims.fetch(fields.claim, fields.eval_id)


def _read(value: bytes) -> _Fields:
    """Read an event; what the quick way refuses (NaN, say) pydantic may take, and it names what is wrong.

    Raises
    ------
    JsonTextError, ValidationError
        It is no `SampleCompleted`.
    """
    try:
        if not value.isascii():
            value.decode()  # msgspec does not look at the bytes of what stays uncut
        return _fields.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        members = split_object(value)
    sample, scorers = members.pop("sample", b"null"), members.pop("scorers", b"[]")
    sandboxes, roles = members.pop("sandboxes", b"null"), members.pop("model_roles", b"")
    event = SampleCompleted.model_validate_json(join_object(members))
    return _Fields(
        event.eval_id,
        run_id=event.run_id,
        sample=msgspec.Raw(sample),
        claim=None if event.claim is None else _Claim(event.claim.store, event.claim.key),
        unreadable=event.unreadable,
        scorers=msgspec.Raw(scorers),
        append=event.append,
        model=event.model,
        model_roles=msgspec.Raw(roles),
        multiple_correct=event.multiple_correct,
        sandboxes=msgspec.Raw(sandboxes),
    )


def _key(members: Mapping[str, bytes]) -> tuple[str | int, int]:
    """Return id and epoch of a sample; SampleError if they are none."""
    sample_id, epoch = members.get("id", b""), members.get("epoch", b"")
    if sample_id.isdigit() and epoch.isdigit() and len(sample_id) < 19 and len(epoch) < 19:  # nearly always
        return int(sample_id), int(epoch)
    view = SampleMembers(members)
    return view.sample_id(), view.epoch()


def _check_shape(members: CutObject) -> None:
    """Refuse a sample that no log could hold; what a scorer reads of it is checked when it is read.

    Raises
    ------
    ValueError
        A member is of another JSON type than Inspect's.
    """
    for name, (opening, kind) in _SHAPES.items():
        if name in members and members.first(name) != opening and members[name] != b"null":
            raise ValueError(f"{name!r} is not {kind}")


_ARRAY, _OBJECT = (ord("["), "an array"), (ord("{"), "an object")
_SHAPES = {
    "messages": _ARRAY,
    "events": _ARRAY,
    "error_retries": _ARRAY,
    "metadata": _OBJECT,
    "scores": _OBJECT,
}


def whose(value: bytes) -> tuple[str, str]:
    """Tell eval and run of a record that is otherwise wrong, so that the right ledger counts it; "" if it does not say.

    Examples
    --------
    >>> whose(b'{"eval_id":"e","sample":5}'), whose(b"garbage")
    (('e', 'live'), ('', ''))
    """
    try:
        fields = loads(value)
    except JsonTextError:
        return "", ""
    if not isinstance(fields, dict):
        return "", ""
    eval_id, run_id = fields.get("eval_id"), fields.get("run_id", "live")
    if not (isinstance(eval_id, str) and isinstance(run_id, str) and _is_unicode(eval_id) and _is_unicode(run_id)):
        return "", ""
    return eval_id, run_id


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be a key of a topic: half of a surrogate pair has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(error: Exception) -> str:
    return first_problem(error) if isinstance(error, ValidationError) else str(error)
