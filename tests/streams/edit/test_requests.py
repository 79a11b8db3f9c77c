"""What is typed, or stands in a CSV file, as edits."""

from __future__ import annotations

import math

import pytest

from evalstream.streams.edit.requests import make_edit, read_edits, value_of
from evalstream.streams.errors import UsageError


def test_values_are_json_where_they_read_as_such():
    assert [value_of(text) for text in ("C", "1", "true", "[1, 2]", '"1"', "null", "", "{a")] == [
        "C", 1, True, [1, 2], "1", None, "", "{a",
    ]  # fmt: skip
    assert math.isnan(value_of("NaN"))


def test_rows_become_edits_and_empty_cells_take_the_defaults(tmp_path):
    path = tmp_path / "edits.csv"
    path.write_text(
        '\ufeffsample,epoch,scorer,value,explanation,author\n12,1,match,C,"it says, ""4""",\ns1,,f1,0.5,,somebody\n',
        encoding="utf-8",
    )
    first, second = read_edits(path, {"author": "me", "reason": "why"})
    assert (first.sample, first.epoch, first.scorer, first.edit.value) == ("12", 1, "match", "C")
    assert (first.edit.explanation, first.edit.answer) == ('it says, "4"', "UNCHANGED")
    assert (first.edit.provenance.author, first.edit.provenance.reason) == ("me", "why")
    assert (second.epoch, second.edit.value, second.edit.provenance.author) == (None, 0.5, "somebody")
    assert second.place.endswith("line 3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no column 'sample'"),
        (b"sample;scorer;value\n1;match;C\n", "separated by semicolons: save it with commas"),
        (b"sample,scorer,value\n1,match,null\n", "line 2: null is no value of a score: NaN marks"),
        (b'sample,scorer,value\n1,match,"[1,"\n', "1,' begins like JSON and is none: mend it"),
        (b"sample,value\n1,C\n", "no column 'scorer'"),
        (b"sample,scorer,valeu\n1,match,C\n", "'valeu' that means nothing"),
        (b"sample,scorer,value\n1,match\n", "line 2: there are more or fewer cells"),
        (b"sample,scorer,value\n1,match,C,D\n", "line 2: there are more or fewer cells"),
        (b"sample,scorer,value\n1,match,C\n,match,C\n", "line 3: an edit needs a sample"),
        (b"sample,scorer,value\n1,match,\n", "line 2: nothing is to change"),
        (b"sample,scorer,value,epoch\n1,match,C,one\n", "line 2: the epoch 'one'"),
        (b'sample,scorer,value\n1,match,"C\n', "no CSV"),
        (b"sample,scorer,value\n1,match,[[1]]\n", "line 2: the value"),
        (b"sample,scorer,value\n\xff,match,C\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_said_with_its_line(text, message, tmp_path):
    path = tmp_path / "edits.csv"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=message):
        read_edits(path, {"author": "me"})


def test_a_file_that_is_not_there_and_an_edit_without_an_author_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_edits(tmp_path / "none.csv", {})
    with pytest.raises(UsageError, match="author"):
        make_edit({"value": "C"})
