"""Numbers as people write them: fractions, superscripts, Chinese numerals, digits of any script, grouped digits."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["unicode_number_to_float"]

_MINUS = frozenset("-−﹣－负負")
_PLUS = frozenset("+＋﹢正")
_GROUPING = frozenset(",，﹐、٬ \u00a0\u202f\u2009\u2007\u2008'’ʼ＇")
_DECIMAL_MARKS = frozenset("٫．")
_TRAILING = re.compile(rf"[\s{''.join(_GROUPING)}]+\Z")
_EXPONENT = re.compile(r"([⁻⁺]?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)\Z")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_CHINESE_DIGITS = {
    character: value
    for value, characters in enumerate(
        ("零〇○", "一壹幺", "二贰貳两兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for character in characters
}
_CHINESE_TENS = {"廿": 20, "卅": 30, "卌": 40}
_CHINESE_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_CHINESE_SECTIONS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
_CHINESE_SCALES = frozenset().union(_CHINESE_TENS, _CHINESE_UNITS, _CHINESE_SECTIONS)
_CHINESE_POINTS = (re.compile("[点點]"), re.compile("．"), re.compile(r"\."))
_CHINESE = _CHINESE_SCALES.union(_CHINESE_DIGITS, "点點负負正")


def unicode_number_to_float(text: str) -> float:
    """Read a number in any script.

    Raises
    ------
    ValueError
        The text is not a number.

    Examples
    --------
    >>> [unicode_number_to_float(t) for t in ("2½", "3²", "二十五", "１２", "Ⅻ", "12'000", "−5", "1.234,5")]
    [2.5, 9.0, 25.0, 12.0, 12.0, 12000.0, -5.0, 1234.5]
    """
    rest, sign = text.strip(), 1.0
    while rest and (rest[0] in _MINUS or rest[0] in _PLUS or rest[0].isspace()):
        if rest[0] in _MINUS:
            sign = -sign
        rest = rest[1:]
    if not rest:
        raise ValueError(f"{text!r} is not a number")
    if len(rest) == 1:
        value = unicodedata.numeric(rest, None)
        if value is not None:
            return sign * value
    base, exponent = _split_exponent(rest)
    try:
        number = sign * _base(base)
        return number if exponent is None else float(number**exponent)
    except ArithmeticError as error:  # too large, or zero to a negative power
        raise ValueError(f"{text!r} is not a finite number") from error


def _split_exponent(text: str) -> tuple[str, int | None]:
    trimmed = _TRAILING.sub("", text)
    found = _EXPONENT.search(trimmed)
    if found is None or not trimmed[: found.start()].strip():
        return text, None
    power = int(found[2].translate(_SUPERSCRIPTS))
    return trimmed[: found.start()], -power if found[1] == "⁻" else power


def _base(text: str) -> float:
    fractions = [i for i, character in enumerate(text) if 0 < unicodedata.numeric(character, 0.0) < 1]
    if not fractions:
        return _plain(text)
    first = fractions[0]
    tail = text[first + 1 :]
    if not all(character in _GROUPING or character.isspace() for character in tail):
        raise ValueError(f"{text!r} holds a fraction that is not at its end")
    head = text[:first]
    return (_plain(head) if head.strip() else 0.0) + unicodedata.numeric(text[first])


def _plain(text: str) -> float:
    text = text.strip()
    for read in (_chinese, _digits):
        value = read(text)
        if value is not None:
            return value
    if len(text) == 1:
        return unicodedata.numeric(text)
    raise ValueError(f"{text!r} is not a number")


def _digit(character: str) -> int | None:
    return unicodedata.digit(character, _CHINESE_DIGITS.get(character))


def _digits(text: str) -> float | None:
    """Read positional digits of any script, with grouping, one decimal mark and one exponent."""
    mark = _decimal_mark(text)
    written = ""
    previous = ""
    for character in text:
        digit = _digit(character)
        if digit is not None:
            written += str(digit)
        elif character in "eE":
            written += "e"
        elif previous in {"e", "E"} and (character in "+＋﹢" or character in "-−﹣－"):
            written += "+" if character in "+＋﹢" else "-"
        elif character == mark or character in _DECIMAL_MARKS:
            written += "."
        elif not (character in _GROUPING or character.isspace() or (mark and character in ".,")):
            return None
        previous = character
    try:
        return float(written)  # which also refuses a second mark or exponent, and digits that are missing
    except ValueError:
        return None


def _decimal_mark(text: str) -> str | None:
    """Of points and commas the last one is the decimal mark; lone commas only if one to three digits follow."""
    point, comma = text.rfind("."), text.rfind(",")
    if comma <= point:
        return "." if point >= 0 else None
    if point >= 0 or 1 <= sum(_digit(character) is not None for character in text[comma + 1 :]) <= 3:
        return ","
    return None


def _chinese(text: str) -> float | None:
    """Read Chinese numerals, with units or digit by digit; None for what the next reader shall try."""
    if not any(character in _CHINESE for character in text):
        return None
    whole, fraction = text, ""
    for point in _CHINESE_POINTS:
        parts = point.split(text, maxsplit=1)
        if len(parts) > 1:
            whole, fraction = parts
            break
    decimals = [_digit(character) for character in fraction if not character.isspace()]
    value = _chinese_whole([character for character in whole if not character.isspace()])
    if value is None or None in decimals:
        return None
    # Added up digit by digit, with the rounding errors that this has in Inspect.
    total, place = 0.0, 0.1
    for decimal in decimals:
        total += (decimal or 0) * place
        place /= 10.0
    return float(value) + total


def _chinese_whole(characters: list[str]) -> int | None:
    if _CHINESE_SCALES.isdisjoint(characters):
        digits = [_digit(character) for character in characters]
        return None if None in digits else int("".join(map(str, digits)) or "0")
    total = section = number = 0
    for character in characters:
        digit = _digit(character)
        if digit is not None:
            # A Chinese zero only fills a gap between units; other digits count for the unit that follows.
            number = number if character in "零〇○" else digit
        elif character in _CHINESE_TENS:
            section += _CHINESE_TENS[character]
        elif character in _CHINESE_UNITS:
            section, number = section + (number or 1) * _CHINESE_UNITS[character], 0
        elif character in _CHINESE_SECTIONS:
            total, section, number = total + (section + number) * _CHINESE_SECTIONS[character], 0, 0
        else:
            return None
    return total + section + number
