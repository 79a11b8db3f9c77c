"""The rows of a log's list of samples: its summaries where it has them, else made of the samples one by one."""

from __future__ import annotations

from collections.abc import Iterator

from evalstream.scorers.jsontext import JsonTextError

from ..errors import DamagedLogError, SampleDecodeError
from .eval_source import EvalSource
from .json_stream import elements
from .source import LogSource, cut_sample
from .summary import summarise

__all__ = ["sample_rows"]


def sample_rows(source: LogSource) -> Iterator[bytes]:
    """Yield the summary of each sample as JSON; one at a time is in memory.

    Raises
    ------
    DamagedLogError
        A summary or sample cannot be read; maybe after some rows.
    """
    pieces = source.summaries() if isinstance(source, EvalSource) else None
    if pieces is None:
        for i in range(source.sample_count):
            members = cut_sample(source, i)
            try:
                yield summarise(members, members.get("scores"))
            except JsonTextError as error:
                raise SampleDecodeError(source.path, str(error), source.sample_name(i)) from error
        return
    try:
        yield from elements(pieces)
    except JsonTextError as error:
        raise DamagedLogError(source.path, str(error), "summaries.json") from error
