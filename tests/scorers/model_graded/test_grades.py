"""Grades, as Inspect reads them."""

from __future__ import annotations

import pytest
from graded_oracle import assert_same, sample
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalstream.scorers import model_graded_qa

TEXTS = [
    "GRADE: C", "GRADE: I", "GRADE: P", "First GRADE: C then finally GRADE: I", "GRADE: correct",
    "GRADE: Incorrect", "grade : i", "GRADE: CI", "**GRADE: C**", "downgrade: C", "GRADE: X. earlier GRADE: C", "",
    "no verdict", "GRADE:", "GRADE: ", "GRADE: partial", "GRADE\u200b:\u200b C", "GRADE\u00a0:\u00a0C", "GRADE:\nC",
    "GRADE: c\ntrailing", "GRADE: C.", "GRADE: 'C'", "GRADE: $C", "GRADE: C_", "my_GRADE: C", "GRADEs: C",
    "UPGRADE: C", "GRADE: Partially", "GRADE: \u212a", "GRADE: İ", "GRADE: ſ", "grade: ı", "GRADE: C GRADE:",
    "GRADE: C\nGRADE: maybe", "GRADE:: C", "GRADE: 1",
]  # fmt: skip


@pytest.mark.parametrize("partial_credit", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_a_grade_is_read_as_inspect_reads_it(text, partial_credit):
    assert_same(text, partial_credit=partial_credit)


@pytest.mark.parametrize("text", TEXTS)
def test_own_instructions_let_every_letter_count(text):
    assert_same(text, instructions="Say GRADE: and a letter.")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"score=(\d+)", "score=7"), (r"score=(\d+)", "none"), (r"(yes)|(no)", "no"),
        (r"(?i)verdict: (\w+)", "Verdict: ok"),
        (r"GRADE: ([CPI])", "GRADE: P"), (r"(x*)", "abc"),
    ],
)  # fmt: skip
def test_an_own_pattern_is_authoritative(pattern, text):
    assert_same(text, grade_pattern=pattern)


words = st.sampled_from([
    "GRADE", "grade", "Grade", ":", " ", "\n", "C", "P", "I", "correct", "Incorrect", "partial", "X", "CI", "*", "_",
    "\u200b", "\u00a0", "ı", "İ", "ſ", ".",
])  # fmt: skip


@settings(max_examples=150)
@given(st.lists(words, max_size=14).map("".join), st.booleans(), st.booleans())
@example("GRADE:I", True, False)
def test_any_text_gives_the_grade_that_inspect_gives(text, partial_credit, own_instructions):
    assert_same(text, partial_credit=partial_credit, instructions="Mine." if own_instructions else None)


def test_what_has_no_grade_is_unscored_and_never_incorrect():
    assert assert_same("I cannot say.") == "NaN"
    assert assert_same("GRADE: P") == "NaN"
    assert assert_same("", sample("")) == "NaN"


@pytest.mark.parametrize(
    ("pattern", "message"), [("GRADE: C", "has no group"), ("(", "is no regular expression: missing")]
)
def test_a_pattern_that_cannot_work_is_refused_when_the_scorer_is_made(pattern, message):
    with pytest.raises(ValueError, match=f"grade_pattern {message}"):
        model_graded_qa(grade_pattern=pattern)
