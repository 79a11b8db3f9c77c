"""What nodes are told, alone and together."""

from __future__ import annotations

from evalstream.streams.local_kafka.properties import NodePlan


def told(nodes: int, **overrides: str) -> dict[str, str]:
    controllers = {node_id: 19000 + node_id for node_id in range(1, nodes + 1)}
    return NodePlan(1, 9092, controllers, overrides).properties()


def test_a_single_node_asks_for_no_replica():
    alone = told(1)
    factors = [value for name, value in alone.items() if name.endswith("replication.factor")]
    assert factors == ["1"] * 4
    assert [value for name, value in alone.items() if name.endswith((".min.isr", ".insync.replicas"))] == ["1"] * 3


def test_three_nodes_replicate_all_and_can_spare_one():
    three = told(3)
    factors = [value for name, value in three.items() if name.endswith("replication.factor")]
    assert factors == ["3"] * 4
    assert three["min.insync.replicas"] == three["transaction.state.log.min.isr"] == "2"
    assert three["controller.quorum.voters"] == "1@127.0.0.1:19001,2@127.0.0.1:19002,3@127.0.0.1:19003"


def test_topics_are_made_by_those_who_mean_to():
    assert told(1)["auto.create.topics.enable"] == "false"


def test_only_this_machine_is_listened_to():
    assert told(1)["listeners"] == "BROKER://127.0.0.1:9092,CONTROLLER://127.0.0.1:19001"


def test_overrides_win():
    assert told(1, **{"min.insync.replicas": "2", "message.max.bytes": "5"}).items() >= {
        ("min.insync.replicas", "2"),
        ("message.max.bytes", "5"),
    }


def test_the_file_has_a_line_for_each_property():
    plan = NodePlan(1, 9092, {1: 19001})
    assert dict(line.split("=", 1) for line in plan.text().splitlines()) == plan.properties()
