"""What comes out of a store is what was put in, or an error that says what is wrong and gives no secret away."""

from __future__ import annotations

import errno
import hashlib
import os
import traceback
from pathlib import Path

import fsspec
import pytest
import zstandard

from evalstream.streams.blobs.claim_check import ClaimCheck
from evalstream.streams.blobs.folder import FolderPlace
from evalstream.streams.blobs.key import BlobKey
from evalstream.streams.blobs.remote import RemotePlace
from evalstream.streams.blobs.store import BlobStore
from evalstream.streams.blobs.where import blob_place
from evalstream.streams.errors import BlobError, ClaimError, UsageError
from evalstream.streams.scoring.retries import is_transient
from evalstream.streams.settings import Settings

BODY = b'{"id":1}' * 1000


@pytest.fixture(params=["folder", "url"])
def place(request, tmp_path, topic_prefix):
    return FolderPlace(tmp_path / "blobs") if request.param == "folder" else RemotePlace(f"memory://{topic_prefix}/b")


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def store(folder) -> BlobStore:
    return BlobStore(FolderPlace(folder), most=10_000)


def test_a_body_comes_back_and_takes_less_room(place):
    store = BlobStore(place)
    claim = store.put("e", BODY)
    assert store.fetch(claim.key) == BODY
    (blob,) = place.blobs()
    assert str(blob.key) == claim.key
    assert blob.size < len(BODY) / 10
    assert blob.written is not None
    assert (store.owns(claim.key, "e"), store.owns(claim.key, "f")) == (True, False)


def test_the_same_body_again_is_the_same_blob_and_mends_a_damaged_one(store, folder):
    claim = store.put("e", BODY)
    (folder / claim.key).write_bytes(b"damaged")
    assert store.put("e", BODY) == claim
    assert store.fetch(claim.key) == BODY


def test_nothing_is_left_beside_a_blob_and_an_eval_that_is_deleted_leaves_no_folder(store, folder):
    claim = store.put("e", BODY)
    place = FolderPlace(folder)
    assert [path.name for path in (folder / claim.key).parent.iterdir()] == [Path(claim.key).name]
    (folder / claim.key).with_name(".evalstream-0.partial").write_bytes(b"of a publisher that was killed")
    place.delete(BlobKey.parse(claim.key))
    assert list(folder.iterdir()) == []
    place.delete(BlobKey.parse(claim.key))


def test_what_is_no_blob_is_not_listed(store, folder):
    store.put("e", BODY)
    (folder / "notes.txt").write_text("mine")
    (folder / "more").mkdir()
    (folder / "more" / "notes.txt").write_text("mine")
    assert len(list(FolderPlace(folder).blobs())) == 1
    assert list(FolderPlace(folder / "nowhere").blobs()) == []


def test_a_missing_blob_says_which_where_and_what_to_set(place):
    key = str(BlobKey.of("e", BODY))
    with pytest.raises(BlobError, match="set blob_dir to the place that the publisher names") as raised:
        BlobStore(place).fetch(key)
    assert key in str(raised.value)
    assert place.name in str(raised.value)
    assert not is_transient(raised.value)


def lying(size: int) -> bytes:
    """A frame whose header says another size than its content has."""
    frame = bytearray(zstandard.ZstdCompressor().compress(b"x" * 300))
    at = frame.index((300 - 256).to_bytes(2, "little"))
    frame[at : at + 2] = (size - 256).to_bytes(2, "little")
    return bytes(frame)


