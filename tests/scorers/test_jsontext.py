from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers.jsontext import (
    JsonTextError,
    dumps,
    join_array,
    join_object,
    loads,
    split_array,
    split_object,
)

TEXT = st.text(st.characters(exclude_categories=[]), max_size=8)  # lone surrogates included
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
INDENTS = st.sampled_from([None, 0, 2])


@given(VALUES)
def test_what_is_printed_is_parsed(value):
    assert repr(loads(dumps(value))) == repr(value)
    assert repr(json.loads(dumps(value))) == repr(value)


@given(st.dictionaries(TEXT, VALUES, max_size=5), INDENTS, st.booleans())
def test_an_object_is_cut_into_the_texts_of_its_members(value, indent, ascii_only):
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    value = json.loads(data)
    members = split_object(data)
    assert repr({key: json.loads(text) for key, text in members.items()}) == repr(value)
    assert all(text in data and text == text.strip() for text in members.values())
    assert repr(json.loads(join_object(members))) == repr(value)
    assert split_object(join_object(members)) == members


@given(st.lists(VALUES, max_size=5), INDENTS, st.booleans())
def test_an_array_is_cut_into_the_texts_of_its_elements(value, indent, ascii_only):
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    value = json.loads(data)
    elements = split_array(data)
    assert repr([json.loads(text) for text in elements]) == repr(value)
    assert all(text in data and text == text.strip() for text in elements)
    assert split_array(join_array(elements)) == elements


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=3))
def test_nan_changes_nothing_but_the_way(value):
    data = dumps(value)
    plain, strange = split_object(data), split_object(data[:-1] + b',"nan":NaN}')
    strange.pop("nan")
    assert strange == {k: v for k, v in plain.items() if k != "nan"}


@pytest.mark.parametrize("cut", [split_object, split_array])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"1",
        b"null",
        b"{",
        b"[",
        b"{]",
        b"[}",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1,}',
        b"{1:2}",
        b"[1,]",
        b"[1 2]",
        b"[1] 2",
        b'{"a":1} 2',
        b'{"a":NaN',
        b"[NaN",
        b"[NaN}",
        b"[NaN] x",
        b'{"a":NaN} x',
        b'{"a":NaN "b":1}',
        b'["\xff"]',
        b'{"\xff":1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_such_text_is_one_kind_of_error(cut, data):
    with pytest.raises(JsonTextError):
        cut(data)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[1,]", b'"\xff"', b"[" * 100_000, b"1" * 10_000])
def test_what_is_no_json_is_one_kind_of_error(data):
    with pytest.raises(JsonTextError):
        loads(data)


def test_the_error_says_where():
    with pytest.raises(JsonTextError, match="character 7"):
        split_object(b'{"a":1,}')
    with pytest.raises(JsonTextError, match="byte 2"):
        split_array(b'["\xff"]')


def test_numbers_that_json_has_no_word_for():
    nan, infinity, minus = loads(b"[NaN,Infinity,-Infinity]")
    assert math.isnan(nan)
    assert (infinity, minus) == (math.inf, -math.inf)
    assert dumps([nan, infinity, minus]) == b"[NaN,Infinity,-Infinity]"


def test_of_a_repeated_key_the_last_counts():
    assert split_object(b'{"a":1,"a":2}') == {"a": b"2"}
    assert split_object(b'{"a":1,"a":NaN}') == {"a": b"NaN"}


def test_a_lone_surrogate_is_escaped():
    assert dumps({"\ud800": "\udfff"}) == b'{"\\ud800":"\\udfff"}'
    assert join_object({"\ud800": b"1"}) == b'{"\\ud800":1}'


def test_large_integers_keep_their_digits():
    assert loads(b"123456789012345678901234567890") == 123456789012345678901234567890
    assert split_array(b"[123456789012345678901234567890]") == [b"123456789012345678901234567890"]
