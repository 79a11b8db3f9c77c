import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai._util.config import parse_cli_args

from evalstream.scorers import OptionSyntaxError, parse_options

VALUES = [
    "1",
    "1.5",
    "true",
    "no",
    "",
    "a",
    "a,b,3",
    "[1, 2]",
    "{a: 1}",
    "'a,b'",
    "null",
    "a=b",
    "2024-01-01",
    " x ",
    "é",
    "~",
    "1,2",
]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["a", "a-b", "long_name"]), st.sampled_from(VALUES)), max_size=4))
def test_options_are_read_as_inspect_reads_them(pairs):
    options = [f"{key}={value}" for key, value in pairs]
    assert parse_options(options) == parse_cli_args(options)


@pytest.mark.parametrize("option", ["", "location", "=any", "two words=1", "1=2"])
def test_an_option_without_key_or_value_is_refused_with_the_right_form(option):
    with pytest.raises(OptionSyntaxError, match="key=value") as caught:
        parse_options(["a=1", option])
    assert caught.value.option == option


@pytest.mark.parametrize("option", ["a=[1", "a={", "a='x", "a=2024-99-99", "a=!!python/object:os.system x"])
def test_a_value_that_is_not_yaml_is_refused_with_the_option_named(option):
    with pytest.raises(OptionSyntaxError, match="not YAML") as caught:
        parse_options([option])
    assert repr(option) in str(caught.value)


@settings(max_examples=200)
@given(st.text())
def test_any_text_is_an_option_or_the_one_error(text):
    try:
        assert len(parse_options([f"key={text}"])) == 1
    except OptionSyntaxError as error:
        assert error.option == f"key={text}"
