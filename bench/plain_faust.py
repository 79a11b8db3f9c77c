"""Faust as it comes: one event at a time, a topic between two agents, a table that counts."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


async def work(broker: str, prefix: str, count: int) -> tuple[float, float]:
    """Score so many completions; return completions a second after the first tenth, and the accuracy."""
    app = faust.App(
        f"{prefix}plain", broker=f"kafka://{broker}", store="memory://", web_enabled=False, topic_partitions=1,
        consumer_auto_offset_reset="earliest", topic_disable_leader=True,
    )  # fmt: skip
    scores = app.topic(f"{prefix}plain-scores", value_serializer="raw", key_type=bytes, value_type=bytes, partitions=1)
    counts = app.Table("counts", default=int, partitions=1)
    done: asyncio.Future[tuple[float, float]] = asyncio.get_running_loop().create_future()
    begun: list[float] = []

    @app.agent(app.topic(f"{prefix}completions", value_serializer="raw", value_type=bytes))  # type: ignore[untyped-decorator]
    async def score(stream: Any) -> None:
        async for value in stream:
            event = json.loads(value)
            sample = event["sample"]
            answer = sample["output"]["completion"]
            hit = answer.strip().endswith(sample["target"].strip())
            text = {"sample_id": sample["id"], "value": "C" if hit else "I", "answer": answer, "explanation": answer}
            await scores.send(key=b"benchmark", value=json.dumps(text).encode())

    @app.agent(scores)  # type: ignore[untyped-decorator]
    async def tally(stream: Any) -> None:
        async for value in stream:
            counts["all"] += 1
            counts["correct"] += json.loads(value)["value"] == "C"
            seen = counts["all"]
            if seen == count // 10:
                begun.append(time.time())
            if seen == count:
                done.set_result(((count - count // 10) / (time.time() - begun[0]), counts["correct"] / seen))

    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    await admin.create_topics([NewTopic(f"{prefix}plain-scores", 1, 1)])
    await admin.close()
    async with app:
        return await done


def main() -> None:
    """Score what the command line names: BROKER PREFIX COUNT; print completions a second, and the accuracy."""
    broker, prefix, count = sys.argv[1:]
    print(*asyncio.run(work(broker, prefix, int(count))))


if __name__ == "__main__":
    main()
