"""Claim checks: a body that does not travel in its event, but waits in a store that this process knows.

An event cannot make anybody open a file or an address. It names a *store*, which the process itself registered under
that name, and a *key* inside it; what a key may be is the store's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .errors import ClaimError

__all__ = ["ClaimStores"]


class _Claim(Protocol):
    """An `events.Claim`, or what is like it."""

    @property
    def store(self) -> str: ...
    @property
    def key(self) -> str: ...


Fetch = Callable[[str], bytes]


class ClaimStores:
    """The stores of this process, by name.

    Attributes
    ----------
    distant
        Whether fetching from one of them may take long: not on an event loop then.

    Examples
    --------
    >>> from evalstream.streams.events import Claim
    >>> claims = ClaimStores()
    >>> claims.register("blobs", {"a": b"1"}.__getitem__)
    >>> claims.fetch(Claim(store="blobs", key="a"))
    b'1'
    """

    def __init__(self) -> None:
        self._stores: dict[str, Fetch] = {}
        self._checks: dict[str, Callable[[], None]] = {}
        self._labels: dict[str, Callable[[str], str]] = {}
        self._owns: dict[str, Callable[[str, str], bool]] = {}
        self.distant = False

    def register(
        self,
        name: str,
        fetch: Fetch,
        check: Callable[[], None] | None = None,
        label: Callable[[str], str] | None = None,
        owns: Callable[[str, str], bool] | None = None,
        distant: bool = False,
    ) -> None:
        """Add a store.

        Parameters
        ----------
        name
            What claims call it.
        fetch
            A function from key to body, which raises StreamsError, LookupError, ValueError or OSError if it cannot.
        check
            Raises StreamsError if what was fetched may not hold any more.
        label
            A function from key to what people call the body.
        owns
            Tells by key and eval id whether a body is that eval's; raises as ``fetch`` does. By default it is.
        distant
            Fetching may take long.
        """
        self._stores[name] = fetch
        if check is not None:
            self._checks[name] = check
        if label is not None:
            self._labels[name] = label
        if owns is not None:
            self._owns[name] = owns
        self.distant = self.distant or distant

    def label(self, claim: _Claim) -> str:
        """Name the body of a claim for people."""
        label = self._labels.get(claim.store)
        return label(claim.key) if label is not None else f"{claim.store} {claim.key}"

    def check(self) -> None:
        """Make sure that all that was fetched still holds; to be called before a log made of it is sealed."""
        for check in self._checks.values():
            check()

    def fetch(self, claim: _Claim, eval_id: str | None = None) -> bytes:
        """Return the body of a claim.

        Parameters
        ----------
        eval_id
            The eval whose event claims it; None: whoever asks has a right to all.

        Raises
        ------
        ClaimError
            No store of that name is registered here, or the body is another eval's.
        """
        fetch = self._stores.get(claim.store)
        if fetch is None:
            raise ClaimError(f"The event claims a body from {claim.store!r}, a store that this process does not have.")
        owns = self._owns.get(claim.store)
        if owns is not None and eval_id is not None and not owns(claim.key, eval_id):
            raise ClaimError(f"The event of eval {eval_id!r} claims {claim.key}, which another eval has published.")
        return fetch(claim.key)
