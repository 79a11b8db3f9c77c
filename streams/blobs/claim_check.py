"""Which samples travel in their events, and which wait in a blob: the publisher's half of a claim check."""

from __future__ import annotations

import logging
import time

from ..errors import BlobError
from ..events import Claim
from ..scoring.retries import Retries
from .store import BlobStore

__all__ = ["ClaimCheck"]

logger = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds for which a publisher waits for a store that does not answer; then somebody should look at it."""


class ClaimCheck:
    """Takes the bodies of samples that are too large for a message.

    Parameters
    ----------
    store
        Where they go.
    most
        Bytes of the largest record, key and value, that the broker is sent. They are counted before the broker's own
        compression, so that what takes this way does not depend on how well a text packs, and who reads records knows
        how large they can be.

    Attributes
    ----------
    taken
        How many bodies there were.
    """

    def __init__(self, store: BlobStore, most: int) -> None:
        self._store, self._most = store, most
        self._retries = Retries(patience=PATIENCE, transient_only=True)
        self.taken = 0

    @property
    def where(self) -> str:
        """What people call the place where the bodies are."""
        return self._store.name

    def wanted(self, size: int) -> bool:
        """Tell whether a record of so many bytes is too large."""
        return size > self._most

    def refuses(self, body: bytes) -> str | None:
        """Say why a body cannot be taken, whatever the store says; None: it can."""
        if len(body) <= self._store.most:
            return None
        return f"the sample has {len(body)} bytes, and none may have more than {self._store.most}"

    def take(self, eval_id: str, body: bytes) -> Claim:
        """Keep a body, and return the claim on it; wait for a store that does not answer just now.

        Raises
        ------
        BlobError
            The store does not take it, and waiting does not mend that.
        """
        begun, attempts = time.monotonic(), 0
        while True:
            attempts += 1
            try:
                claim = self._store.put(eval_id, body)
            except BlobError as error:
                pause = self._retries.pause(error, attempts, time.monotonic() - begun)
                if pause is None:
                    raise
                logger.warning("%s Next try in %.1f s", error, pause)
                time.sleep(pause)
            else:
                self.taken += 1
                return claim
