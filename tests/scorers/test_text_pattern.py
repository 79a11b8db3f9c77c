import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer import AnswerPattern as InspectAnswerPattern
from text_oracle import assert_same, ours

from evalstream.scorers import AnswerPattern, answer, pattern

PATTERNS = [r"(\d+)-(\d+)", r"(\d*)", r"(a)|(b)", r"x", r"(?:x)?", r"ANSWER: (.*)", r"(.*)", r"(A)?(B)?(C)?"]


@pytest.mark.parametrize(
    ("expression", "completion", "target", "options", "value", "found", "reason"),
    [
        (r"(\d+)-(\d+)", "1-2", "2", {}, "C", "2", None),
        (r"(\d+)-(\d+)", "1-2", ["1", "2"], {"match_all": True}, "C", "12", None),
        (r"(\d+)-(\d+)", "3-4", "2", {}, "I", None, None),
        (r"(\d+)-(\d+)", "none", "2", {}, "I", None, "invalid_response_format"),
        (r"(\d+)", "is 5", "6", {}, "I", "5", None),
        (r"(\d*)", "", "", {}, "I", "", "no_response"),
    ],
)
def test_pattern_gives_the_known_results(expression, completion, target, options, value, found, reason):
    score = ours("pattern", completion, target, pattern=expression, **options)
    assert (score.value, score.answer, score.reason) == (value, found, reason)


TEXTS = st.text(alphabet="abxABX12- \nß:", max_size=8)


@settings(max_examples=500)
@given(st.sampled_from(PATTERNS), TEXTS, st.one_of(TEXTS, st.lists(TEXTS, max_size=3)), st.booleans(), st.booleans())
def test_pattern_is_inspects(expression, completion, target, ignore_case, match_all):
    assert_same("pattern", completion, target, pattern=expression, ignore_case=ignore_case, match_all=match_all)


def test_a_bad_expression_is_refused_when_the_scorer_is_made():
    with pytest.raises(re.error):
        pattern("(")


ANSWERS = st.lists(
    st.sampled_from(
        ["ANSWER: ", "answer:", "ANSWER :", "A", "b", "B)", "yes", "yes.", "$5.00", "\n", " ", "(A)", "**", "_"]
    ),
    max_size=8,
).map("".join)


@settings(max_examples=500)
@given(
    ANSWERS, st.sampled_from(["A", "b", "yes", "yes.", "$5.00", "A ", ""]), st.sampled_from(["letter", "word", "line"])
)
def test_answer_is_inspects(completion, target, kind):
    assert_same("answer", completion, target, pattern=kind)


@pytest.mark.parametrize(
    ("kind", "completion", "target", "value", "found"),
    [
        ("letter", "ANSWER: A\nANSWER: B", "B", "C", "B"),
        ("letter", "ANSWER: (A)", "A", "I", None),
        ("letter", "ANSWER: AB", "A", "I", None),
        ("word", "ANSWER: yes it is", "yes", "I", None),
        ("word", "ANSWER: yes.", "yes", "C", "yes"),
        ("word", "ANSWER: yes!!", "yes", "I", "yes!"),
        ("line", "ANSWER: first\nANSWER: second", "second", "C", "second"),
        ("line", "ANSWER: trailing  \n\n", "trailing", "I", "trailing  "),
        ("line", "x ANSWER: a ANSWER: b", "b", "I", "a ANSWER: b"),
    ],
)
def test_answer_gives_the_known_results(kind, completion, target, value, found):
    score = ours("answer", completion, target, pattern=kind)
    assert (score.value, score.answer) == (value, found)


def test_an_unknown_kind_of_answer_is_refused():
    with pytest.raises(ValueError, match="'lines'"):
        answer("lines")


@settings(max_examples=300)
@given(ANSWERS)
def test_answer_patterns_work_in_a_users_own_search(text):
    for kind in AnswerPattern:
        mine, reference = re.search(kind, text), re.search(InspectAnswerPattern[kind.name], text)
        assert (mine and mine.span(1)) == (reference and reference.span(1))
