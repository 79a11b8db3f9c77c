"""Two workers of one group on a real Kafka: what they tell adds up."""

from __future__ import annotations

from pathlib import Path

from scrapes import Series, Worker, get, publish, worker
from waiting import wait_for

EVALS = 6
SAMPLES = 20


def total(scrapes: list[Series], name: str, **labels: str) -> float:
    return sum(series.value(name, **labels) or 0 for series in scrapes)


def owners(scrapes: list[Series]) -> list[str]:
    """Evals that are told of, once for each worker that tells of them."""
    name = "evalstream_task_samples_scored"
    return sorted(labels["eval"] for series in scrapes for labels, _ in series.all(name))


def until_done(workers: list[Worker], evals: int) -> list[Series]:
    """Scrape until so many evals are scored, and all that follows from them is done."""

    def look() -> list[Series] | None:
        scrapes = [each.series() for each in workers]
        done = total(scrapes, "evalstream_scores_emitted_total") == evals * SAMPLES
        return scrapes if done and not total(scrapes, "evalstream_consumer_lag_records") else None

    return wait_for(look, "all scores")


def test_two_workers_never_count_double_whoever_owns_what(
    kafka_broker: str, topic_prefix: str, tmp_path: Path, make_log
):
    options = ("--broker", f"kafka://{kafka_broker}", "--topic-prefix", topic_prefix, "--partitions", 8)
    work = (*options, "--session-timeout", 6, "--log-dir", tmp_path / "logs")
    logs = [make_log(SAMPLES, name=f"task{number}.eval") for number in range(2 * EVALS)]
    names = [f"id-{log.name}" for log in logs]
    with worker(*work) as one:
        one.until_ready()
        publish(*logs[:EVALS], *options)
        alone = until_done([one], EVALS)
        assert owners(alone) == sorted(names[:EVALS])
        with worker(*work) as two:
            # The second one takes some of the evals over; each is told of by its new owner only.
            two.until_ready()
            wait_for(lambda: get(f"{one.url}/readyz")[0] == 200, "the first worker to be ready again")
            publish(*logs[EVALS:], *options)

            scrapes = until_done([one, two], 2 * EVALS)
            told = owners(scrapes)
            assert len(told) == len(set(told))
            assert set(names[EVALS:]) <= set(told)
            assert all(series.all("evalstream_consumer_lag_records") for series in scrapes)
            for name in names[EVALS:]:
                assert total(scrapes, "evalstream_task_samples_scored", eval=name) == SAMPLES
            for log in logs:
                assert total(scrapes, "evalstream_scores_emitted_total", task=log.stem) == SAMPLES
                assert total(scrapes, "evalstream_time_to_score_seconds_count", task=log.stem) == SAMPLES
            # At least once, and no more often than they were dropped again.
            consumed = total(scrapes, "evalstream_completions_consumed_total")
            dropped = total(scrapes, "evalstream_scores_deduplicated_total")
            assert consumed == 2 * EVALS * SAMPLES + dropped
