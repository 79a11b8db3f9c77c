import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer._classification import _normalize as inspect_normalize
from text_oracle import assert_same, ours, theirs

from evalstream.scorers.text.normalise import normalise

PIECES = [
    "the",
    "a",
    "An",
    "cat",
    "dog",
    "3.50",
    "(3.14).",
    "1,000",
    "1_000",
    "-5",
    "½",
    "１",
    "inf",
    "nan",
    "e.g.",
    "and/or",
]
PIECES += ["foo—bar", "100%", "$3", "a.b", "\n", "\t", "--", "'", "Straße", "1e3"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=6).map("-".join),
    st.text(max_size=12),
)
TARGETS = st.one_of(TEXTS, st.lists(TEXTS, max_size=3))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("3.50", "3.5"),
        ("$3.50", "3.5"),
        ("1,000", "1000.0"),
        ("100%", "100.0"),
        ("-5", "5.0"),
        ("5-6", "5.0 6.0"),
        ("a.b", "ab"),
        ("e.g.", "eg"),
        ("and/or", "andor"),
        ("inf", "inf"),
        ("½", "½"),
        ("foo—bar", "foo—bar"),
        ("A", ""),
    ],
)
def test_normal_form(text, form):
    assert normalise(text) == form


@settings(max_examples=500)
@given(TEXTS, st.lists(st.sampled_from(PIECES), max_size=2))
def test_normal_form_is_inspects(text, stop_words):
    from evalstream.scorers.text.normalise import normal_stop_words

    assert normalise(text, normal_stop_words(stop_words)) == inspect_normalize(text, stop_words)


@settings(max_examples=300)
@given(TEXTS, TARGETS)
def test_exact_is_inspects(completion, target):
    assert_same("exact", completion, target)


@settings(max_examples=400)
@given(TEXTS, TARGETS, st.one_of(st.none(), st.lists(st.sampled_from(PIECES), max_size=2)))
def test_f1_is_inspects(completion, target, stop_words):
    assert_same("f1", completion, target, stop_words=stop_words)


@pytest.mark.parametrize(
    ("completion", "target", "value"),
    [("foo-bar", "foo bar", "C"), ("the", "the", "I"), ("(3.14).", "3.14", "C"), ("-5", "5", "C"), ("", "", "I")],
)
def test_exact_gives_the_known_results(completion, target, value):
    assert ours("exact", completion, target).value == value


@pytest.mark.parametrize(
    ("completion", "target", "options", "value"),
    [
        ("cat dog", ["cat", "dog mouse bird"], {}, 0.67),
        ("foo-bar baz", "bar", {}, 0.5),
        ("is it a cat", "it is cat", {"stop_words": ["is"]}, 1.0),
        ("cat cat sat", "cat sat", {}, 0.8),
        ("one two three", "one four five", {}, 0.33),
        ("", "cat", {}, 0.0),
    ],
)
def test_f1_gives_the_known_results(completion, target, options, value):
    assert ours("f1", completion, target, **options).value == value


def test_f1_judges_the_extracted_answer_but_the_reason_by_the_completion():
    options = {"answer_fn": lambda text: text.partition(":")[2]}
    score = ours("f1", "answer:", "cat", **options)
    assert (score.answer, score.reason) == ("", None)
    assert theirs("f1", "answer:", "cat", **options).reason is None
