from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs.atomic import AtomicFile


def test_nothing_is_there_before_commit_and_all_after(tmp_path, leftovers):
    path = tmp_path / "log"
    path.write_bytes(b"old")
    with AtomicFile(path) as file:
        file.write(b"new ")
        file.write(b"content")
        assert path.read_bytes() == b"old"
        assert len(leftovers()) == 1
        digest = file.commit()
    assert path.read_bytes() == b"new content"
    assert digest == hashlib.sha256(b"new content").hexdigest()
    assert leftovers() == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_destination_as_it_was(tmp_path, leftovers, error):
    path = tmp_path / "log"
    path.write_bytes(b"old")
    with pytest.raises(error), AtomicFile(path) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert leftovers() == []


def test_leaving_without_commit_removes_it(tmp_path):
    with AtomicFile(tmp_path / "log") as file:
        file.write(b"new")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        file.write(b"more")
    with pytest.raises(ValueError, match="closed"):
        file.commit()


def test_permissions_of_the_old_file_are_kept(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with AtomicFile(path) as file:
        file.commit()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        with AtomicFile(tmp_path / "log") as file:
            file.commit()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with AtomicFile(tmp_path / "link") as file:
        file.write(b"new")
        file.commit()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/log", "Create the folder first"),
        ("file/log", "is a file, not a folder"),
        (".", "Name a file, not a folder"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path, path, message):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LogWriteError, match=message) as raised:
        AtomicFile(tmp_path / path)
    assert isinstance(raised.value.cause, OSError)


@pytest.mark.parametrize("name", ["x" * 250, "x" * 255])
def test_a_long_name_is_no_obstacle(tmp_path, name):
    with AtomicFile(tmp_path / name) as file:
        file.commit()
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod"])
@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "permission"),
        (errno.EIO, "Check the disk"),
    ],
)
def test_what_the_system_refuses_is_explained(tmp_path, monkeypatch, leftovers, call, code, advice):
    path = tmp_path / "log"
    path.write_bytes(b"old")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    with pytest.raises(LogWriteError, match=advice), AtomicFile(path) as file:
        monkeypatch.setattr(os, call, refuse)
        file.write(b"new")
        file.commit()
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert leftovers() == []


def test_a_real_limit_of_the_system_is_explained(tmp_path):
    """The kernel itself ends the write: a file may grow to one megabyte only."""
    path = tmp_path / "log"
    path.write_bytes(b"old")
    program = f"""
import resource, signal
from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs.target import create_log
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    with create_log({str(path)!r}, {{"eval": {{}}}}, compression=8) as log:
        import random
        for i in range(100):
            log.add_sample(i, 1, random.Random(i).randbytes(50_000), b"{{}}")
        log.commit()
except LogWriteError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "ulimit -f" in done.stdout
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["log"]


def test_short_writes_are_continued(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))
    with AtomicFile(tmp_path / "log") as file:
        file.write(b"0123456789")
        file.commit()
    monkeypatch.undo()
    assert (tmp_path / "log").read_bytes() == b"0123456789"


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path, monkeypatch):
    fsync = os.fsync

    def only_files(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", only_files)
    with AtomicFile(tmp_path / "log") as file:
        file.commit()
    assert (tmp_path / "log").exists()


def test_the_data_is_flushed_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (calls.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"), fsync(fd))
    )
    monkeypatch.setattr(Path, "replace", lambda self, to: (calls.append("rename"), replace(self, to)))
    with AtomicFile(tmp_path / "log") as file:
        file.commit()
    assert calls == ["file", "rename", "folder"]
