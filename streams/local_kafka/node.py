"""One Kafka process of a cluster: started, waited for, stopped; killed and paused by tests of failures."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ..errors import BrokerError
from . import keeper
from .locks import FileLock
from .ports import HOST, check_free
from .properties import DATA, NodePlan
from .ready import known_brokers
from .reason import reason_in, tail_of
from .runtime import KafkaRuntime, find_runtime

__all__ = ["LocalNode"]

STOP_SECONDS = 20
ORPHAN_SECONDS = 10
FORMAT_SECONDS = 60
POLL_SECONDS = 0.05


class LocalNode:
    """A node with its folder, made by a `LocalCluster`. While that is started, its nodes may come and go.

    The process holds ``cluster_lock`` while it lives, so that no two clusters run on one folder. ``pid`` is None when
    the node has not been started, or was stopped or killed by us.
    """

    def __init__(self, plan: NodePlan, folder: Path, heap: str, cluster_lock: FileLock) -> None:
        self.plan = plan
        self.folder = folder
        self.heap = heap
        self.owners = FileLock(folder / "owners")
        self.pid: int | None = None
        self._cluster_lock = cluster_lock
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def node_id(self) -> int:
        return self.plan.node_id

    @property
    def address(self) -> str:
        """``host:port`` for clients."""
        return f"{HOST}:{self.plan.port}"

    @property
    def log(self) -> Path:
        """The file that the process logs to; that of the run before is ``broker.log.1``."""
        return self.folder / "broker.log"

    @property
    def running(self) -> bool:
        """Whether the process lives; a paused one does."""
        return self._keeper is not None and self._keeper.poll() is None

    def format(self, runtime: KafkaRuntime, cluster_id: str) -> None:
        """Prepare the data folder, unless it is.

        Raises
        ------
        BrokerError
            Kafka's tool fails.
        """
        self._write_properties()
        if (self.folder / DATA / "meta.properties").exists():
            return
        arguments = ("format", "--cluster-id", cluster_id, "--config", "server.properties", "--ignore-formatted")
        try:
            done = subprocess.run(  # noqa: S603 (our own command)
                runtime.command("kafka.tools.StorageTool", *arguments, heap=self.heap, temporary=self._temporary()),
                cwd=self.folder, env=runtime.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="replace", timeout=FORMAT_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrokerError(f"Kafka's storage tool could not prepare {self.folder}: {error}.") from error
        if done.returncode:
            reason = reason_in(done.stdout + done.stderr)
            raise BrokerError(f"Kafka's storage tool could not prepare {self.folder}: {reason}.")

    def check_ports(self) -> None:
        """See that the node, unless it runs, could listen on its ports.

        Raises
        ------
        BrokerError
            One is taken.
        """
        for port in () if self.running else (self.plan.port, self.plan.controllers[self.node_id]):
            check_free(port)

    def start(self) -> None:
        """Start the process; `wait_ready` waits until it answers. Nothing happens if it runs.

        Raises
        ------
        BrokerError
            A port is taken, or Java cannot be run.
        """
        if self.running:
            return
        self.check_ports()
        runtime = find_runtime()
        self._write_properties()
        command = runtime.command("kafka.Kafka", "server.properties", heap=self.heap, temporary=self._temporary())
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        self.owners.acquire(shared=True, wait=True)
        self.pid = None
        with self.log.open("wb") as log:
            self._keeper = subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-I", keeper.__file__, str(self.owners.path), str(ORPHAN_SECONDS), *command],
                cwd=self.folder, env=runtime.environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                pass_fds=(self._cluster_lock.fileno(),),
                start_new_session=True,  # Ctrl-C in a terminal is for us: we decide when the node ends, and how
            )  # fmt: skip
        assert self._keeper.stdout is not None
        with self._keeper.stdout as told:
            line = told.readline()
        if not line:
            raise self._death()
        self.pid = int(line)

    def wait_ready(self, brokers: frozenset[int] = frozenset(), timeout: float = 60) -> None:
        """Wait until the node answers and knows itself and these other ``brokers`` to be alive.

        Raises
        ------
        BrokerError
            The process ended, or ``timeout`` seconds have passed; with what its log says.
        """
        wanted = brokers | {self.node_id}
        end = time.monotonic() + timeout
        while True:
            with contextlib.suppress(OSError):
                if wanted <= known_brokers(self.plan.port):
                    return
            if self._ends_within(POLL_SECONDS):
                raise self._death()
            if time.monotonic() >= end:
                raise BrokerError(
                    f"Kafka node {self.node_id} is not ready at {self.address} after {timeout:g} s:"
                    f" {reason_in(tail_of(self.log))}. Its log is {self.log}."
                )

    def watch(self) -> None:
        """Wait for as long as the process lives.

        Raises
        ------
        BrokerError
            Always, and only when the process ended without having been told to.
        """
        self._ends_within(None)
        raise self._death()

    def stop(self) -> None:
        """End the process as Kafka wants to be ended; with SIGKILL if that takes longer than 20 seconds."""
        self.tell_to_stop()
        if not self._ends_within(STOP_SECONDS):
            self.kill()
        self._gone()

    def tell_to_stop(self) -> None:
        """Begin to stop: nodes of a cluster stop together, since the last one cannot do so without the others."""
        self.resume()
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would."""
        if self._keeper is not None and self.pid is None:
            self._keeper.terminate()  # we were interrupted before it told us whom to kill
        self._signal(signal.SIGKILL)
        self._ends_within(None)
        self._gone()

    def pause(self) -> None:
        """Freeze the process, as a machine that hangs: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def _gone(self) -> None:
        self._keeper, self.pid = None, None
        self.owners.release()

    def _signal(self, number: signal.Signals) -> None:
        if self.running and self.pid is not None:
            with contextlib.suppress(ProcessLookupError):  # it ended between our look and the signal
                os.kill(self.pid, number)

    def _ends_within(self, seconds: float | None) -> bool:
        if self._keeper is None:
            return True
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _death(self) -> BrokerError:
        code = None if self._keeper is None else self._keeper.wait()
        reason = reason_in(tail_of(self.log))
        return BrokerError(f"Kafka node {self.node_id} ended (exit code {code}): {reason}. Its log is {self.log}.")

    def _write_properties(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(self.plan.text(), "utf-8")

    def _temporary(self) -> Path:
        folder = self.folder / "tmp"
        folder.mkdir(exist_ok=True)
        # A killed node leaves its native libraries behind.
        for left in folder.iterdir():
            if left.is_file():
                left.unlink()
        return folder
