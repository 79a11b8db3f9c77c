"""What a scorer reads and writes, and that no path and no link leads out."""

from __future__ import annotations

import asyncio
import os
import posixpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers import (
    NoSandboxError,
    OutputLimitExceededError,
    Sandbox,
    SandboxError,
    SandboxUnavailableError,
    sandbox,
)
from evalstream.scorers.sandbox.paths import checked, inside
from evalstream.scorers.sandbox.runner import Runner
from evalstream.scorers.sandbox.snapshot import Snapshot, SnapshotFile
from evalstream.scorers.sandbox.workspace import Workspace, read_beneath

PATHS = st.lists(st.sampled_from(["..", ".", "", "a", "b c", "\0", "é", "~", "a" * 256]), max_size=6).map("/".join)


def files(**texts: bytes) -> Snapshot:
    return Snapshot(
        {name.replace("__", "/"): SnapshotFile(len(data), lambda d=data: d) for name, data in texts.items()}
    )


def opened(snapshot: Snapshot, kind=None) -> Sandbox:
    return Sandbox(lambda: snapshot, Runner(kind))


@given(PATHS | st.text())
def test_no_path_of_a_snapshot_leads_out(path):
    try:
        parts = checked(path)
    except SandboxError:
        return
    assert posixpath.normpath(f"/root/{path}") == f"/root/{path}"
    assert not set(parts) & {"", ".", ".."}


@given(PATHS | st.text())
def test_no_path_of_a_scorer_leads_out(path):
    try:
        parts = inside(path)
    except FileNotFoundError:
        return
    assert not set(parts) & {"", ".", ".."}


def test_files_are_read_as_text_with_their_line_ends_and_as_bytes():
    box = opened(files(a__b=b"one\r\ntwo", c=b"\xff"))
    assert asyncio.run(box.read_file("/a/./b")) == "one\r\ntwo"
    assert asyncio.run(box.read_file("c", text=False)) == b"\xff"
    with pytest.raises(UnicodeDecodeError):
        asyncio.run(box.read_file("c"))
    with pytest.raises(IsADirectoryError):
        asyncio.run(box.read_file("a"))
    for missing in ("d", "a/b/c", "../c", "../../etc/passwd", "\0"):
        with pytest.raises(FileNotFoundError):
            asyncio.run(box.read_file(missing))


def test_a_file_that_is_too_large_is_inspects_error(monkeypatch):
    with pytest.raises(OutputLimitExceededError, match=r"limit of 100 MiB was exceeded"):
        asyncio.run(opened(Snapshot({"a": SnapshotFile(100 * 1024**2 + 1, None)})).read_file("a"))
    monkeypatch.setenv("INSPECT_SANDBOX_MAX_READ_FILE_SIZE", "2048")
    with pytest.raises(OutputLimitExceededError, match=r"limit of 2 KiB was exceeded"):
        asyncio.run(opened(files(a=b"x" * 2049)).read_file("a"))


def test_what_was_written_is_read_again_and_the_snapshot_stays():
    snapshot = files(a=b"old", d__e=b"x")

    async def scenario(box):
        await box.write_file("a", "new")
        await box.write_file("b/c.bin", b"\xff")
        with pytest.raises(IsADirectoryError):
            await box.write_file("d", "x")
        with pytest.raises(NotADirectoryError):
            await box.write_file("a/x", "x")
        return await box.read_file("a"), await box.read_file("b/c.bin", text=False)

    assert asyncio.run(scenario(opened(snapshot))) == ("new", b"\xff")
    assert asyncio.run(opened(snapshot).read_file("a")) == "old"


@pytest.mark.parametrize("names", [["../x"], ["/x"], ["a", "a/b"], [""], ["a//b"], ["x\0"]], ids=repr)
def test_a_snapshot_that_makes_no_sense_is_refused(names):
    with pytest.raises(SandboxError):
        Snapshot({name: SnapshotFile(0, bytes) for name in names})


def test_content_of_another_size_is_refused():
    with pytest.raises(SandboxError, match="has 1 bytes, and not 2"):
        asyncio.run(opened(Snapshot({"a": SnapshotFile(2, lambda: b"x")})).read_file("a"))


def test_without_a_snapshot_the_error_says_what_to_do():
    with pytest.raises(NoSandboxError, match="--sandbox-snapshot") as caught:
        sandbox()
    assert isinstance(caught.value, ProcessLookupError)


def test_without_permission_no_command_is_run(tmp_path):
    with pytest.raises(SandboxUnavailableError, match="--sandbox docker"):
        asyncio.run(opened(files(a=b"x")).exec(["touch", str(tmp_path / "ran")]))
    assert not (tmp_path / "ran").exists()


def test_no_link_that_a_command_left_is_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3kr1t")
    space = Workspace(files(a=b"x"))
    (space.path / "link").symlink_to(secret)
    (space.path / "folder").symlink_to(tmp_path)
    os.mkfifo(space.path / "pipe")
    for parts in (("link",), ("folder", "secret"), ("pipe",)):
        with pytest.raises(PermissionError):
            space.read(parts)
    for parts in (("link",), ("folder", "secret")):
        with pytest.raises(PermissionError):
            space.write(parts, b"overwritten")
    with pytest.raises(PermissionError):
        read_beneath(Path("/dev"), ("null",), 10)
    assert secret.read_text() == "s3kr1t"
    space.close()
    assert not space.path.exists()
    assert secret.exists()
