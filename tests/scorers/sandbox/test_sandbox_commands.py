"""Commands in a folder that is restored from a snapshot."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from evalstream.scorers import (
    ExecTimeoutError,
    OutputLimitExceededError,
    Sandbox,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from evalstream.scorers.sandbox.runner import Runner, docker_argv
from evalstream.scorers.sandbox.snapshot import Snapshot, SnapshotFile


@pytest.fixture
def box():
    script = b"#!/bin/sh\necho ran; cat; exit 3\n"
    one = Sandbox(
        lambda: Snapshot(
            {"src/a.txt": SnapshotFile(2, lambda: b"hi"), "run.sh": SnapshotFile(len(script), lambda: script, True)}
        ),
        Runner("local"),
    )
    yield one
    one.close()


def test_a_command_sees_the_snapshot_and_what_was_written_and_leaves_files(box):
    async def scenario():
        await box.write_file("src/b.txt", "there")
        listed = await box.exec(["ls", "src"])
        moved = await box.exec(["sh", "-c", "cat a.txt b.txt > ../made"], cwd="src")
        await box.write_file("src/c.txt", "!")
        return listed.stdout, moved.success, await box.read_file("made"), (await box.exec(["cat", "src/c.txt"])).stdout

    assert asyncio.run(scenario()) == ("a.txt\nb.txt\n", True, "hithere", "!")


def test_exit_code_input_and_variables(box):
    result = asyncio.run(box.exec(["./run.sh"], input="given"))
    assert (result.success, result.returncode, result.stdout) == (False, 3, "ran\ngiven")
    assert asyncio.run(box.exec(["sh", "-c", "echo $A; echo err >&2"], env={"A": "b"})).stdout == "b\n"
    assert asyncio.run(box.exec(["not-there-at-all"])).returncode == 127


def test_a_command_sees_no_secret_of_the_worker(box, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "s3kr1t")
    assert "s3kr1t" not in asyncio.run(box.exec(["env"])).stdout


def test_a_command_that_takes_too_long_is_killed_with_its_children(box):
    begun = time.monotonic()
    with pytest.raises(ExecTimeoutError, match=r"took longer than 0.2 s") as caught:
        asyncio.run(box.exec(["sh", "-c", "sleep 60 & echo $! > pid; wait"], timeout=0.2))
    assert isinstance(caught.value, TimeoutError)
    assert time.monotonic() - begun < 10
    pid = int(asyncio.run(box.read_file("pid")))
    while time.monotonic() - begun < 10:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
    pytest.fail("the child of the command still runs")


def test_endless_output_is_cut_off(box, monkeypatch):
    monkeypatch.setenv("INSPECT_SANDBOX_MAX_EXEC_OUTPUT_SIZE", "1024")
    with pytest.raises(OutputLimitExceededError, match="1 KiB") as caught:
        asyncio.run(box.exec(["yes"]))
    assert len(caught.value.truncated_output) == 1024


def test_another_user_and_a_folder_outside_are_refused(box):
    with pytest.raises(SandboxUserUnsupportedError, match="--sandbox docker"):
        asyncio.run(box.exec(["id"], user="nobody-else"))
    with pytest.raises(FileNotFoundError):
        asyncio.run(box.exec(["id"], cwd="../.."))
    with pytest.raises(TypeError, match="takes a list"):
        asyncio.run(box.exec("ls"))


def test_the_folder_is_gone_afterwards(box):
    path = Path(asyncio.run(box.exec(["pwd"])).stdout.strip())
    assert path.is_dir()
    box.close()
    assert not path.exists()


def test_a_container_has_no_network_no_rights_and_one_folder():
    argv = docker_argv("docker", "n", "img", Path("/tmp/f"), ["python", "-V"], None, {"A": "1"})
    text = " ".join(argv)
    assert text.startswith("docker run --rm --interactive --init --name n --network none --cap-drop ALL")
    assert argv.count("--mount") == 1
    assert "type=bind,source=/tmp/f,target=/workspace" in argv
    assert text.endswith(
        f"--workdir /workspace --user {os.geteuid()}:{os.getegid()} --env A=1 --entrypoint python img -V"
    )
    assert "--privileged" not in text
    with pytest.raises(FileNotFoundError):
        docker_argv("docker", "n", "img", Path("/tmp/f"), ["ls"], "../x")


def test_docker_runs_the_command_and_is_told_to_kill_what_takes_too_long(tmp_path, monkeypatch):
    fake = tmp_path / "docker"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ "$1" = run ] && [ -e {tmp_path}/slow ] && sleep 60\nexit 0\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    one = Sandbox(lambda: Snapshot({}), Runner("docker", "img"))
    assert asyncio.run(one.exec(["ls"])).success
    (tmp_path / "slow").touch()
    with pytest.raises(ExecTimeoutError):
        asyncio.run(one.exec(["ls"], timeout=0.3))
    one.close()
    first, second, third = (tmp_path / "calls").read_text().splitlines()
    assert first.startswith("run --rm")
    assert third == f"kill {second.split('--name ')[1].split()[0]}"


@pytest.mark.parametrize(
    ("code", "said", "raises"), [(125, "docker: ", True), (125, "", False), (1, "docker: ", False)]
)
def test_a_docker_that_cannot_start_is_an_error_and_no_failed_command(tmp_path, monkeypatch, code, said, raises):
    fake = tmp_path / "docker"
    fake.write_text(f"#!/bin/sh\necho pulling >&2\necho '{said}no daemon is running' >&2\nexit {code}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    one = Sandbox(lambda: Snapshot({}), Runner("docker", "img"))
    if raises:
        with pytest.raises(SandboxUnavailableError, match="docker could not start: no daemon is running"):
            asyncio.run(one.exec(["ls"]))
    else:
        assert asyncio.run(one.exec(["ls"])).returncode == code
    one.close()


def test_without_docker_the_error_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailableError, match="not on the PATH"):
        asyncio.run(Sandbox(lambda: Snapshot({}), Runner("docker", "img")).exec(["ls"]))
