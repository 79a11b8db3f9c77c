"""The scores of one scorer, held compactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast, overload

from evalstream.scorers.errors import ReducerError
from evalstream.scorers.metrics.values import ScoreValues
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.driver import ValueReducer
from evalstream.scorers.reducers.names import reducer_log_name
from evalstream.scorers.score import SampleScore, Score
from evalstream.scorers.value import Value, is_unscored

from .epochs import SampleId, Singles, reduce_each, samples_of

__all__ = ["Metadata", "ScoreColumn"]

Metadata = Sequence[Mapping[str, Any] | None] | Callable[[int], Mapping[str, Any] | None]


class ScoreColumn(ScoreValues):
    """The scores of one scorer in the log's order: a sequence of SampleScore that builds each one when asked for it.

    It costs two references per score, and lends its values to built-in metrics and reducers as they are, so that a log
    of 100,000 samples needs no 100,000 objects.

    Parameters
    ----------
    sample_ids, values
        Parallel sequences. A NaN value is an unscored one.
    metadata
        The samples' metadata: a parallel sequence, or a function from index to metadata.
    load
        Function from index to the whole score, for metrics and reducers of users; without it a score has its value
        only.
    scorer
        What the built SampleScores say of their scorer.
    score_metadata
        Function from index to the metadata of the score itself, where these can be had without the whole score.

    Examples
    --------
    >>> column = ScoreColumn(["s1", "s2"], ["C", float("nan")])
    >>> column[0].score.value, len(column), len(column.scored())
    ('C', 2, 1)
    """

    def __init__(
        self,
        sample_ids: Sequence[SampleId],
        values: Sequence[Value],
        metadata: Metadata | None = None,
        load: Callable[[int], Score] | None = None,
        scorer: str | None = None,
        score_metadata: Callable[[int], Mapping[str, Any] | None] | None = None,
    ) -> None:
        self.sample_ids, self._values, self.scorer = sample_ids, values, scorer
        self._metadata = metadata.__getitem__ if isinstance(metadata, Sequence) else metadata
        self._load = load
        self._score_metadata = score_metadata

    @property
    def values(self) -> Sequence[Value]:
        return self._values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> SampleScore: ...

    @overload
    def __getitem__(self, index: slice) -> ScoreColumn: ...

    def __getitem__(self, index: int | slice) -> SampleScore | ScoreColumn:
        if isinstance(index, slice):
            return self.pick(range(len(self))[index])
        index = range(len(self))[index]  # negative ones made positive, IndexError beyond the end
        return self._build(index)

    def __iter__(self) -> Iterator[SampleScore]:
        return map(self._build, range(len(self)))

    def _build(self, index: int) -> SampleScore:
        return SampleScore.model_construct(
            score=self.score_at(index),
            sample_id=self.sample_ids[index],
            sample_metadata=cast(Any, self.metadata_at(index)),
            scorer=self.scorer,
        )

    def score_at(self, index: int) -> Score:
        """Return the whole score at an index, or what is known of it."""
        if self._load is not None:
            return self._load(index)
        return Score.model_construct(value=self._values[index])

    def metadata_at(self, index: int) -> Mapping[str, Any] | None:
        return self._metadata(index) if self._metadata is not None else None

    def score_metadata_at(self, index: int) -> Mapping[str, Any] | None:
        return self._score_metadata(index) if self._score_metadata is not None else self.score_at(index).metadata

    def pick(self, indices: Sequence[int]) -> ScoreColumn:
        """Return the scores at some indices (none of them negative) as a column."""
        ids, values = self.sample_ids, self._values
        return ScoreColumn(
            [ids[i] for i in indices],
            [values[i] for i in indices],
            lambda i: self.metadata_at(indices[i]),
            lambda i: self.score_at(indices[i]),
            self.scorer,
            lambda i: self.score_metadata_at(indices[i]),
        )

    def scored(self) -> ScoreColumn:
        """Return the column without its unscored values."""
        if not any(map(is_unscored, self._values)):
            return self
        return self.pick([index for index, value in enumerate(self._values) if not is_unscored(value)])

    def leaves(self, key: str) -> ScoreColumn:
        """Return the column of one key of the dict values, all of which must have it."""
        return self.with_values([cast(Mapping[str, Any], value)[key] for value in self._values])

    def with_values(self, values: Sequence[Value]) -> ScoreColumn:
        """Return the column with other values, one for each score."""
        return ScoreColumn(
            self.sample_ids,
            values,
            self.metadata_at,
            lambda i: self.score_at(i).model_copy(update={"value": values[i]}),
            self.scorer,
            self.score_metadata_at,
        )

    def epochs(self) -> Sequence[list[int]]:
        """Return the indices of each sample's epochs, see `evalstream.scorers.results.epochs.samples_of`."""
        return samples_of(self.sample_ids)

    def reduced(self, reducer: ScoreReducer) -> ScoreColumn:
        """Reduce each sample's epochs to one score.

        Raises
        ------
        ReducerError
            The reducer raised; the error tells for which sample, and the cause is chained.
        """
        samples = self.epochs()

        def load(sample: int) -> Score:
            return reducer([self.score_at(i) for i in samples[sample]])

        def first_metadata(sample: int) -> Mapping[str, Any] | None:
            return self.score_metadata_at(samples[sample][0])

        if isinstance(reducer, ValueReducer):
            each = reduce_each(reducer, self._values, samples)
        else:
            each = (load(sample).value for sample in range(len(samples)))
        values: list[Value] = []
        try:
            for value in each:
                values.append(value)
        except Exception as error:
            raise self._reducer_error(reducer, samples[len(values)][0], error) from error
        return ScoreColumn(
            self.sample_ids if isinstance(samples, Singles) else [self.sample_ids[epochs[0]] for epochs in samples],
            values,
            lambda sample: self.metadata_at(samples[sample][0]),
            load,
            # Built-in reducers keep the first epoch's.
            score_metadata=first_metadata if isinstance(reducer, ValueReducer) else None,
        )

    def _reducer_error(self, reducer: ScoreReducer, index: int, error: Exception) -> ReducerError:
        return ReducerError(
            f"The reducer {reducer_log_name(reducer)!r} raised {type(error).__name__} for sample"
            f" {self.sample_ids[index]!r}: {error}"
        )
