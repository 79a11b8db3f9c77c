"""A log file with some of its scores edited: the new one is written beside the old one, and then takes its place.

Samples that are not edited are copied as they are packed, and none is held longer than it takes to write it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from evalstream.scorers.errors import ScorersError
from evalstream.scorers.jsontext import JsonTextError, cut_object, join_object, split_object
from evalstream.scorers.sample import SampleError

from ..errors import DamagedLogError, SampleDecodeError, UsageError
from ..logs.eval_source import EvalSource
from ..logs.order import rescore_order
from ..logs.sample_key import read_key
from ..logs.source import LogSource, open_log
from .recompute import Recomputed
from .requests import EditRequest
from .rewrite import rewrite_eval, rewrite_json
from .sample import with_edit

__all__ = ["EditedLog", "edit_log"]


class EditedLog(NamedTuple):
    """What became of a log: its SHA-256 (hex), how many samples were edited, and its results."""

    sha256: str
    samples: int
    results: dict[str, Any]


def edit_log(
    path: str | os.PathLike[str], edits: Sequence[EditRequest], recompute: bool = True, add: bool = True
) -> EditedLog:
    """Edit scores in a log file, and find its metrics anew.

    Parameters
    ----------
    path
        The log. It is replaced when all of the new one is written, and left as it is otherwise.
    edits
        Applied in order; several may concern one score.
    recompute
        Find results and reductions anew.
    add
        Let the name of a score that a sample has not make a new one.

    Raises
    ------
    UsageError
        No such sample, several epochs of it, a new score without a value, or a metric of the log is not known here.
    LogError
        The log cannot be read or written, or was changed meanwhile.
    """
    with open_log(path) as source:
        if source.header.get("status") == "started":
            raise UsageError(f"{os.fspath(path)}: this eval has not ended; its scores can be edited when it has.")
        log = _Edited(source, edits, add)
        header, found = dict(source.header), None
        if recompute:
            found = _recomputed(source, log)
            header["results"] = found.results
        if isinstance(source, EvalSource):
            digest = rewrite_eval(source, header, found, log)
        else:
            digest = rewrite_json(source, header, found, log)
        return EditedLog(digest, len(log.edits), header.get("results") or {})


class _Edited(Mapping[int, dict[str, bytes]]):
    """The edited samples by their numbers; each is read and edited when it is asked for, the same way every time."""

    def __init__(self, source: LogSource, edits: Sequence[EditRequest], add: bool) -> None:
        self._source, self._add = source, add
        self.edits: dict[int, list[EditRequest]] = {}
        keys = list(source.keys())
        places: dict[str, list[int]] = {}
        for number, (sample_id, _) in enumerate(keys):
            places.setdefault(sample_id, []).append(number)
        for edit in edits:
            self.edits.setdefault(_place(source, edit, places, keys), []).append(edit)

    def __getitem__(self, number: int) -> dict[str, bytes]:
        edits = self.edits[number]
        members: dict[str, bytes] = dict(self.read(number, edited=False))
        for edit in edits:
            try:
                if not self._add:
                    _check_name(members, edit.scorer)
                members = with_edit(members, edit.scorer, edit.edit)
            except JsonTextError as error:
                raise SampleDecodeError(self._source.path, str(error), self._source.sample_name(number)) from error
            except UsageError as error:
                raise UsageError(f"{edit.place or self._source.path}: sample {edit.sample}: {error}") from error
        return members

    def __iter__(self) -> Iterator[int]:
        return iter(self.edits)

    def __len__(self) -> int:
        return len(self.edits)

    def __contains__(self, number: object) -> bool:
        return number in self.edits

    def read(self, number: int, edited: bool = True) -> Mapping[str, bytes]:
        """Return a sample's members, edited or as they are in the file."""
        if edited and number in self.edits:
            return self[number]
        try:
            return cut_object(self._source.read_sample(number))
        except JsonTextError as error:
            name = self._source.sample_name(number)
            raise SampleDecodeError(self._source.path, f"not a JSON object ({error})", name) from error

    def text(self, number: int) -> bytes:
        """Return an edited sample's text."""
        return join_object(self[number])


def _check_name(members: Mapping[str, bytes], name: str) -> None:
    text = members.get("scores", b"{}")
    known = [] if text.strip() == b"null" else list(split_object(text))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}." if known else "It has none."
        raise UsageError(f"there is no score {name!r}. {hint} To add a new score, say --add.")


def _place(
    source: LogSource, edit: EditRequest, places: Mapping[str, list[int]], keys: Sequence[tuple[str, int]]
) -> int:
    at = edit.place or source.path
    known = places.get(edit.sample, [])
    if not known:
        near = difflib.get_close_matches(edit.sample, places, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else " `evalstream samples` lists them."
        raise UsageError(f"{at}: there is no sample {edit.sample!r} in the log.{hint}")
    found = [number for number in known if edit.epoch in (None, keys[number][1])]
    if len(found) == 1:
        return found[0]
    epochs = ", ".join(str(keys[number][1]) for number in known)
    if found:
        raise UsageError(f"{at}: sample {edit.sample!r} has several epochs ({epochs}): say which one is meant.")
    raise UsageError(f"{at}: sample {edit.sample!r} has no epoch {edit.epoch}, but {epochs}.")


def _recomputed(source: LogSource, log: _Edited) -> Recomputed:
    try:
        return Recomputed(source.header, log.read, _order(source))
    except (SampleError, JsonTextError) as error:
        raise DamagedLogError(source.path, str(error).rstrip(".")) from error
    except ScorersError as error:
        raise UsageError(
            f"{source.path}: its metrics cannot be found anew: {error} Give the file that defines what is missing with"
            " --scorers file.py, or leave the metrics as they are with --no-recompute."
        ) from error
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        what = f"its header is not what a log's is ({type(error).__name__}: {error})"
        raise DamagedLogError(source.path, what) from error


def _order(source: LogSource) -> Any:
    """Return the numbers of the samples in the order in which metrics see them."""
    if source.format == "json":
        return np.arange(source.sample_count)
    ids, epochs = [], []
    for number, (text, epoch) in enumerate(source.keys()):
        sample_id: str | int = text
        # A name does not tell whether 12 is a number or a text, and texts are sorted otherwise.
        if text.removeprefix("-").isdecimal():
            sample_id, _ = read_key(source.path, source.read_sample(number), source.sample_name(number))
        ids.append(sample_id)
        epochs.append(epoch)
    return rescore_order(ids, epochs)
