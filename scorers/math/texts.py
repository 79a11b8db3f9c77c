r"""Texts with mathematics in them: delimiters, boxes, and the characters that stand for LaTeX.

Nothing here knows SymPy, and every function takes time in proportion to the text.
"""

from __future__ import annotations

import re

__all__ = [
    "LONGEST",
    "MOST_NESTED",
    "bare",
    "box_content",
    "has_prose_around_math",
    "is_prose",
    "last_box",
    "last_delimited",
    "normal_text",
    "with_latex",
]

LONGEST = 4_096
"""Characters of an answer; what is longer is not looked at as mathematics."""

MOST_NESTED = 64

WORD = re.compile(r"[A-Za-z]{2,}")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Bars of box-drawing characters are how some models draw a box.
_LATEX = {
    "\n│": r"\boxed{",
    "│": "}",
    "\n┃": r"\boxed{",
    "┃": "}",
    "⎧": r"\boxed{",
    "⎫": "}",
    "\n\uf8f0": r"\boxed{",
    "\uf8fb": "}",
    "√": r"\sqrt",
    "×": r"\cdot",
    "÷": "/",
    "\u202f": " ",
    "−": "-",
    "–": "-",
    "π": r"\pi",
    "°": r"^\circ",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "∪": r"\cup",
    "∩": r"\cap",
}
_NOT_LATEX = re.compile("|".join(_LATEX))  # with the longer ones first

_BOX = re.compile(r"(?:\\(?:beginboxed|boxed|fbox)|(?<![A-Za-z\\])(?:boxed|fbox|oxed))\s*\{")
_DELIMITERS = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"))
_SPACING = r"(?:\\[,;:!]|\\quad|\\qquad)"
_LEADING_SPACE = re.compile(rf"^(?:{_SPACING}\s*)+")
_TRAILING_SPACE = re.compile(rf"(?:{_SPACING}\s*)+$")
_END = " \t\r\n.,;:"
_MATH_SPANS = re.compile(r"\$\$.*?\$\$|\$.*?\$|\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|mbox)\s*\{([^{}]*)\}")


def with_latex(text: str) -> str:
    r"""Replace characters such as √ and π by LaTeX, and drop control characters.

    Examples
    --------
    >>> with_latex("2π ≤ √{50}")
    '2\\pi \\le \\sqrt{50}'
    """
    return _NOT_LATEX.sub(lambda found: _LATEX[found[0]], _CONTROL.sub("", text))


def last_box(text: str) -> str | None:
    r"""Return what is in the last ``\boxed{…}`` whose braces are balanced; boxes in boxes are part of the outer one.

    Examples
    --------
    >>> last_box(r"\boxed{1} or rather \boxed{\frac{1}{2}}, not \boxed{3")
    '\\frac{1}{2}'
    """
    last: str | None = None
    position = 0
    while found := _BOX.search(text, position):
        content = box_content(text, found.end() - 1)
        if content is None:
            position = found.end()
        else:
            last, position = content
    return last


def box_content(text: str, opening: int) -> tuple[str, int] | None:
    """Return what the brace at ``opening`` holds, and the index after its closing one; None if it is not balanced.

    Of what is longer than `LONGEST` only so much comes that it is seen to be longer.
    """
    depth = 0
    for index in range(opening, len(text)):
        if text[index] == "{":
            depth += 1
            if depth > MOST_NESTED:
                return None
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return text[opening + 1 : min(index, opening + LONGEST + 2)], index + 1
    return None


def last_delimited(text: str) -> str | None:
    r"""Return the last formula between delimiters: ``$$…$$``, ``\[…\]``, ``\(…\)`` or ``$…$``.

    Examples
    --------
    >>> last_delimited(r"So $x = 1$, and \(y = 2\) follows.")
    'y = 2'
    """
    last_end, last = -1, None
    for opening, closing in _DELIMITERS:
        end = text.rfind(closing)
        start = text.rfind(opening, 0, end) if end >= 0 else -1
        if start >= 0 and end > last_end:
            last_end, last = end, text[start + len(opening) : end]
    single = _last_between_dollars(text)
    if single is not None and text.rfind("$") > last_end:
        last = single
    return last


def _last_between_dollars(text: str) -> str | None:
    dollars = [
        index
        for index, character in enumerate(text)
        if character == "$" and text[index - 1 : index] not in ("\\", "$") and text[index + 1 : index + 2] != "$"
    ]
    pairs = len(dollars) // 2
    return text[dollars[2 * pairs - 2] + 1 : dollars[2 * pairs - 1]] if pairs else None


def bare(text: str) -> str:
    r"""Strip delimiters, bold, spacing commands and the end of a sentence.

    Examples
    --------
    >>> bare(r"**$\,x + 1\,$**."), bare("$5$ and $6$")
    ('**$\\,x + 1\\,$**', '$5$ and $6$')
    >>> bare(r"**$\,x + 1.$**")
    'x + 1'
    """
    text = text.strip()
    while len(text) >= 4 and text.startswith("**") and text.endswith("**"):
        text = text[2:-2].strip()
    for opening, closing in _DELIMITERS:
        if text.startswith(opening) and text.endswith(closing):
            text = text[len(opening) : -len(closing)].strip()
    if text.startswith("$") and text.endswith("$") and text.count("$") == 2:
        text = text[1:-1].strip()
    return _TRAILING_SPACE.sub("", _LEADING_SPACE.sub("", text)).rstrip(_END)


def is_prose(text: str) -> bool:
    """Tell whether a text is words, and nothing that looks like a formula."""
    return not any(sign in text for sign in r"\=+-*/^<>[]{}()") and len(WORD.findall(text)) >= 2


def has_prose_around_math(text: str) -> bool:
    """Tell whether a text is a short answer that words and formulas make together, such as "$5$ apples"."""
    if len(text) > 512 or text.count("\n") > 2 or not any(sign in text for sign in ("$", r"\(", r"\[")):
        return False
    if "\n" in text and text.count("$") >= 4:
        return True
    return bool(WORD.search(_MATH_SPANS.sub(" ", text)))


def normal_text(text: str) -> str:
    r"""Return a text in the form in which answers that are words are compared.

    Examples
    --------
    >>> normal_text(r"\text{No  solution}.")
    'no solution'
    """
    text = _TEXT_COMMAND.sub(r"\1", bare(text)).replace(r"\ ", " ")
    return re.sub(r"\s+", " ", text).strip(_END).casefold()
