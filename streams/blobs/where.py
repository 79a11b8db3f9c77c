"""Where the blobs of a process are, by its settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..claims import ClaimStores
from ..settings.folders import as_folder
from ..settings.model import Settings
from ..transport.stores import embedded_folder
from .folder import FolderPlace
from .place import BlobPlace
from .store import STORE, BlobStore

__all__ = ["blob_dir", "blob_place", "open_blobs", "register_blobs"]

FOLDER = "blobs"


def open_blobs(settings: Settings) -> BlobStore:
    """Return the store of blobs that the settings mean; nothing is made or connected yet.

    Raises
    ------
    UsageError
        ``blob_dir`` is a URL that nothing here can open.
    """
    return BlobStore(blob_place(settings))


def register_blobs(settings: Settings, claims: ClaimStores) -> None:
    """Let events claim large samples from the place that the settings mean.

    Raises
    ------
    UsageError
        ``blob_dir`` is a URL that nothing here can open.
    """
    blobs = open_blobs(settings)
    # Without a label: people know the sample by its record's key.
    claims.register(STORE, blobs.fetch, label=lambda key: "", owns=blobs.owns, distant=True)


def blob_dir(settings: Settings) -> str:
    """Return the folder or URL that the settings mean: a setting for who has another broker, and the same blobs."""
    if settings.blob_dir is not None:
        return settings.blob_dir
    if urlsplit(settings.broker).scheme == "embedded":
        return str(embedded_folder(settings.broker) / FOLDER)
    return f"{settings.log_dir if isinstance(settings.log_dir, str) else settings.log_dir.absolute()}/{FOLDER}"


def blob_place(settings: Settings) -> BlobPlace:
    """Return the place that the settings mean.

    An embedded broker's own folder is the one place that its worker and its publishers both know without being told;
    it also goes when the broker's data does. With Kafka it is below the log dir, which must be the same for all then.

    Examples
    --------
    >>> blob_place(Settings(broker="embedded:///data/broker")).name
    '/data/broker/blobs'
    >>> blob_place(Settings(broker="kafka://one", log_dir="/data/logs")).name
    '/data/logs/blobs'
    >>> blob_place(Settings(broker="kafka://one", blob_dir="file:///data/large")).name
    '/data/large'

    Raises
    ------
    UsageError
        ``blob_dir`` is a URL that nothing here can open.
    """
    text = blob_dir(settings)
    folder = as_folder(text, "blob_dir")
    if folder is not None:
        return FolderPlace(folder.absolute())
    # Not at the top: fsspec is imported only by who has such a URL.
    from .remote import RemotePlace  # noqa: PLC0415

    return RemotePlace(text)
