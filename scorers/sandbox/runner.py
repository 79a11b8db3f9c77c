"""How commands are run: on this machine, or in a container. Both only if whoever started the worker said so."""

from __future__ import annotations

import os
import posixpath
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .errors import SandboxUnavailableError, SandboxUserUnsupportedError
from .paths import inside
from .result import ExecResult

__all__ = ["Call", "Kind", "Runner", "docker_argv"]

Kind = Literal["local", "docker"]

WORKSPACE = "/workspace"
"""Where a container sees the sandbox's folder."""

DOCKER_FAILED = 125
"""How ``docker run`` ends when it could not start the container: no daemon, no such image."""

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
"""Variables of the worker that a command on this machine sees; the others may hold keys."""


@dataclass(frozen=True)
class Call:
    """A process to start: arguments, folder, environment; and what ends it if killing the process is not enough."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stop: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Runner:
    """Turns a scorer's command into a process.

    Parameters
    ----------
    kind
        "local", "docker", or None: no command is run.
    image
        The image of containers.
    """

    kind: Kind | None = None
    image: str = ""

    def call(
        self, folder: Path, cmd: Sequence[str], cwd: str | None, env: Mapping[str, str] | None, user: str | None
    ) -> Call:
        """Return the process for a command.

        Raises
        ------
        SandboxUnavailableError
            Commands are not allowed, or there is no docker.
        SandboxUserUnsupportedError
            On this machine commands run as the worker's own user only.
        FileNotFoundError
            ``cwd`` leads out of the sandbox.
        """
        self.check()
        if not cmd or isinstance(cmd, str):
            raise TypeError("exec takes a list: the command and its arguments, as in ['ls', '-l'].")
        if self.kind == "docker":
            docker = shutil.which("docker")
            if docker is None:
                raise SandboxUnavailableError("--sandbox docker needs the command docker, which is not on the PATH.")
            name = f"evalstream-{secrets.token_hex(8)}"
            argv = docker_argv(docker, name, self.image, folder, cmd, cwd, env, user)
            return Call(argv, folder, dict(os.environ), (docker, "kill", name))
        if user is not None and user != str(os.geteuid()):
            raise SandboxUserUnsupportedError(
                f"A command was to run as {user!r}, but --sandbox local runs all as the worker's own user: leave `user`"
                " out, or start the worker with --sandbox docker."
            )
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {**kept, "HOME": str(folder), "TMPDIR": str(folder), **(env or {})}
        where = Path(cwd) if cwd is not None and cwd.startswith("/") else folder.joinpath(*inside(cwd or "."))
        return Call(tuple(cmd), where, own)

    def checked(self, result: ExecResult) -> ExecResult:
        """Return what a command did; a docker that could not run it is no failure of the command.

        Raises
        ------
        SandboxUnavailableError
            There is no daemon or no such image; the message has docker's own words.
        """
        if self.kind == "docker" and result.returncode == DOCKER_FAILED:
            for line in result.stderr.splitlines():
                if line.startswith("docker: "):
                    raise SandboxUnavailableError(
                        f"The command was not run, because docker could not start: {line[8:]}"
                    )
        return result

    def check(self) -> None:
        """Make sure that commands are allowed.

        Raises
        ------
        SandboxUnavailableError
            They are not; the message says what to do.
        """
        if self.kind is None:
            raise SandboxUnavailableError(
                "This scorer wants to run a command in its sandbox, and nothing may be run here: start evalstream with"
                " --sandbox docker (in a container, without a network) or --sandbox local (on this machine, with all"
                " rights of the worker; only for samples that you trust). Reading the snapshot needs neither."
            )


def docker_argv(
    docker: str,
    name: str,
    image: str,
    folder: Path,
    cmd: Sequence[str],
    cwd: str | None = None,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> tuple[str, ...]:
    """Return the command line that runs a command in a container that is gone afterwards.

    The container has the sandbox's folder at /workspace and nothing else of this machine: no network, no capabilities,
    no way to gain rights, a bound on processes. It runs as the worker's user, so that what it writes can be read and
    removed.

    Examples
    --------
    >>> argv = docker_argv("docker", "n", "python:3.12-slim", Path("/tmp/x"), ["ls", "-l"], "sub", {"A": "1"}, "0")
    >>> " ".join(argv[-10:])
    '--workdir /workspace/sub --user 0 --env A=1 --entrypoint ls python:3.12-slim -l'
    """
    where = cwd if cwd is not None and cwd.startswith("/") else posixpath.join(WORKSPACE, *inside(cwd or "."))
    return (
        docker, "run", "--rm", "--interactive", "--init", "--name", name,
        "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "512",
        "--mount", f"type=bind,source={folder},target={WORKSPACE}",
        "--workdir", where,
        "--user", user if user is not None else f"{os.geteuid()}:{os.getegid()}",
        *(text for key, value in (env or {}).items() for text in ("--env", f"{key}={value}")),
        # An image's own entrypoint must not take the command for its arguments.
        "--entrypoint", cmd[0], image, *cmd[1:],
    )  # fmt: skip
