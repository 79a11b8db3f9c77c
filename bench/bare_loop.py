"""The yardstick on Kafka: read, score, write and count with aiokafka alone, in one loop, no Faust.

It keeps no state that would survive it, drops no doubles and writes no log.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def work(broker: str, prefix: str, count: int) -> tuple[float, float]:
    """Score so many completions; return when a tenth of them was done, and when all were."""
    consumer = AIOKafkaConsumer(
        f"{prefix}completions", bootstrap_servers=broker, group_id=f"{prefix}bare", enable_auto_commit=False,
        auto_offset_reset="earliest",
    )  # fmt: skip
    producer = AIOKafkaProducer(
        bootstrap_servers=broker, acks="all", enable_idempotence=True, compression_type="lz4", linger_ms=5,
        max_batch_size=512 * 1024,
    )  # fmt: skip
    await producer.start()
    await consumer.start()
    seen = correct = 0
    first = 0.0
    while seen < count:
        fetched = await consumer.getmany(timeout_ms=1000)
        sent = []
        for records in fetched.values():
            for record in records:
                event = json.loads(record.value)
                sample = event["sample"]
                answer = sample["output"]["completion"]
                hit = answer.strip().endswith(sample["target"].strip())
                correct += hit
                score = {"eval_id": event["eval_id"], "sample_id": sample["id"], "value": "C" if hit else "I",
                         "answer": answer, "explanation": answer}  # fmt: skip
                sent.append(await producer.send(f"{prefix}scores", json.dumps(score).encode(), b"benchmark"))
        await asyncio.gather(*sent)
        seen += len(sent)
        if fetched:
            await producer.send_and_wait(f"{prefix}metrics", json.dumps([seen, correct]).encode(), b"benchmark")
            await consumer.commit()
        if not first and seen >= count // 10:
            first, seen_first = time.time(), seen
    last = time.time()
    await consumer.stop()
    await producer.stop()
    return (count - seen_first) / (last - first), correct / seen


def main() -> None:
    """Score what the command line names: BROKER PREFIX COUNT; print completions a second, and the accuracy."""
    broker, prefix, count = sys.argv[1:]
    print(*asyncio.run(work(broker, prefix, int(count))))


if __name__ == "__main__":
    main()
