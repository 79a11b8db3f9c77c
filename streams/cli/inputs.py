"""Which logs a command line means: files, globs, folders, or the newest one."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from ..errors import LogNotFoundError, NotALogError, UsageError
from ..logs.source import open_log
from ..settings.masking import masked_url

__all__ = ["SUFFIXES", "find_logs"]

SUFFIXES = {".eval", ".json"}


def find_logs(arguments: Sequence[str], log_dir: Path | str) -> list[Path]:
    """Return the paths of the logs, each once, in the order of the arguments.

    Parameters
    ----------
    arguments
        Files, globs (for shells that leave them alone) and folders, which are searched with all that is below. None:
        the newest log of ``log_dir``.
    log_dir
        The folder of logs; logs at a URL are not read.

    Raises
    ------
    UsageError
        A folder or glob without a log, or nothing to score at all.
    LogNotFoundError
        A file that is not there.
    """
    if not arguments:
        return [_newest(log_dir)]
    found: dict[Path, Path] = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            logs = _logs_below(path)
            if not logs:
                raise UsageError(f"{argument}: there is no log in this folder (.eval, or .json that is a log).")
            _add(found, logs)
        elif not path.exists() and glob.has_magic(argument):
            matches = sorted(Path(match) for match in glob.glob(argument, recursive=True))  # noqa: PTH207
            files = [match for match in matches if match.is_file()]
            if not files:
                raise UsageError(f"{argument}: no file fits this pattern.")
            _add(found, files)
        else:
            _add(found, [path])
    return list(found.values())


def _add(found: dict[Path, Path], logs: Sequence[Path]) -> None:
    for log in logs:
        found.setdefault(log.resolve(), log)


def _newest(log_dir: Path | str) -> Path:
    if isinstance(log_dir, str):
        raise UsageError(f"Logs at {masked_url(log_dir)} are not read from there: name one on this machine.")
    logs = _logs_below(log_dir) if log_dir.is_dir() else []
    if not logs:
        raise UsageError(
            f"There is no log in {log_dir}: name one, as in `evalstream score my.eval`,"
            " or set --log-dir or INSPECT_LOG_DIR."
        )
    return max(logs, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _logs_below(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    return [path for path in files if path.suffix == ".eval" or _is_log(path)]


def _is_log(path: Path) -> bool:
    """Tell logs from other JSON files that lie around; a damaged log is still one, and complains when it is scored."""
    try:
        open_log(path).close()
    except (NotALogError, LogNotFoundError):
        return False
    except Exception:  # noqa: BLE001
        return True
    return True
