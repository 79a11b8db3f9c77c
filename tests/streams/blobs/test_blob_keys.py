"""A key that an event names is a blob's name or is refused; none leads out of the blob dir."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.blobs.key import BlobKey, eval_digest
from evalstream.streams.errors import ClaimError

EVAL, SHA = "a" * 32, "0" * 64

HOSTILE = [
    "", "/", "..", f"../{EVAL}/{SHA}.zst", f"/{EVAL}/{SHA}.zst", f"{EVAL}/../{SHA}.zst", f"{EVAL}//{SHA}.zst",
    f"{EVAL}/{SHA}.zst\n", f"{EVAL}/{SHA}.zst\0", f"\0{EVAL}/{SHA}.zst", f"{EVAL}\\{SHA}.zst", f"{EVAL}/{SHA}.ZST",
    f"{EVAL.upper()}/{SHA}.zst", f"{'a' * 33}/{SHA}.zst", f"{'a' * 64}/{SHA}.zst", f"{EVAL}/{SHA}", f"{EVAL}/{SHA}xzst",
    f"s3://bucket/{EVAL}/{SHA}.zst", "etc/passwd", "/etc/passwd", "١" * 32 + f"/{SHA}.zst",
    f"{EVAL}/{SHA}.zst" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_has_not_the_form_of_a_key_is_refused_in_a_short_message(text):
    with pytest.raises(ClaimError) as raised:
        BlobKey.parse(text)
    assert len(str(raised.value)) < 1000
    assert str(raised.value).isprintable()


@given(st.text() | st.from_regex(r"[0-9a-f./]{0,40}/[0-9a-f]{0,70}\.zst[^a]?"))
def test_any_text_is_either_refused_or_is_a_key_that_stays_in_its_folder(text):
    try:
        key = BlobKey.parse(text)
    except ClaimError:
        return
    assert str(key) == text
    path = Path("/blobs") / text
    assert path.parent.parent == Path("/blobs")
    assert ".." not in path.parts


@given(st.text(st.characters()), st.binary(max_size=50))
def test_every_eval_and_body_has_a_key_that_can_be_read_again(eval_id, body):
    key = BlobKey.of(eval_id, body)
    assert BlobKey.parse(str(key)) == key
    assert key.eval == eval_digest(eval_id)
    assert BlobKey.of(eval_id, body + b"x") != key
    assert BlobKey.of(eval_id + "x", body) != key
