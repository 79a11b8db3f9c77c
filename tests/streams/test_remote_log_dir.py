"""A log dir that is a URL: here that of a real FTP server, which the standard library and fsspec both speak to."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
from test_pipeline import COMMAND, command, finished
from waiting import wait_for

from evalstream.streams.errors import UsageError
from evalstream.streams.materialise.log_place import RemoteLogs, log_place

ALL_RIGHTS = "elradfmwMT"
PASSWORD = "s3kr1t"


class Server:
    """An FTP server on a folder, that lets its user do what ``rights`` says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._authorizer = DummyAuthorizer()
        self._authorizer.add_user("ann", PASSWORD, str(folder), ALL_RIGHTS)
        handler = type("Handler", (FTPHandler,), {"authorizer": self._authorizer})
        self._server = FTPServer(("127.0.0.1", 0), handler)
        self.url = f"ftp://ann:{PASSWORD}@127.0.0.1:{self._server.address[1]}/scored"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"handle_exit": False})
        self._thread.start()

    def allow(self, rights: str) -> None:
        self._authorizer.user_table["ann"]["perm"] = rights

    def logs(self) -> dict[str, bytes]:
        folder = self.folder / "scored"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}

    def close(self) -> None:
        self._server.close_all()
        self._thread.join(10)


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    (tmp_path / "ftp").mkdir()
    made = Server(tmp_path / "ftp")
    yield made
    made.close()


def test_a_worker_writes_logs_to_a_url_with_the_bytes_of_score(server, make_log, scored, tmp_path):
    log, broker = make_log(30, epochs=2), f"embedded://{tmp_path / 'broker'}"
    finished(command("publish", log, "--broker", broker))
    said = finished(command("worker", "--broker", broker, "--log-dir", server.url, "--exit-when-idle", "1"))
    (data,) = server.logs().values()
    assert data == scored(log)
    (name,) = server.logs()
    shown = server.url.replace(PASSWORD, "********")
    assert f"log {shown}/{name}" in said and PASSWORD not in said
    runs = finished(command("runs", "--broker", broker, "--json"))
    assert f"{shown}/{name}" in runs and PASSWORD not in runs


def test_a_place_that_takes_nothing_for_a_while_gets_the_log_later(server, make_log, scored, tmp_path):
    log, broker = make_log(10), f"embedded://{tmp_path / 'broker'}"
    finished(command("publish", log, "--broker", broker))
    server.allow("elr")
    out = tmp_path / "worker.out"
    with out.open("wb") as file:
        worker = subprocess.Popen(
            [COMMAND, "worker", "--broker", broker, "--log-dir", server.url], stdout=file, stderr=file
        )
    try:
        wait_for(lambda: "next try in" in out.read_text(), "a failed upload")
        assert "cannot be written" in out.read_text()
        assert server.logs() == {}
        server.allow(ALL_RIGHTS)
        assert wait_for(server.logs, "the log")
        wait_for(lambda: "10 samples" in out.read_text(), "the worker's word of it")
    finally:
        worker.terminate()
        worker.wait(30)
    assert list(server.logs().values()) == [scored(log)]
    assert PASSWORD not in out.read_text() and "Traceback" not in out.read_text()


def test_what_a_dead_worker_left_of_an_upload_is_cleared_away_and_a_log_is_replaced_whole(server, tmp_path):
    place = RemoteLogs(server.url)
    for text in (b"first", b"second, which is longer"):
        path = place.path_of("a.eval")
        path.write_bytes(text)
        place.deliver(path)
        assert server.logs() == {"a.eval": text}
    path.write_bytes(b"third")
    place.deliver(path)
    partial = server.folder / "scored" / ".evalstream-0000000000000000-aa.partial"
    partial.write_bytes(b"another log's")
    path.write_bytes(b"fourth")
    place.deliver(path)
    assert server.logs() == {"a.eval": b"fourth", partial.name: b"another log's"}
    place.close()


def test_rescoring_writes_to_the_url_too(server, make_log, scored, tmp_path):
    log, broker = make_log(12), f"embedded://{tmp_path / 'broker'}"
    where = ("--broker", broker, "--log-dir", server.url)
    finished(command("publish", log, "--broker", broker))
    finished(command("worker", *where, "--exit-when-idle", "1"))
    said = finished(command("rescore", "made", *where, "--work-dir", tmp_path / "work"))
    assert list(server.logs().values()) == [scored(log)] * 2
    (name,) = (name for name in server.logs() if "rescore" in name)
    assert f"{server.url.replace(PASSWORD, '********')}/{name}" in said.replace("\n", "")


def test_a_url_that_nothing_can_open_is_an_error_before_anything_is_scored(tmp_path):
    with pytest.raises(UsageError, match="fsspec does not know"):
        log_place("warp://bucket/logs")
    broker = f"embedded://{tmp_path / 'broker'}"
    ended = command("worker", "--broker", broker, "--log-dir", "warp://bucket/logs", "--exit-when-idle", "1")
    said, _ = ended.communicate(timeout=60)
    assert ended.returncode == 2 and "set log_dir to a folder" in said and "Traceback" not in said
