import math

from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai._util.text import strip_numeric_punctuation as inspect_strip
from inspect_ai.scorer._unicode import unicode_number_to_float as inspect_number

from evalstream.scorers.text.numbers import normalized, parse_number, strip_numeric_punctuation
from evalstream.scorers.text.unicode_numbers import unicode_number_to_float

SIGNS = "-−﹣－负負+＋﹢正"
FRACTIONS = "½¼⅔⅒Ⅻ"
SUPERSCRIPTS = "⁰²³⁹⁻⁺"
CHINESE = "零〇○一幺二贰两三叁九玖十拾百佰千仟万萬亿億兆廿卅卌点"
MARKS = ".,٫．，﹐、٬'’ \u00a0\u202f\t"
OTHER_DIGITS = "１２٣५①㊀௰"
NUMBER_LIKE = st.text(
    alphabet="0123456789" * 3 + "eE" + SIGNS + FRACTIONS + SUPERSCRIPTS + CHINESE + MARKS + OTHER_DIGITS
)


def outcome(read, text):
    try:
        return repr(read(text))
    except (ValueError, ArithmeticError):
        return "not a number"


@settings(max_examples=800)
@given(st.one_of(NUMBER_LIKE, NUMBER_LIKE.map(lambda text: text[:4])))
def test_numbers_of_any_script_are_read_as_inspect_reads_them(text):
    assert outcome(unicode_number_to_float, text) == outcome(inspect_number, text)


@settings(max_examples=300)
@given(st.text())
def test_reading_a_number_never_raises_anything_but_value_error(text):
    outcome(unicode_number_to_float, text)
    number = parse_number(text)
    assert number is None or math.isfinite(number)


@settings(max_examples=300)
@given(st.text(alphabet="$£€*_,.\\ \n0159٣ab"))
def test_decoration_is_stripped_as_inspect_strips_it(text):
    assert strip_numeric_punctuation(text) == inspect_strip(text)


def test_a_power_that_no_float_can_hold_is_not_a_number():
    assert parse_number("9⁹⁹⁹⁹⁹") is None
    assert parse_number("0⁻¹") is None
    assert parse_number("9" * 400) is None


@given(st.integers(-99999, 99999))
def test_a_normalised_number_reads_back_as_itself(number):
    assert parse_number(normalized(float(number))) == number
