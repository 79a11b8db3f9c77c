"""Reading a record of ``completions``: the few fields that scoring needs, and the sample as raw members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from evalstream.scorers.jsontext import JsonTextError, join_object, loads, split_object
from evalstream.scorers.sample import SampleMembers

from ..claims import ClaimStores
from ..errors import CompletionError, StreamsError
from ..events import Claim, SampleCompleted, Source

__all__ = ["Completion", "CompletionReader"]

MOST_EPOCHS = 2**31

ENVELOPES = 100
"""Evals whose common fields are kept at a time."""


@dataclass(frozen=True)
class Completion:
    """One sample of one epoch that is to be scored.

    ``members`` are the sample's top-level members as JSON texts; ``scorers`` is the event's own text of that field.
    """

    eval_id: str
    run_id: str
    sample_id: str | int
    epoch: int
    members: Mapping[str, bytes]
    scorers: bytes
    append: bool
    model: str
    multiple_correct: bool | None
    source: Source

    @property
    def size(self) -> int:
        """Bytes of the sample."""
        return sum(map(len, self.members.values()))


class CompletionReader:
    """Reads records of ``completions``.

    What the completions of one eval have in common is parsed once: the event's fields without the sample (or the claim
    to it) and the scorers are the same text for all of them.

    Parameters
    ----------
    claims
        The stores of this process.
    """

    def __init__(self, claims: ClaimStores) -> None:
        self._claims = claims
        self._envelopes: dict[bytes, SampleCompleted] = {}

    def read(self, value: bytes, source: Source) -> Completion:
        """Read one `SampleCompleted`.

        Raises
        ------
        CompletionError
            The record is not such an event, or its sample cannot be read. The error knows eval and run if the record
            does.
        """
        try:
            fields = split_object(value)
            sample, claim = fields.pop("sample", None), fields.pop("claim", None)
            scorers = fields.pop("scorers", b"[]")
            envelope = self._envelope(join_object(fields))
        except (JsonTextError, ValidationError) as error:
            raise CompletionError(f"not a SampleCompleted event: {_short(error)}", *_whose(value)) from error
        if envelope.unreadable is not None:
            raise CompletionError(envelope.unreadable, envelope.eval_id, envelope.run_id)
        try:
            members = split_object(self._body(sample, claim))
            _check_shape(members)
            view = SampleMembers(members)
            sample_id, epoch = view.sample_id(), view.epoch()
            if not 0 <= epoch < MOST_EPOCHS:
                raise ValueError(f"the epoch {epoch} is out of range")
        except (StreamsError, ValueError, LookupError, OSError) as error:
            raise CompletionError(str(error), envelope.eval_id, envelope.run_id, self._label(claim)) from error
        return Completion(
            envelope.eval_id, envelope.run_id, sample_id, epoch, members, scorers,
            envelope.append, envelope.model, envelope.multiple_correct, source,
        )  # fmt: skip

    def members(self, value: bytes) -> dict[str, bytes]:
        """Return just the sample of a record that was read before, as raw members.

        Raises
        ------
        CompletionError
            It cannot be read any more.
        """
        try:
            fields = split_object(value)
            return split_object(self._body(fields.get("sample"), fields.get("claim")))
        except (StreamsError, ValueError, LookupError, OSError) as error:
            raise CompletionError(f"a sample cannot be read again: {error}") from error

    def _envelope(self, text: bytes) -> SampleCompleted:
        envelope = self._envelopes.get(text)
        if envelope is None:
            envelope = SampleCompleted.model_validate_json(text)
            if len(self._envelopes) >= ENVELOPES:
                self._envelopes.clear()
            self._envelopes[text] = envelope
        return envelope

    def _label(self, claim: bytes | None) -> str:
        try:
            return self._claims.label(Claim.model_validate_json(claim)) if claim is not None else ""
        except (ValidationError, LookupError, ValueError):
            return ""

    def _body(self, sample: bytes | None, claim: bytes | None) -> bytes:
        if claim is None or claim == b"null":
            return sample or b"null"
        return self._claims.fetch(Claim.model_validate_json(claim))


def _check_shape(members: Mapping[str, bytes]) -> None:
    """Refuse a sample that no log could hold; what a scorer reads of it is checked when it is read.

    Raises
    ------
    ValueError
        A member is of another JSON type than Inspect's.
    """
    for name, (opening, kind) in _SHAPES.items():
        text = members.get(name)
        if text is not None and text[:1] != opening and text != b"null":
            raise ValueError(f"{name!r} is not {kind}")


_SHAPES = {"messages": (b"[", "an array"), "events": (b"[", "an array"), "metadata": (b"{", "an object")}


def _whose(value: bytes) -> tuple[str, str]:
    """Tell eval and run of a record that is otherwise wrong, so that the right ledger counts it."""
    try:
        fields = loads(value)
    except JsonTextError:
        return "", ""
    if not isinstance(fields, dict):
        return "", ""
    eval_id, run_id = fields.get("eval_id"), fields.get("run_id", "live")
    return (eval_id, run_id) if isinstance(eval_id, str) and isinstance(run_id, str) else ("", "")


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)