DAMAGED = {
    "empty": b"",
    "garbage": b"garbage" * 100,
    "cut": zstandard.ZstdCompressor().compress(BODY)[:-5],
    "more behind it": zstandard.ZstdCompressor().compress(BODY) + b"more",
    "another content": zstandard.ZstdCompressor().compress(BODY + b" "),
    "no size": zstandard.ZstdCompressor(write_content_size=False).compress(BODY),
    "too large": zstandard.ZstdCompressor().compress(b" " * 10_001),
    "a bomb": zstandard.ZstdCompressor().compress(bytes(200_000_000)),
    "a lie about its size": lying(9000),
    "a large file": b"\0" * 20_000,
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_blob_that_is_not_what_its_name_says_is_refused(what, store, folder):
    claim = store.put("e", BODY)
    (folder / claim.key).write_bytes(DAMAGED[what])
    with pytest.raises(BlobError, match="is not what was written there") as raised:
        store.fetch(claim.key)
    assert claim.key in str(raised.value)
    assert not is_transient(raised.value)


def test_a_blob_is_measured_before_it_is_read_and_before_it_is_unpacked(topic_prefix, folder):
    # The content is what the name says, and still too large.
    bomb = bytes(50_000_000)
    key = f"{BlobKey.of('e', b'').eval}/{hashlib.sha256(bomb).hexdigest()}.zst"
    places = [FolderPlace(folder), RemotePlace(f"memory://{topic_prefix}/bombs")]
    for place in places:
        place.write(BlobKey.parse(key), zstandard.ZstdCompressor().compress(bomb))
        with pytest.raises(BlobError, match="50000000 bytes, more than 1000"):
            BlobStore(place, most=1000).fetch(key)
        place.write(BlobKey.parse(key), bytes(5000))
        with pytest.raises(BlobError, match="5000 bytes, more than"):
            BlobStore(place, most=1000).fetch(key)


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_followed_nor_waited_for(kind, store, folder, tmp_path):
    claim = store.put("e", BODY)
    path = folder / claim.key
    elsewhere = path.rename(tmp_path / "elsewhere")
    {"link": lambda: path.symlink_to(elsewhere), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    with pytest.raises(BlobError):
        store.fetch(claim.key)


def test_a_key_that_is_none_touches_no_file(store):
    with pytest.raises(ClaimError):
        store.fetch("../../etc/passwd")
    with pytest.raises(ClaimError):
        store.owns("../../etc/passwd", "e")


class Failing:
    """A place that raises."""

    name = "s3://bucket"

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def read(self, key, most):
        raise self.errors.pop(0)

    def write(self, key, data):
        if self.errors:
            raise self.errors.pop(0)


class LibraryError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectionResetError(errno.ECONNRESET, "signature=s3kr1t"), True),
        (OSError(errno.ESTALE, "signature=s3kr1t"), True),
        (LibraryError("https://host/?signature=s3kr1t"), True),
        (OSError("signature=s3kr1t"), True),
        (PermissionError(errno.EACCES, "signature=s3kr1t"), False),
        (ValueError("signature=s3kr1t"), False),
        (OSError(errno.EROFS, "signature=s3kr1t"), False),
    ],
    ids=str,
)
def test_an_error_of_the_place_is_told_without_its_own_words_and_says_whether_to_try_again(error, transient):
    for attempt in (lambda s: s.fetch(str(BlobKey.of("e", BODY))), lambda s: s.put("e", BODY)):
        with pytest.raises(BlobError, match="s3://bucket") as raised:
            attempt(BlobStore(Failing(error)))
        assert is_transient(raised.value) is transient
        # A dead letter carries the whole stack trace.
        assert "s3kr1t" not in "".join(traceback.format_exception(raised.value))


def test_a_publisher_waits_for_a_store_that_does_not_answer_just_now(monkeypatch, caplog):
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    check = ClaimCheck(BlobStore(Failing(ConnectionResetError(), TimeoutError())), most=10)
    assert check.take("e", BODY).key == str(BlobKey.of("e", BODY))
    assert (len(pauses), check.taken) == (2, 1)
    with pytest.raises(BlobError):
        ClaimCheck(BlobStore(Failing(PermissionError())), most=10).take("e", BODY)


def test_secrets_in_a_url_are_not_shown():
    place = RemotePlace("memory://ann:s3kr1t@host/blobs?signature=s3kr1t")
    assert place.name == "memory://ann:********@host/blobs"


def test_a_url_that_nothing_here_can_open_says_what_is_missing(monkeypatch):
    def missing(protocol):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    with pytest.raises(UsageError, match=r"needs a package that is not installed: Install s3fs"):
        blob_place(Settings(blob_dir="s3://bucket/blobs"))
    monkeypatch.undo()
    with pytest.raises(UsageError, match=r"nothing://x has a protocol that fsspec does not know"):
        blob_place(Settings(blob_dir="nothing://x"))


@pytest.mark.parametrize("text", ["", "a\0b", "~nobody-here/x", "file://host/x"])
def test_a_blob_dir_that_names_no_folder_is_refused(text):
    with pytest.raises(UsageError):
        blob_place(Settings(blob_dir=text))
