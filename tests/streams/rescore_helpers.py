"""A rescoring in a process that dies at a chosen one of the moments at which something becomes durable."""

from __future__ import annotations

import os
from collections.abc import Sequence

import mortal_worker

from evalstream.streams import worker
from evalstream.streams.cli import main
from evalstream.streams.rescore import copying, rescoring
from evalstream.streams.transport import local


def command(arguments: Sequence[str], die_at: int | None, errors: str) -> None:
    """Run ``evalstream rescore`` until it ends, or until the moment of that number (from 1) comes."""
    # What the command says goes to a file: one that failed is to be understood.
    handle = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    copying.READ_RECORDS = mortal_worker.RECORDS_A_BATCH
    local.FETCH_RECORDS = mortal_worker.RECORDS_A_BATCH
    rescoring.LOOK_SECONDS = 0.02
    worker.new_app = mortal_worker.eager(worker.new_app)
    if die_at is not None:
        mortal_worker.count_moments(die_at)
    main(["rescore", *arguments])
