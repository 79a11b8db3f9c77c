"""Writing an edited log, in the format that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from ..errors import DamagedLogError
from ..logs.atomic import AtomicFile
from ..logs.eval_source import EvalSource
from ..logs.header import print_header
from ..logs.json_target import JsonTarget
from ..logs.reductions import Reductions
from ..logs.sample_key import read_key
from ..logs.sample_rows import sample_rows
from ..logs.source import LogSource
from ..logs.spool import Spool
from ..logs.summary import summarise
from ..logs.zip_writer import ZipWriter
from .recompute import Recomputed

__all__ = ["EditedSamples", "rewrite_eval", "rewrite_json"]


class EditedSamples(Protocol):
    """The samples that are edited, by number."""

    def __contains__(self, number: object) -> bool: ...
    def __iter__(self) -> Iterator[int]: ...
    def __getitem__(self, number: int) -> Mapping[str, bytes]: ...
    def text(self, number: int) -> bytes: ...


def rewrite_eval(source: EvalSource, header: Mapping[str, Any], found: Recomputed | None, edited: EditedSamples) -> str:
    """Write a `.eval` log in the place of `source`; return its SHA-256.

    Parameters
    ----------
    source
        The log as it is.
    header
        As it is to be.
    found
        Has the new reductions; None keeps those that there are.
    edited
        The samples that differ.

    Raises
    ------
    LogError
        The log is damaged, was changed meanwhile, or the new one cannot be written.
    """
    with ExitStack() as stack:
        file = stack.enter_context(AtomicFile(source.path))
        made = ZipWriter(file, source.compression)
        stack.callback(made.abort)
        for name, number, packed in source.packed_members():
            if number is not None and number in edited:
                made.add(name, edited.text(number))
            else:
                made.add_packed(name, packed)
        summaries = Spool(file.path, source.compression)
        stack.callback(summaries.close)
        rows = 0
        for row in _summaries(source, edited):
            summaries.write((b"," if rows else b"[") + row)
            rows += 1
        if rows:
            summaries.write(b"]")
            summaries.finish()
            made.add_spool("summaries.json", summaries)
        reductions = _reductions(file, source, found)
        stack.callback(reductions.close)
        if reductions:
            text = Spool(file.path, source.compression)
            stack.callback(text.close)
            for piece in reductions.text():
                text.write(piece)
            text.finish()
            made.add_spool("reductions.json", text)
        made.add("header.json", print_header(header))
        made.finish()
        source.stamp.check()
        return file.commit()


def rewrite_json(source: LogSource, header: Mapping[str, Any], found: Recomputed | None, edited: EditedSamples) -> str:
    """Write a `.json` log in the place of `source`; see `rewrite_eval`."""
    old, heads = _old_and_heads(source, found)
    with JsonTarget(source.path, header, heads, old) as made:
        for number in range(source.sample_count):
            text = edited.text(number) if number in edited else source.read_sample(number)
            made.add_sample("", 0, text, b"")
        for entry, reduced in found.reductions() if found is not None else ():
            made.add_reduction(entry, reduced)
        source.stamp.check()
        return made.commit()


def _reductions(file: AtomicFile, source: LogSource, found: Recomputed | None) -> Reductions:
    old, heads = _old_and_heads(source, found)
    reductions = Reductions(file.path, heads, old)
    for entry, reduced in found.reductions() if found is not None else ():
        reductions.add(entry, reduced)
    return reductions


def _old_and_heads(source: LogSource, found: Recomputed | None) -> tuple[Any, list[dict[str, str]]]:
    if found is None:
        return source.reductions(), []
    # Where there are none to reduce, a log has an empty list.
    return (None, []) if found.heads is None else (None if found.heads else [b"[]"], found.heads)


def _summaries(source: EvalSource, edited: EditedSamples) -> Iterator[bytes]:
    """Yield the rows of ``summaries.json``, new ones for edited samples."""
    numbers = {key: number for number, key in enumerate(source.keys()) if number in edited}
    for row in sample_rows(source) if source.summaries() is not None else ():
        key = _key(source, row)
        number = numbers.get(key) if key is not None else None
        if number is None:
            yield row
        else:
            members = edited[number]
            yield summarise(members, members.get("scores"))


def _key(source: EvalSource, row: bytes) -> tuple[str, int] | None:
    try:
        sample_id, epoch = read_key(source.path, row, "summaries.json")
    except DamagedLogError:
        return None  # a row that means nothing to us
    return str(sample_id), epoch
