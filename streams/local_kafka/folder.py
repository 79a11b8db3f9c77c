"""The folder of a cluster: who uses it, and which cluster its data belong to."""

from __future__ import annotations

import base64
import json
import time
import uuid
from pathlib import Path

from ..errors import BrokerError
from .locks import FileLock

__all__ = ["ClusterFolder"]

# Who only looks whether a folder is in use has its lock for a moment, too.
CLAIMS, CLAIM_SECONDS = 3, 0.05


class ClusterFolder:
    """A folder with a cluster's data, for one running cluster at a time.

    ::

        lock            held by whoever runs the cluster, and by each node; says who and where
        cluster.json    the cluster's id and its number of nodes
        node-1/         what node 1 is told (server.properties), says (broker.log) and keeps (data/)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = FileLock(path / "lock")

    def claim(self, owner: int, bootstrap: str) -> None:
        """Take the folder for a cluster.

        Raises
        ------
        BrokerError
            Another cluster runs on it.
        """
        for _ in range(CLAIMS):
            if self.lock.acquire():
                break
            time.sleep(CLAIM_SECONDS)
        else:
            process, address = self._holder()
            raise BrokerError(
                f"A broker already runs on {self.path}, at kafka://{address} (started by process {process}): use that"
                " one, stop it first, or choose another folder."
            )
        self.lock.write(json.dumps({"process": owner, "bootstrap": bootstrap}))

    def running_at(self) -> str | None:
        """Return the bootstrap address of the cluster that runs on this folder; None if none does."""
        trial = FileLock(self.lock.path)
        if not trial.path.exists():
            return None
        if trial.acquire():
            trial.release()
            return None
        return self._holder()[1]

    def wait_until_free(self) -> None:
        """Wait until no cluster runs on this folder."""
        trial = FileLock(self.lock.path)
        trial.acquire(wait=True)
        trial.release()

    def _holder(self) -> tuple[str, str]:
        try:
            told = json.loads(self.lock.read())
            return str(told["process"]), str(told["bootstrap"])
        except (ValueError, KeyError, TypeError):  # it has the lock, and has not written yet
            return "unknown", "unknown"

    def cluster_id(self, nodes: int) -> str:
        """Return the id of the cluster whose data are here; a new one if there are none.

        Raises
        ------
        BrokerError
            The data are those of a cluster with another number of nodes.
        """
        file = self.path / "cluster.json"
        if not file.exists():
            # As Kafka writes a UUID; ids that begin with a dash look like options to its tools.
            made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
            file.write_text(json.dumps({"cluster_id": made, "nodes": nodes}), "utf-8")
        try:
            kept = json.loads(file.read_text("utf-8"))
            cluster_id, count = str(kept["cluster_id"]), int(kept["nodes"])
        except (ValueError, KeyError, TypeError) as error:
            raise BrokerError(f"{file} is damaged: choose another folder, or remove this one with its data.") from error
        if count != nodes:
            raise BrokerError(
                f"{self.path} has the data of a cluster of {count} nodes, not {nodes}: start as many, or choose another"
                " folder."
            )
        return cluster_id
