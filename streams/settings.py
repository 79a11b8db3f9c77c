"""What a worker can be told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from .scoring.scoring import DEFAULT_TIMEOUT

__all__ = ["WorkerSettings", "default_broker", "default_log_dir"]


def default_broker() -> str:
    """Return the broker of this environment: EVALSTREAM_BROKER, else an embedded one in ./.evalstream."""
    return os.environ.get("EVALSTREAM_BROKER") or f"embedded://{Path('.evalstream').absolute()}"


def default_log_dir() -> Path:
    """Return the folder of logs of this environment: INSPECT_LOG_DIR, else ./logs."""
    return Path(os.environ.get("INSPECT_LOG_DIR") or "logs")


@dataclass(frozen=True)
class WorkerSettings:
    """Settings of one worker.

    ``scorer_timeout`` and ``metrics_interval`` are in seconds. At most ``window_samples`` samples, of ``window_bytes``
    bytes altogether, wait for their scorers at once.
    """

    broker: str = field(default_factory=default_broker)
    log_dir: Path = field(default_factory=default_log_dir)
    app_id: str = "evalstream"
    scorer_timeout: float = DEFAULT_TIMEOUT
    metrics_interval: float = 0.5
    window_samples: int = 256
    window_bytes: int = 64 * 1024 * 1024
