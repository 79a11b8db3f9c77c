"""Kafka's jars: from Maven Central the first time, from the user's cache ever after."""

from __future__ import annotations

import logging
import os
import shutil
import zipfile
from pathlib import Path

from ..errors import BrokerError
from .locks import FileLock

__all__ = ["KAFKA_VERSION", "check_jar", "kafka_jars"]

logger = logging.getLogger("evalstream.broker")

KAFKA_VERSION = "4.3.1"

# Without a binding SLF4J drops the broker's log. Kafka 4.3 has SLF4J 1.7, and a binding must be of the same line.
SLF4J_VERSION = "1.7.36"

COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", f"org.slf4j:slf4j-simple:{SLF4J_VERSION}")

TIMEOUT = 30
"""Seconds that Maven Central may take for one answer."""


def kafka_jars() -> list[Path]:
    """Return the class path of Kafka; nothing is asked of the network when the cache has it.

    Raises
    ------
    BrokerError
        The jars are not in the cache, and jgo is not installed or Maven Central not to be reached.
    """
    folder = _cache() / f"kafka-{KAFKA_VERSION}-slf4j-{SLF4J_VERSION}"
    if not folder.is_dir():
        guard = FileLock(folder.with_name(f"{folder.name}.lock"))
        guard.acquire(wait=True)
        try:
            # Another process may have fetched them while we waited.
            if not folder.is_dir():
                _fetch(folder)
        finally:
            guard.release()
    return sorted(folder.glob("*.jar"))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evalstream"


def _fetch(folder: Path) -> None:
    """Fetch into a folder beside, and rename it when all is there: a folder of that name is always complete."""
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 (an extra, and slow to import)
    except ImportError as error:
        raise BrokerError(
            "Kafka's jars are not in the cache, and jgo, which fetches them, is not installed:"
            " pip install 'evalstream[broker]'."
        ) from error
    logger.info("fetching Kafka %s from Maven Central, 45 MB; the next start finds it in %s", KAFKA_VERSION, folder)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        context = MavenContext(repo_cache=partial / "repository", timeout=TIMEOUT)
        wanted, needed = context.resolver.resolve([context.create_dependency(name) for name in COORDINATES])
        (partial / "jars").mkdir(parents=True)
        for dependency in (*wanted, *needed):
            jar = dependency.artifact.resolve()
            check_jar(jar)
            jar.rename(partial / "jars" / jar.name)
        (partial / "jars").rename(folder)
    # A SyntaxError is how ElementTree says that it was given a page (a hotel's log-in?) in place of a project file.
    except (OSError, RuntimeError, SyntaxError) as error:
        raise BrokerError(
            f"Kafka {KAFKA_VERSION} could not be fetched from Maven Central ({error}). Check the network (HTTPS_PROXY"
            " is respected) and the space in the cache (XDG_CACHE_HOME moves it), or use a Kafka that runs elsewhere:"
            " --broker kafka://host:9092."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_jar(jar: Path) -> None:
    """Read a jar through: jgo only warns of a wrong checksum, and Java would meet a damaged class much later.

    Raises
    ------
    OSError
        It is damaged.
    """
    try:
        with zipfile.ZipFile(jar) as archive:
            damaged = archive.testzip()
    except zipfile.BadZipFile as error:
        raise OSError(f"{jar.name} is damaged: {error}") from error
    if damaged is not None:
        raise OSError(f"{jar.name} is damaged: {damaged} has a wrong checksum")
