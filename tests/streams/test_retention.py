"""Kafka's retention removes completions before their log is written: the log says so, and nothing crashes."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from kafka_admin_helpers import delete_before
from kafka_workers import group, group_settings
from waiting import wait_for

from evalstream.scorers.load import load_file, resolve_scorer
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents, of_eval
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS, SCORES


@pytest.fixture
def settings(kafka_broker, topic_prefix, tmp_path) -> Settings:
    return group_settings(f"kafka://{kafka_broker}", tmp_path / "logs", topic_prefix=topic_prefix, partitions=2)


def read_log(workers: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the one log's header, and its samples by id."""
    (path,) = [path for path in workers.log_dir.iterdir() if not path.name.startswith(".")]
    with open_log(path) as source:
        samples = [json.loads(source.read_sample(number)) for number in range(source.sample_count)]
        return dict(source.header), {str(sample["id"]): sample for sample in samples}


def test_completions_that_are_gone_before_they_are_scored_are_missing_by_name(
    make_log, scorer_file, tmp_path, settings
):
    log, scorers = make_log(40), scorer_file()
    with group(settings, tmp_path, scorers) as workers:
        publisher = workers.publish(log)
        assert publisher.wait(60) == 0, workers.output(publisher)
        delete_before(settings, COMPLETIONS.name, {0: 2, 1: 1})
        worker = workers.worker("--eval-deadline", "3", "--exit-when-idle", "2")
        assert worker.wait(90) == 0, workers.output(worker)
        header, samples = read_log(workers)
        assert header["status"] == "error"
        message = header["error"]["message"]
        assert message.startswith("Of 40 samples 3 never came, or were removed before they were scored (sample ")
        assert len(samples) == header["results"]["completed_samples"] == 37
        gone = {f"s{i}" if i % 2 else str(i) for i in range(40)} - samples.keys()
        assert all(f"sample {sample_id}" in message for sample_id in gone)


def test_a_worker_that_was_away_for_longer_than_the_retention_says_what_it_missed(
    make_log, scorer_file, tmp_path, settings
):
    first, second, scorers = make_log(20, name="first.eval"), make_log(20, name="second.eval"), scorer_file()
    with group(settings, tmp_path, scorers) as workers:
        publisher = workers.publish(first)
        assert publisher.wait(60) == 0
        worker = workers.worker("--exit-when-idle", "1")
        assert worker.wait(90) == 0, workers.output(worker)
        ends = {p: workers.client.end_offset(COMPLETIONS.name, p) for p in range(2)}
        publisher = workers.publish(second)
        assert publisher.wait(60) == 0
        delete_before(settings, COMPLETIONS.name, {0: ends[0] + 1})
        worker = workers.worker("--eval-deadline", "3", "--exit-when-idle", "1")
        assert worker.wait(90) == 0, workers.output(worker)
        assert f"Retention has removed records {ends[0]} to {ends[0]} of topic" in workers.output(worker)


def test_completions_and_scores_that_are_gone_when_the_log_is_written_leave_their_scores_in_it(
    make_log, scorer_file, tmp_path, settings
):
    log, scorers = make_log(30), scorer_file()
    load_file(scorers)
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("slow_match")], action="overwrite"))
        events = LogEvents(source, plan)
        start, samples, end = of_eval(events.started()), list(events.completions()), of_eval(events.completed())
    with group(settings, tmp_path, scorers) as workers:
        workers.client.append(EVALS.name, [start])
        workers.client.append(COMPLETIONS.name, samples)
        worker = workers.worker()
        wait_for(lambda: workers.scores() == 30, "all scores")
        delete_before(settings, COMPLETIONS.name, {0: 3, 1: 2})
        place = next(p for p in range(2) if workers.client.end_offset(SCORES.name, p))
        delete_before(settings, SCORES.name, {place: 4})
        workers.client.append(EVALS.name, [end])
        wait_for(workers.told, "the log")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, workers.output(worker)
        header, found = read_log(workers)
        assert header["error"]["message"] == (
            "Of 30 samples 5 without their text (retention had removed their completions)."
        )
        assert len(found) == header["results"]["completed_samples"] == 30
        lost = [sample for sample in found.values() if sample.get("error")]
        assert len(lost) == 5
        assert all("retention had removed its completion" in sample["error"]["message"] for sample in lost)
        assert all(sample["scores"]["slow_match"]["value"] in ("C", "I") for sample in found.values())
        bare = [s for s in found.values() if "retention" in (s["scores"]["slow_match"].get("explanation") or "")]
        assert len(bare) == 4
        assert opens_in_inspect(next(path for path in workers.log_dir.iterdir())) == 30


def opens_in_inspect(path: Path) -> int:
    """Return the number of samples that Inspect finds in a log."""
    from inspect_ai.log import read_eval_log

    return len(read_eval_log(str(path)).samples or [])
