"""What a rescoring fixes at its first start, and finds again when it goes on: a small file in its folder."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import LogWriteError, UsageError
from ..logs.atomic import AtomicFile
from ..topics import COMPLETIONS
from ..transport.client import BrokerClient

__all__ = ["FrozenRun", "freeze", "make_folder", "new_run_id"]

FORMAT = 1
FILE = "run.json"


@dataclass(frozen=True)
class FrozenRun:
    """A scoring run of its own over a frozen range of ``completions``.

    Attributes
    ----------
    run_id
        Its name, which tells it from the live run and from all other rescorings.
    ranges
        For each partition the first offset, and the one past the last. What comes later is not of this run.
    output
        Where its log goes.
    """

    eval_id: str
    run_id: str
    ranges: Sequence[tuple[int, int]]
    output: str

    def save(self, folder: Path) -> None:
        """Write it into its folder, whole or not at all.

        Raises
        ------
        LogWriteError
            The folder cannot be written.
        """
        with AtomicFile(folder / FILE) as file:
            file.write(json.dumps({"format": FORMAT, **asdict(self)}).encode())
            file.commit()

    @classmethod
    def load(cls, folder: Path) -> FrozenRun | None:
        """Read it from its folder; None if nothing was begun there.

        Raises
        ------
        UsageError
            The file cannot be read, or is not ours.
        """
        path = folder / FILE
        try:
            said = json.loads(path.read_text("utf-8"))
            if said.pop("format") != FORMAT:
                raise ValueError("another version of evalstream wrote it")
            ranges = [(int(first), int(end)) for first, end in said.pop("ranges")]
            return cls(ranges=ranges, **said)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{path}: a rescoring that was begun here cannot go on ({error}). Remove the folder {folder} to begin"
                " anew."
            ) from error


def freeze(client: BrokerClient, eval_id: str, run_id: str, output: Path) -> FrozenRun:
    """Fix the range of completions as the topic has them now.

    Raises
    ------
    BrokerError
        The broker cannot be read.
    """
    topic = COMPLETIONS.name
    ranges = [
        (client.first_offset(topic, partition), client.end_offset(topic, partition))
        for partition in range(client.partitions(topic))
    ]
    return FrozenRun(eval_id, run_id, ranges, str(output))


def new_run_id() -> str:
    """Name a run by when it began, and by chance: the same request, made again later, is another run."""
    return f"rescore-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"


def make_folder(folder: Path) -> None:
    """Make the folder of a rescoring.

    Raises
    ------
    LogWriteError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogWriteError(folder, error) from error
