"""Three nodes lose one, and no record."""

from __future__ import annotations

from pathlib import Path

from kafka_helpers import make_topic, publish, read

from evalstream.streams.local_kafka import LocalCluster


def test_a_replicated_topic_outlives_one_of_its_nodes(tmp_path: Path):
    cluster = LocalCluster(tmp_path, nodes=3, heap="256m")
    try:
        cluster.start()
        make_topic(cluster.bootstrap, "replicated", replicas=3)
        publish(cluster.bootstrap, "replicated", b"before")
        cluster.nodes[0].kill()
        left = ",".join(node.address for node in cluster.nodes[1:])
        publish(left, "replicated", b"after")
        assert read(left, "replicated", 2) == [b"before", b"after"]
    finally:
        cluster.kill()
    assert cluster.running_at() is None
