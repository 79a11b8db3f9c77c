"""Results of a log, found anew from the scores that its samples have.

The scores' values stay in memory; what else metrics and reducers of users ask for is read again.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evalstream.scorers.jsontext import loads, split_object
from evalstream.scorers.plain import as_object
from evalstream.scorers.reducers.names import create_reducers
from evalstream.scorers.results.column import ScoreColumn
from evalstream.scorers.results.models import HeadlineMetric
from evalstream.scorers.results.naming import unique_scorer_names
from evalstream.scorers.results.reductions import reduction_plan
from evalstream.scorers.results.results import eval_results
from evalstream.scorers.results.scorer_info import ScorerInfo, metrics_from_header
from evalstream.scorers.sample import SampleMembers
from evalstream.scorers.score import Score
from evalstream.scorers.value import Value

from ..logs.order import Places
from ..materialise.reduced_text import ReducedText

__all__ = ["Recomputed"]

ReadSample = Callable[[int], Mapping[str, bytes]]


class Recomputed:
    """The results and reductions that follow from the scores in a log.

    The scorers are those of the header, in order; a score of another name counts as one of a scorer of that name, as
    in Inspect. Numbers are Inspect's `recompute_metrics`', with one difference: each scorer sees its own scores even
    where a key of a dict of scores has the name of another scorer.

    Parameters
    ----------
    header
        All of the log but samples and reductions.
    read
        Gives a sample's members by its place: id, epoch, scores, error and metadata are looked at.
    order
        Places of the samples, in the order in which metrics see them.

    Raises
    ------
    ScorersError
        A metric or reducer is not known here, or failed.
    JsonTextError, SampleError
        A sample is not what a sample is.
    """

    def __init__(self, header: Mapping[str, Any], read: ReadSample, order: Places) -> None:
        self._read, self._order = read, order
        spec = as_object(header.get("eval"))
        self._infos = [ScorerInfo.from_header(entry) for entry in spec.get("scorers") or []]
        self._names = unique_scorer_names(info.name for info in self._infos)
        self._places: dict[str, array[int]] = {name: array("q") for name in self._names}
        self._values: dict[str, list[Value]] = {name: [] for name in self._names}
        self._ids: dict[int, str | int] = {}
        self._completed = 0
        for place in map(int, order):
            self._look_at(place)
        if spec.get("metrics"):
            override = metrics_from_header(spec["metrics"])
            self._infos = [dataclasses.replace(info, metrics=override) for info in self._infos]
        self._reducers = create_reducers(as_object(spec.get("config")).get("epochs_reducer"))
        self._plan = [
            (name, reducer, {"scorer": name} | ({"reducer": log_name} if log_name is not None else {}))
            for name, info in zip(self._names, self._infos, strict=True)
            for reducer, log_name in reduction_plan(info, self._reducers)
        ]
        self.results = self._results(as_object(header.get("results")), spec.get("headline_metric"))
        """As the header has them."""
        self.heads: list[dict[str, str]] | None = [head for _, _, head in self._plan] if self._infos else None
        """What each entry of the reductions says besides its samples; None if there are to be no reductions at all."""

    def reductions(self) -> Iterator[tuple[int, bytes]]:
        """Yield each reduced score with the number of its entry, in the order of the log."""
        members: dict[str, list[int]] = {}
        for place in map(int, self._order):
            members.setdefault(str(self._ids[place]), []).append(place)
        reduce = [ReducedText(reducer) for _, reducer, _ in self._plan]
        scored = {name: set(places) for name, places in self._places.items()}
        for place in map(int, self._order):
            of_sample = members[str(self._ids[place])]
            read: dict[int, dict[str, bytes]] = {}
            for entry, (name, _, _) in enumerate(self._plan):
                epochs = [p for p in of_sample if p in scored[name]]
                if epochs and epochs[0] == place:
                    read.update((p, self._scores(p)) for p in epochs if p not in read)
                    yield entry, reduce[entry]([read[p][name] for p in epochs], self._ids[place])

    def _look_at(self, place: int) -> None:
        members = self._read(place)
        sample = SampleMembers(members)
        self._ids[place] = sample.sample_id()
        self._completed += members.get("error", b"null") == b"null"
        for name, score in sample.scores().items():
            if name not in self._values:
                self._infos.append(ScorerInfo.from_name(name))
                self._names.append(name)
                self._places[name], self._values[name] = array("q"), []
            self._places[name].append(place)
            self._values[name].append(score.value)

    def _scores(self, place: int) -> dict[str, bytes]:
        return split_object(self._read(place).get("scores", b"{}"))

    def _results(self, old: Mapping[str, Any], headline: Any) -> dict[str, Any]:
        columns = [(info, self._column(name), name) for info, name in zip(self._infos, self._names, strict=True)]
        return eval_results(
            total_samples=len(self._order),
            completed_samples=self._completed,
            columns=columns,
            reducers=self._reducers,
            headline=HeadlineMetric.model_validate(headline) if headline else None,
            early_stopping=old.get("early_stopping"),
            metadata=old.get("metadata"),
            logged_samples=old.get("logged_samples"),
        ).as_json()

    def _column(self, name: str) -> ScoreColumn:
        places: Sequence[int] = self._places[name]

        def load(index: int) -> Score:
            return Score.model_validate(loads(self._scores(places[index])[name]))

        def metadata(index: int) -> Any:
            text = self._read(places[index]).get("metadata")
            return None if text is None else loads(text)

        return ScoreColumn([self._ids[place] for place in places], self._values[name], metadata, load)
