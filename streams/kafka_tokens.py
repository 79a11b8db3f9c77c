"""Tokens for OAUTHBEARER: a fixed one, those in a file, and those of a token endpoint.

Kafka's clients ask for a token whenever they connect, some of them from threads with event loops of their own (Faust's
consumer is one). So a provider holds nothing that belongs to a loop, and works in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import httpx
from aiokafka.abc import AbstractTokenProvider
from pydantic import SecretStr

from .errors import TokenError, UsageError
from .settings.masking import masked_url
from .settings.secrets import read_secret_file

__all__ = ["EndpointTokens", "FileTokens", "FixedToken", "TokenProvider"]

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds that a token endpoint may take."""

LIFETIME = 300.0
"""Seconds that a token is taken to live if its endpoint does not say."""

RENEW_AT = 0.8
"""Part of its life after which a token is renewed, as Kafka's own clients do it."""


class TokenProvider(AbstractTokenProvider):  # type: ignore[misc]
    """What Kafka's clients ask for a token; safe to ask from several threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    async def token(self) -> str:
        """Return a token that is valid.

        Raises
        ------
        TokenError
            There is none just now. Clients take it for a connection that failed, and try again.
        """
        return await asyncio.to_thread(self._locked)

    def _locked(self) -> str:
        with self._lock:
            return self._token()

    @abstractmethod
    def _token(self) -> str:
        """Return a token; called in one thread at a time."""


class FixedToken(TokenProvider):
    """One token for ever: for trying things out."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__()
        self._fixed = token

    def _token(self) -> str:
        return self._fixed.get_secret_value()


class FileTokens(TokenProvider):
    """Tokens that something else writes to a file, as Kubernetes does; the file is read again when it changes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._read: tuple[tuple[int, int, int], str] | None = None

    def _token(self) -> str:
        try:
            now = self._path.stat()
            # Kubernetes swaps a link, so that another inode may be all that is new.
            state = (now.st_ino, now.st_mtime_ns, now.st_size)
            if self._read is None or self._read[0] != state:
                self._read = state, read_secret_file("kafka_oauth_token_file", self._path).strip()
        except OSError as error:
            raise TokenError(f"kafka_oauth_token_file: {self._path}: {error.strerror or error}.") from error
        except UsageError as error:
            raise TokenError(str(error)) from error
        return self._read[1]


class EndpointTokens(TokenProvider):
    """Tokens of an OAuth 2 token endpoint, by client credentials (RFC 6749, section 4.4).

    A token is kept, and renewed when four fifths of its life are over. If the endpoint fails then, the old one serves
    as long as it lives.

    Parameters
    ----------
    url, client_id, client_secret, scope
        As the settings ``kafka_oauth_token_url`` and so on.
    clock
        Tells the time, in seconds.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        scope: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._url, self._scope, self._clock = url, scope, clock
        # RFC 6749, section 2.3.1: both are encoded as in a form, so that a colon in one of them is no separator.
        self._login = quote_plus(client_id), SecretStr(quote_plus(client_secret))
        self._held = ""
        self._renew = self._ends = float("-inf")

    def _token(self) -> str:
        now = self._clock()
        if now >= self._renew:
            try:
                self._held, lifetime = self._ask()
            except TokenError as error:
                if now >= self._ends:
                    raise
                logger.warning("%s The token that there is serves for another %d s.", error, self._ends - now)
            else:
                self._renew, self._ends = now + RENEW_AT * lifetime, now + lifetime
        return self._held

    def _ask(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        client_id, secret = self._login
        try:
            answer = httpx.post(
                self._url, data=form, auth=(client_id, secret.get_secret_value()), timeout=TIMEOUT,
                headers={"Accept": "application/json"},
            )  # fmt: skip
        except httpx.InvalidURL:
            # Without the cause: it may show a password as what should have been a port.
            raise self._error("has an address that makes no sense: mend kafka_oauth_token_url") from None
        except (httpx.HTTPError, OSError) as error:
            raise self._error(f"does not answer ({str(error) or type(error).__name__})") from error
        try:
            said = answer.json()
        except ValueError:
            said = None
        said = said if isinstance(said, dict) else {}
        token, lifetime = said.get("access_token"), said.get("expires_in", LIFETIME)
        if answer.is_success and isinstance(token, str) and token:
            return token, _seconds(lifetime)
        if answer.is_success:
            raise self._error("answered without an access_token")
        # Of its answer these two only: they are meant to be read (RFC 6749, section 5.2).
        reasons = [said[key] for key in ("error", "error_description") if isinstance(said.get(key), str)]
        raise self._error(f"refused with status {answer.status_code}{''.join(f', {reason}' for reason in reasons)}")

    def _error(self, what: str) -> TokenError:
        return TokenError(f"The token endpoint {masked_url(self._url)} {what}.")


def _seconds(lifetime: object) -> float:
    try:
        seconds = float(lifetime)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return LIFETIME
    return seconds if 0 < seconds < float("inf") else LIFETIME
