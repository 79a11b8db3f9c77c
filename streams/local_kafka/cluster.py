"""A Kafka cluster on this machine: one node for a developer, three for tests of what happens when one is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from ..errors import BrokerError
from .folder import ClusterFolder
from .node import LocalNode
from .ports import reserve_port
from .properties import NodePlan
from .runtime import find_runtime

__all__ = ["LocalCluster"]


class LocalCluster:
    """Kafka in KRaft mode, each node broker and controller, on 127.0.0.1.

    As a context manager it starts, and stops when the block ends. When the process that started it ends without having
    stopped it, the nodes end too.

    Parameters
    ----------
    folder
        Where the data are kept. A later cluster on the same folder is the same one: its id, topics and offsets are
        there, its ports may be others. A killed node loses nothing, a power cut may lose what was not yet on the disk.
    nodes
        How many; three or more replicate each topic three times and carry on without one of them.
    ports
        The port of each node for clients; those that are not given, or 0, are free ones.
    heap
        Java's heap for each node, such as 512m; the process takes some 150 MB more.
    overrides
        Further Kafka properties for all nodes.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        nodes: int = 1,
        ports: Sequence[int] = (),
        heap: str = "512m",
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(folder).absolute()
        self._claimed = ClusterFolder(self.folder)
        ids = range(1, nodes + 1)
        given = dict(zip(ids, ports, strict=False))
        controllers = {node_id: reserve_port() for node_id in ids}
        self.nodes = tuple(
            LocalNode(
                NodePlan(node_id, given.get(node_id) or reserve_port(), controllers, overrides or {}),
                self.folder / f"node-{node_id}",
                heap,
                self._claimed.lock,
            )
            for node_id in ids
        )

    @property
    def bootstrap(self) -> str:
        """The nodes' addresses as Kafka clients take them: ``host:port,host:port``."""
        return ",".join(node.address for node in self.nodes)

    @property
    def url(self) -> str:
        """The cluster as ``--broker`` takes it."""
        return f"kafka://{self.bootstrap}"

    def start(self, timeout: float = 60) -> Self:
        """Start all nodes, and wait until each knows all others.

        Raises
        ------
        BrokerError
            Kafka or Java are not there, the folder or a port is in use, or a node is not ready in ``timeout`` seconds.
        """
        runtime = find_runtime()
        self._claimed.claim(os.getpid(), self.bootstrap)
        try:
            cluster_id = self._claimed.cluster_id(len(self.nodes))
            for node in self.nodes:
                node.check_ports()
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda node: node.format(runtime, cluster_id), self.nodes))
            for node in self.nodes:
                node.start()
            everyone = frozenset(node.node_id for node in self.nodes)
            for node in self.nodes:
                node.wait_ready(everyone, timeout)
        except OSError as error:
            self.kill()
            raise BrokerError(
                f"{self.folder} cannot be used ({error.strerror or error}): see to its disk, or choose another folder."
            ) from error
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Stop all nodes that run, as Kafka wants to be stopped."""
        for node in self.nodes:
            node.tell_to_stop()
        for node in self.nodes:
            node.stop()
        self._claimed.lock.release()

    def kill(self) -> None:
        """End all nodes at once, as a power cut would."""
        for node in self.nodes:
            node.kill()
        self._claimed.lock.release()

    def running_at(self) -> str | None:
        """Return the bootstrap address of what runs on this folder, ours or another's cluster; None if none does."""
        return self._claimed.running_at()

    def share(self) -> None:
        """Become one of those who want the cluster of this folder: it runs until the last one has left, or ended.

        Waits for a cluster that is just ending because nobody wanted it.
        """
        for node in self.nodes:
            node.owners.acquire(shared=True, wait=True)

    def leave(self) -> None:
        """Want the cluster no longer, and leave it to the others who share it."""
        for node in self.nodes:
            node.owners.release()
        self._claimed.lock.release()

    def wait_until_gone(self) -> None:
        """Wait until no cluster runs on this folder; for one that we have, or share, that is for ever."""
        self._claimed.wait_until_free()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
