"""Results of a log that Inspect wrote, from what its header says of the scorers."""

import itertools
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from evalstream.scorers.aggregates import RunningScorer
from evalstream.scorers.jsontext import dumps
from evalstream.scorers.results import ScoreColumn, ScorerInfo, eval_results, metrics_from_header, metrics_to_header

LOGS = Path(__file__).parents[1] / "data" / "logs"


def test_rows_of_a_real_log_come_again_from_its_header_and_scores():
    log = read_eval_log(str(LOGS / "c_dict_glob.eval"))
    [entry] = [scorer for scorer in log.eval.scorers if scorer.name == "scalar"]
    info = ScorerInfo.from_header(entry.model_dump())
    values = [sample.scores["scalar"].value for sample in log.samples]
    metadata = [sample.metadata for sample in log.samples]
    column = ScoreColumn([sample.id for sample in log.samples], values, metadata)
    results = eval_results(total_samples=8, completed_samples=8, columns=[(info, column, "scalar")])
    expected = [row.model_dump(exclude_none=True) for row in log.results.scores if row.scorer == "scalar"]
    assert dumps(results.as_json()["scores"]) == dumps(expected)

    running = RunningScorer(info, None, epochs=1)
    for value, of_sample in zip(values, metadata, strict=True):
        running.change([], [value], of_sample)
    numbers = [{key: metric.value for key, metric in row.metrics.items()} for row in running.rows()]
    assert numbers == [pytest.approx({key: m["value"] for key, m in row["metrics"].items()}) for row in expected]


@pytest.mark.parametrize("name", ["c_dict_glob.eval", "c_dict_glob_epochs.eval"])
def test_inspects_metrics_in_a_real_header_are_made_again(name):
    header = read_eval_log(str(LOGS / name), header_only=True).model_dump(mode="json", exclude_none=True)
    entries = [entry for scorer in header["eval"]["scorers"] for entry in in_a_row(scorer["metrics"])]
    known = [entry for entry in entries if entry["name"].startswith("inspect_ai/")]
    assert dumps(metrics_to_header(metrics_from_header(known))) == dumps(known)
    assert {entry["name"] for entry in entries if entry not in known} == {"lo_hi", "two_values"}, "those of the user"


def in_a_row(metrics):
    for item in itertools.chain(*metrics.values()) if isinstance(metrics, dict) else metrics:
        yield from [item] if isinstance(item.get("name"), str) else in_a_row(item)
