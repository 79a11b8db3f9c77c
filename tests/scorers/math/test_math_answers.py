"""Answers that `math` takes for the same, compared with Inspect's scorer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from math_oracle import assert_same, ours

from evalstream.scorers.math.texts import bare, last_box, with_latex

SAME = [
    (r"\boxed{3} then 4", "3"), ("0.3333333333333", "1/3"), ("π", "3.14159265358979"), ("50%", "0.5"), ("90°", "90"),
    (r"5 \text{ cm}", "5"), ("(0,1)", "[0,1]"), ("x", "X"), ("42 because of it\n42", "42"), ("1,234", "1234"),
    (r"1\,234", "1234"), ("{1,2}", "{2,1}"), (r"\frac12", "0.5"), ("x=5", "5"), ("5 = x", "5"), ("$x + i - i$", "x"),
    ("5!", "120"), ("1e3", "1000"), (r"\sqrt{2}", "1.41421356237309"), (r"\sin(x)^2+\cos(x)^2", "1"),
    ("(x+1)^2", "x^2+2x+1"), (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
    ("It is not possible", "it is not possible."), ("1<x<2", "1<x<2"), ("sqrt(16)", "4"), ("log(100, 10)", "2"),
    ("2j", "2i"), (r"\text{No solution}", "no solution"), ("$5$ apples", "5"), ("Answer: 5 apples\nfoo", "5 apples"),
    ("result = 7", "7"), ("**7**", "7"), (r"\binom{5}{2}", "10"), ("-5", "−5"), (r"1\frac{1}{2}", "1.5"),
    (r"\infty", "inf"), (r"(-\infty, 3]", r"(-\infty,3]"), (r"x \in [1,2]", "[1,2]"), (r"\{1,2,3\}", "{3,2,1}"),
    ("50 pct", "1/2"), ("factorial(200)", "factorial(200)"), ("x^20000", "x^20000"), ("max(1,2)", "2"),
    ("3", ["2", "3"]),
    ("floor(2.5)", "2"), ("ceil(2.5)", "3"), ("exp(1)", "e"), ("i^2", "-1"), ("x", ["x+i", "x"]), ("5 % 3", "2"),
    ("⎧7⎫", "7"), ("=5", "5"), ("1 1/2", "1 1/2"), ("y=2x+1", "y=1+2x"), ("words here", ["other words", "words here"]),
]  # fmt: skip

DIFFERENT = [
    ("99999999999", "10^11"), ("0.333", "1/3"), ("no idea", "5"), ("(1,2)", "(2,1)"), ("x<3", "x>3"), ("", "5"),
    ("2 = 2", "3"), ("1/0", "1"), (r"\begin{pmatrix}1&2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"),
    ("x^20000", "x^20001"), ("C", "5"), (r"\int x dx", "x^2/2 + 1"), ("min()", "2"), ("1_000", "1001"),
]  # fmt: skip

REFUSED = [
    ("2^{2^{2}}", "16"), ("(" * 70 + "1" + ")" * 70, "1"), ("9" * 300, "1"), (r"\det A", "1"),
    ("factorial(20000)", "1"),
    ("__import__('os')", "1"), ("open('x')", "1"), ("x" * 5000 + "+", "1"), ("x" + "+1" * 300, "1"), ("@@", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("completion", "target"), SAME)
def test_the_same_answer_in_another_form_is_correct(completion, target):
    assert_same(completion, target)


@pytest.mark.parametrize(("completion", "target"), DIFFERENT)
def test_another_answer_is_incorrect(completion, target):
    assert ours(completion, target)[0] != "correct"
    assert_same(completion, target)


@pytest.mark.parametrize(("completion", "target"), REFUSED, ids=lambda text: str(text)[:20])
def test_what_is_too_large_or_a_program_is_refused(completion, target):
    assert ours(completion, target)[0] in ("answer_limit", "answer_parse_error")
    assert_same(completion, target)


@pytest.mark.parametrize("target", ["", [], ["", "@@"], r"\det A", "9" * 300])
def test_a_target_that_cannot_be_read_is_no_target(target):
    assert ours("1", target)[0] == "no target"
    assert_same("1", target)


def test_completions_of_more_than_a_million_characters_are_not_looked_at():
    assert ours("1 " * 500_001, "1")[0] == "answer_limit"


PIECES = [
    "1", "2", "3.5", "x", "y", "X", "i", "I", "j", "e", "pi", r"\pi", "π", "+", "-", "*", "/", "^", "**",
    "=", "==", "<",
    "≤", "(", ")", "[", "]", "{", "}", r"\{", r"\}", ",", ";", " ", "\n", ".", "%", r"\%", "$", "$$", r"\(",
    r"\)", r"\[",
    r"\]", r"\boxed{", r"\frac{", r"\frac12", r"\sqrt{", "sqrt(", r"\sin", r"\text{ cm}", "answer is ",
    "Final answer: ",
    "result = ", "hello world", "no", "1,234", r"1\,234", "1e3", "∞", "∪", r"\in", "abs(", "|", "!", "_{1}", r"\left(",
    r"\right)", r"\begin{pmatrix}", r"\end{pmatrix}", "&", r"\\", "°", "√", "log", "or", "__", "#", '"',
    "007", "percent",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)
wrapped = st.one_of(
    texts, texts.map(lambda text: f"The answer is {text}"), texts.map(lambda text: rf"\boxed{{{text}}}")
)


@settings(max_examples=60)
@given(target=texts, data=st.data())
def test_whatever_is_said_is_judged_as_inspect_judges_it(target, data):
    assert_same(data.draw(st.one_of(wrapped, st.just(target))), target)


@settings(max_examples=50)
@given(texts)
def test_stripping_twice_is_stripping_once_but_for_delimiters_in_delimiters(text):
    stripped = bare(text)
    assert len(bare(stripped)) <= len(stripped) <= len(text)
    assert with_latex(with_latex(text)) == with_latex(text)
    assert (last_box(text) is None) or "{" in text
