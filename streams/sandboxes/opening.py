"""The sandboxes of a completion, for its scorers. Commands come from the scorer's code only, never from an event."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import cached_property, partial

from pydantic import TypeAdapter, ValidationError

from evalstream.scorers.problems import first_problem
from evalstream.scorers.sandbox import Sandbox, SandboxError
from evalstream.scorers.sandbox.runner import Runner
from evalstream.scorers.sandbox.snapshot import Snapshot, SnapshotFile

from ..claims import ClaimStores
from ..events import SandboxFile, SandboxSnapshot

__all__ = ["OpenSandboxes"]

MOST_SANDBOXES = 64

_field = TypeAdapter(dict[str, SandboxSnapshot])


class OpenSandboxes:
    """The sandboxes of one sample, each opened when somebody asks for it.

    Parameters
    ----------
    raw
        The event's field ``sandboxes``.
    eval_id
        Whose event it is.
    claims
        The stores of this process.
    runner
        How commands are run.
    """

    def __init__(self, raw: bytes, eval_id: str, claims: ClaimStores, runner: Runner) -> None:
        self._raw, self._eval_id, self._claims, self._runner = raw, eval_id, claims, runner
        self._open: dict[str, Sandbox] = {}

    def names(self) -> list[str]:
        """Return the names of the sandboxes.

        Raises
        ------
        SandboxError
            The event's field makes no sense.
        """
        return list(self._snapshots)

    def get(self, name: str) -> Sandbox:
        """Return a sandbox; the scorers of a sample share it."""
        if name not in self._open:
            self._open[name] = Sandbox(partial(self._snapshot, self._snapshots[name]), self._runner)
        return self._open[name]

    def close(self) -> None:
        """Remove what they have left on disk."""
        for one in self._open.values():
            one.close()

    @cached_property
    def _snapshots(self) -> dict[str, SandboxSnapshot]:
        try:
            found = _field.validate_json(self._raw)
        except ValidationError as error:
            raise SandboxError(f"The event's sandboxes are no snapshots: {first_problem(error)}.") from error
        if len(found) > MOST_SANDBOXES:
            raise SandboxError(f"The event has {len(found)} sandboxes; more than {MOST_SANDBOXES} are refused.")
        return found

    def _snapshot(self, sent: SandboxSnapshot) -> Snapshot:
        if sent.claim is not None:
            try:
                sent = SandboxSnapshot.model_validate_json(self._claims.fetch(sent.claim, self._eval_id))
            except ValidationError as error:
                raise SandboxError(f"The list of a snapshot's files makes no sense: {first_problem(error)}.") from error
        return Snapshot(
            {path: SnapshotFile(file.size, self._loader(file), file.executable) for path, file in sent.files.items()}
        )

    def _loader(self, file: SandboxFile) -> Callable[[], bytes] | None:
        if file.claim is not None:
            return partial(self._claims.fetch, file.claim, self._eval_id)
        if file.text is not None:
            return file.text.encode
        if file.base64 is not None:
            return partial(_decoded, file.base64)
        return None if file.size else bytes


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SandboxError(f"A file of the snapshot is no base64: {error}.") from error
