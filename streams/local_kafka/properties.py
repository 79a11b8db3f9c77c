"""What a node is told to be: its ``server.properties``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .ports import HOST

__all__ = ["DATA", "NodePlan"]

DATA = "data"
"""Kafka's own folder, in the node's. Relative: Kafka would split a path at commas, and unescape it."""


@dataclass(frozen=True)
class NodePlan:
    """One node of a cluster in which each node is broker and controller.

    ``controllers`` gives the controller port of each node by its id; ``overrides`` are further properties, which win.

    Examples
    --------
    >>> properties = NodePlan(1, port=9092, controllers={1: 19092}, overrides={"num.partitions": "2"}).properties()
    >>> properties["listeners"], properties["default.replication.factor"], properties["num.partitions"]
    ('BROKER://127.0.0.1:9092,CONTROLLER://127.0.0.1:19092', '1', '2')
    """

    node_id: int
    port: int
    controllers: Mapping[int, int]
    overrides: Mapping[str, str] = field(default_factory=dict)

    def properties(self) -> dict[str, str]:
        """Return all that the node is told."""
        nodes = len(self.controllers)
        replicas = str(min(nodes, 3))
        # A majority: with three replicas, one node may be lost and acks=all still holds what it promises.
        in_sync = str(min(nodes, 3) // 2 + 1)
        broker, controller = f"BROKER://{HOST}:{self.port}", f"CONTROLLER://{HOST}:{self.controllers[self.node_id]}"
        properties = {
            "process.roles": "broker,controller",
            "node.id": str(self.node_id),
            "controller.quorum.voters": ",".join(f"{key}@{HOST}:{port}" for key, port in self.controllers.items()),
            "listeners": f"{broker},{controller}",
            "advertised.listeners": broker,
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": DATA,
            # A misspelt topic should be an error here as it is in production.
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "group.initial.rebalance.delay.ms": "0",
            # Tests of lost consumers should not wait for Kafka's six seconds.
            "group.min.session.timeout.ms": "1000",
            # After kill -9 a node may come back only when its old session has ended (9 s by default), and it is
            # that long, too, until its partitions have other leaders.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # 128 MB by default, taken from the heap at the start.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        }
        # Fifty partitions each by default: many files, and a slow start after a crash.
        for prefix in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{prefix}.num.partitions"] = "3"
            properties[f"{prefix}.replication.factor"] = replicas
        for prefix in ("transaction.state.log", "share.coordinator.state.topic"):
            properties[f"{prefix}.min.isr"] = in_sync
        return {**properties, **self.overrides}

    def text(self) -> str:
        """Return the properties as the file that Kafka reads."""
        return "".join(f"{name}={value}\n" for name, value in self.properties().items())
