"""The elements of an array in pieces are those of the whole text, wherever it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers.jsontext import JsonTextError, split_array
from evalstream.streams.logs.json_stream import elements

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values, max_size=5), st.integers(1, 20), st.sampled_from([None, 1]), st.booleans())
def test_pieces_give_what_the_whole_text_gives(array, size, indent, plain):
    text = json.dumps(array, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(elements(pieces)) == split_array(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[", b"[1", b"[1,", b"[1,]", b"[,1]", b"[1 2]", b"[1]x", b"[1][", b'["a', b"[\xff]", b"[" * 10_000,
     b"[1" + b"0" * 5000 + b"]"],
)  # fmt: skip
def test_what_is_no_array_is_refused(text):
    with pytest.raises(JsonTextError):
        list(elements(text[at : at + 3] for at in range(0, len(text), 3)))
