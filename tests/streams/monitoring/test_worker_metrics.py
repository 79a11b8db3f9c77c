"""A real worker on an embedded broker, scraped over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from judge_server import JudgeServer
from scrapes import Series, Worker, get, program, publish, worker
from waiting import wait_for

import evalstream
from evalstream.streams.local_kafka.ports import reserve_port
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.topics import COMPLETIONS, EVALS, SCORES
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
RUN = {"task": "made", "eval": "id-made.eval", "run": "live"}


class Setting:
    """A worker, and how to publish to it."""

    def __init__(self, folder: Path, running: Worker) -> None:
        self.folder, self.worker = folder, running

    def append(self, topic: str, *records: NewRecord) -> None:
        store = SqliteStore(self.folder / "broker")
        store.append(topic, list(records))
        store.close()

    def publish_with_trouble(self, log: Path) -> None:
        """Publish a log without its end, one sample twice, one that cannot be read, and one that has no such scorer."""
        with open_log(log) as source:
            events = LogEvents(source, plan_scoring(source.header, Wishes(action="overwrite")))
            start = NewRecord(events.eval_id.encode(), events.started().to_bytes())
            samples = list(events.completions())
        strange = json.loads(samples[2].value or b"")
        strange["scorers"] = [{"name": "nobodys"}]
        broken = json.loads(samples[1].value or b"")
        broken["sample"] = {"epoch": 1}
        self.append(EVALS.name, start)
        self.append(
            COMPLETIONS.name,
            samples[0],
            samples[0],
            NewRecord(b"k", json.dumps(broken).encode()),
            NewRecord(b"k", json.dumps(strange).encode()),
            *samples[3:],
        )


@pytest.fixture
def setting(tmp_path: Path, judge_server: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge_server.url}/v1")
    (tmp_path / "prices.yaml").write_text("vllm/*: {input: 1000, output: 10000}")
    folders = ("--broker", f"embedded://{tmp_path / 'broker'}", "--log-dir", tmp_path / "logs")
    judges = ("--judge-cache-path", tmp_path / "judges.sqlite", "--judge-prices", tmp_path / "prices.yaml")
    with worker(*folders, *judges) as running:
        yield Setting(tmp_path, running.until_ready())


@pytest.fixture
def troubled(setting: Setting, make_log) -> Series:
    """A scrape with every series: ten samples were published with trouble, and all that came is counted."""
    setting.publish_with_trouble(make_log(10))
    setting.worker.until_series("evalstream_scores_deduplicated_total", 1)
    setting.worker.until_series("evalstream_consumer_lag_records", 0)
    setting.worker.until_series("evalstream_metric_samples", 8)
    return setting.worker.series()


@pytest.fixture
def judged(troubled: Series, setting: Setting) -> Series:
    """A scrape that has the series of judges, too: one sample was asked about, and a double of it was not."""
    scorers = [{"name": "model_graded_qa", "options": {"model": "vllm/judge"}}]
    for answered_by in ("service", "cache"):
        sample = {"id": 1, "epoch": 1, "input": "q", "target": "a", "output": "a"}
        event = {"event": "sample_completed", "eval_id": "judged", "scorers": scorers, "sample": sample}
        setting.append(COMPLETIONS.name, NewRecord(b"judged/1", json.dumps(event).encode()))
        setting.worker.until_series("evalstream_judge_calls_total", 1, answered_by=answered_by)
    return setting.worker.series()


def test_what_judges_use_is_counted(judged: Series):
    where = {"scorer": "model_graded_qa", "model": "vllm/judge"}
    tokens = {labels["kind"]: value for labels, value in judged.all("evalstream_judge_tokens_total")}
    assert tokens == {"input": 10, "output": 2, "cache_write": 0, "cache_read": 0, "reasoning": 0}
    assert judged.value("evalstream_judge_cost_usd_total", **where) == pytest.approx(0.03)
    assert judged.value("evalstream_judge_calls_total", **where) == 2


def test_the_ledger_and_the_metrics_of_a_run_are_told(troubled: Series):
    def of_run(name: str) -> float | None:
        return troubled.value(f"evalstream_task_samples_{name}", scorer="match", **RUN)

    assert [of_run(name) for name in ("expected", "received", "scored", "unscored")] == [10, 10, 8, 0]
    assert [of_run(name) for name in ("failed", "dead_lettered")] == [1, 1]
    where = {**RUN, "scorer": "match", "score": "match", "reducer": ""}
    # Of samples 0 and 3 to 9, those at places 5 and 8 (from 0) are wrong, and 2 was not scored.
    assert troubled.value("evalstream_metric_value", metric="accuracy", **where) == pytest.approx(6 / 8)
    assert troubled.value("evalstream_metric_value", metric="stderr", **where) == pytest.approx(0.16366341767699427)
    assert troubled.value("evalstream_metric_samples", **where) == 8


def test_what_the_agents_did_is_counted(troubled: Series):
    assert troubled.value("evalstream_completions_consumed_total") == 11
    assert troubled.value("evalstream_scores_emitted_total", task="made", outcome="scored") == 8
    assert troubled.value("evalstream_scores_emitted_total", task="made", outcome="failed") == 1
    assert troubled.value("evalstream_scores_deduplicated_total", task="made", scorer="match") == 1
    assert [labels["stage"] for labels, _ in troubled.all("evalstream_dead_letters_total")] == ["decode", "score"]
    # The one without a scorer took none's time.
    assert troubled.value("evalstream_scoring_duration_seconds_count", scorer="match") == 9
    assert troubled.value("evalstream_time_to_score_seconds_count", task="made") == 9
    assert troubled.value("evalstream_build_info", version=evalstream.__version__) == 1


def test_promtool_has_nothing_to_say(judged: Series):
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=judged.text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_finds_what_is_wrong():
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input="a_total 1\n", capture_output=True, text=True, check=False
    )
    assert done.returncode != 0


def test_the_docs_list_each_series_with_its_type_and_its_labels(judged: Series):
    rows = re.findall(r"^\| `(evalstream_\w+)` \| (\w+) \| ([^|]*)\|([^|]*)\|", DOCS.read_text("utf-8"), re.M)
    listed = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, _, labels in rows}
    served = {}
    for family in judged.families:
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        served[family.name + "_total" * (family.type == "counter")] = (family.type, labels)
    assert listed == served


def test_openmetrics_is_there_for_who_asks(setting: Setting):
    status, text = get(f"{setting.worker.url}/metrics", "application/openmetrics-text; version=1.0.0")
    assert status == 200
    assert text.endswith("# EOF\n")


def test_records_that_wait_for_a_slow_scorer_are_lag(tmp_path: Path, make_log, scorer_file):
    slow = scorer_file(
        "import asyncio\nfrom evalstream.scorers import Score, accuracy, scorer\n"
        "@scorer(metrics=[accuracy()])\ndef endless():\n"
        "    async def score(state, target):\n        await asyncio.sleep(3600)\n    return score\n"
    )
    broker = f"embedded://{tmp_path / 'broker'}"
    with worker("--broker", broker, "--log-dir", tmp_path / "logs", "--scorers", slow) as running:
        running.until_ready()
        publish(make_log(7), "--broker", broker, "--scorer", f"{slow}@endless")
        running.until_series("evalstream_consumer_lag_records", 7, topic="completions")

        def a_second_behind() -> bool:
            return (running.series().value("evalstream_consumer_lag_seconds", topic="completions") or 0) > 1

        wait_for(a_second_behind, "a lag of more than a second")
        assert running.series().value("evalstream_consumer_lag_seconds", topic="evals") == 0
        # It does not wait for what will never end.
        assert "worker stops" in running.stop()


def test_a_finished_run_has_its_final_metrics_for_a_while_and_none_after_a_restart(tmp_path: Path, make_log):
    options = ("--broker", f"embedded://{tmp_path / 'broker'}", "--log-dir", tmp_path / "logs")
    with worker(*options) as running:
        publish(make_log(9), "--broker", options[1])
        wait_for(lambda: list((tmp_path / "logs").glob("*.eval")), "the log")
        series = running.until_series("evalstream_metric_samples", 9, **RUN)
        assert series.value("evalstream_metric_value", metric="accuracy", **RUN) == pytest.approx(6 / 9)
        running.until_series("evalstream_consumer_lag_records", 0)
    with worker(*options) as again:
        series = again.until_ready().series()
        assert series.all("evalstream_metric_value") == series.all("evalstream_task_samples_scored") == []


def test_a_real_prometheus_stores_what_a_worker_tells(setting: Setting, make_log, tmp_path: Path):
    publish(make_log(9), "--broker", f"embedded://{tmp_path / 'broker'}")
    port = reserve_port()
    target = urllib.parse.urlsplit(setting.worker.url).netloc
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "scrape_configs:\n- job_name: evalstream\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n"
        f"  static_configs:\n  - targets: ['{target}']\n"
    )
    listen = f"127.0.0.1:{port}"
    with subprocess.Popen(
        [
            *(program("prometheus"), f"--config.file={config}", f"--web.listen-address={listen}"),
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        ],
        stderr=subprocess.DEVNULL,
    ) as prometheus:
        try:
            query = urllib.parse.urlencode({"query": 'evalstream_metric_value{task="made",metric="accuracy"}'})

            def stored() -> list[dict]:
                try:
                    status, text = get(f"http://{listen}/api/v1/query?{query}")
                except OSError:
                    return []
                found = json.loads(text)["data"]["result"] if status == 200 else []
                return [row for row in found if row["value"][1].startswith("0.66")]

            (row,) = wait_for(stored, "Prometheus to know the accuracy")
            assert row["metric"]["eval"] == "id-made.eval"
        finally:
            prometheus.terminate()


def test_scores_that_no_worker_wrote_do_not_harm(setting: Setting):
    value = (
        b'{"event":"score_emitted","eval_id":"e","score_id":"x","sample_id":1,"epoch":1,"scorer":"a\\nb\\"","slot":0,'
        b'"score":{"value":1},"source":{"topic":"completions","partition":0,"offset":7}}'
    )
    headers = (("evalstream-completed-ms", b"not a number"), ("evalstream-completed-ms", b"9" * 50))
    setting.append(SCORES.name, NewRecord(b"e", value, headers))
    series = setting.worker.until_series("evalstream_task_samples_received", 1, eval="e", scorer='a\nb"', task="")
    # Whose they are is not known before the eval's start; then they are counted.
    assert series.value("evalstream_scores_emitted_total") is None
    start = b'{"event":"eval_started","eval_id":"e","header":{"eval":{"task":"late"}},"scorers":[{"name":"match"}]}'
    setting.append(EVALS.name, NewRecord(b"e", start))
    setting.worker.until_series("evalstream_scores_emitted_total", 1, task="late")
