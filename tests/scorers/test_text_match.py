import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_oracle import assert_same, ours

from evalstream.scorers import match

VECTORS = [
    # completion, target, options, value, answer
    ("The answer is Paris.", "paris", {}, "C", "The answer is Paris."),
    ("answer: 142", "42", {}, "C", "answer: 142"),
    ("25", "5", {"numeric": True}, "I", "25"),
    ("$1,234.50", "1234.5", {"numeric": True}, "C", "1234.5"),
    ("5 apples and 7 pears", "5", {"numeric": True, "location": "any"}, "C", "5"),
    ("5 apples and 7 pears", "6", {"numeric": True, "location": "any"}, "I", "5 apples and 7 pears"),
    ("123456", "123457", {"numeric": True}, "C", "1.2346e+05"),
    ("The answer is 42.", "42", {"numeric": True}, "C", "42"),
    ("1.234,5", "1234.5", {"numeric": True}, "I", "1.2345"),
    ("5,5", "55", {"numeric": True}, "C", "55"),
    ("20%", "20", {"numeric": True}, "I", ""),
    ("20%", ["20", "20%"], {"numeric": True}, "C", "20%"),
    ("42kg", "42", {"numeric": True}, "I", ""),
    ("42 kg", "42", {"numeric": True}, "C", "42"),
    ("<42", "42", {"numeric": True}, "I", ""),
    ("(42)", "42", {"numeric": True}, "C", "42"),
    ("(42)", "42", {"numeric": True, "location": "exact"}, "I", "(42)"),
    ("-5", "−5", {"numeric": True}, "C", "-5"),
    ("½", "0.5", {"numeric": True}, "C", "0.5"),
    ("二十五", "25", {"numeric": True}, "C", "25"),
    ("Ⅻ", "12", {"numeric": True}, "C", "12"),
    ("12'000", "12000", {"numeric": True}, "C", "12000"),
    ("12 000", "12000", {"numeric": True}, "I", "0"),
    ("1\u00a0234", "1234", {"numeric": True}, "I", "234"),
    ("1/2", "1/2", {"numeric": True}, "C", "1/2"),
    ("1e3", "1000", {"numeric": True}, "C", "1000"),
    ("inf", "inf", {"numeric": True}, "C", "inf"),
    ("0", "-0", {"numeric": True}, "I", "0"),
    (r"\$20", "20", {"numeric": True}, "C", "20"),
    ("a_b", "a_b", {"numeric": True}, "I", "a_b"),
    ("about 1000 dollars", "1,000 dollars", {"numeric": True}, "C", "about 1000 dollars"),
    ("Straße", "STRASSE", {}, "C", "Straße"),
    ("“Paris”", "paris", {"location": "exact"}, "I", "“Paris”"),
    ("Ａ", "a", {}, "I", "Ａ"),
]


@pytest.mark.parametrize(("completion", "target", "options", "value", "answer"), VECTORS)
def test_match_gives_the_known_results(completion, target, options, value, answer):
    score = ours("match", completion, target, **options)
    assert (score.value, score.answer, score.explanation) == (value, answer, completion)
    assert_same("match", completion, target, **options)


def test_a_blank_completion_can_be_correct_and_still_says_no_response():
    score = ours("match", " \n", ".")
    assert (score.value, score.answer, score.reason) == ("C", "", "no_response")


def test_no_target_at_all_is_incorrect_without_an_answer():
    score = ours("match", "x", [])
    assert (score.value, score.answer) == ("I", None)


def test_an_unknown_location_is_refused_instead_of_meaning_anywhere():
    with pytest.raises(ValueError, match="'ends'"):
        match("ends")


PIECES = st.sampled_from(
    [
        "42",
        "-5",
        "1,234.5",
        "$",
        "€",
        "*",
        "_",
        ".",
        ",",
        " ",
        "\n",
        "\xa0",
        "½",
        "二十五",
        "１２",
        "%",
        "kg",
        "Paris",
        "(",
        ")",
        "!",
        "'",
        "\\$",
        "e3",
        "Straße",
        "ß",
        "İ",
        "inf",
        "nan",
        "²",
        "−",
        "3.14159",
        "0",
        "the",
        "“",
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=6).map("".join), st.lists(PIECES, max_size=6).map(" ".join), st.text(max_size=12)
)


@settings(max_examples=600)
@given(
    TEXTS,
    st.one_of(TEXTS, st.lists(TEXTS, max_size=3)),
    st.sampled_from(["begin", "end", "any", "exact"]),
    st.booleans(),
    st.booleans(),
)
def test_match_is_inspects(completion, target, location, ignore_case, numeric):
    assert_same("match", completion, target, location=location, ignore_case=ignore_case, numeric=numeric)


@settings(max_examples=200)
@given(TEXTS, st.one_of(TEXTS, st.lists(TEXTS, max_size=3)), st.booleans())
def test_includes_is_inspects(completion, target, ignore_case):
    assert_same("includes", completion, target, ignore_case=ignore_case)


@pytest.mark.parametrize(
    ("completion", "target", "options", "value", "answer", "reason"),
    [
        ("The CAT sat", "cat", {}, "C", "the cat sat", None),
        ("The CAT sat", "cat", {"ignore_case": False}, "I", "The CAT sat", None),
        ("", "", {}, "C", "", "no_response"),
        ("x", [], {}, "I", None, None),
    ],
)
def test_includes_gives_the_known_results(completion, target, options, value, answer, reason):
    score = ours("includes", completion, target, **options)
    assert (score.value, score.answer, score.reason) == (value, answer, reason)
