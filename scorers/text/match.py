"""`match`: the target begins, ends or equals the completion, as text or as a number."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Literal

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..scorer import Scorer, scorer
from .numbers import first_number, normalized, parse_number, strip_numeric_punctuation
from .substring import Judge, any_target

__all__ = ["match"]

Location = Literal["begin", "end", "any", "exact"]

_EDGES = string.whitespace + string.punctuation

_FITS: dict[str, Callable[[str, str], bool]] = {
    "begin": str.startswith,
    "end": str.endswith,
    "exact": str.__eq__,
    "any": str.__contains__,
}


@scorer(metrics=[accuracy(), stderr()])
def match(
    location: Location = "end",
    *,
    ignore_case: bool = True,
    numeric: bool = False,
) -> Scorer:
    """Correct if a target stands at a place of the completion.

    Punctuation and white space at the edges do not count. There are no word boundaries: "142" ends with "42".

    Parameters
    ----------
    location
        Where the target must be: "begin", "end", "any"(where), or "exact" (nothing else is there).
    ignore_case
        Compare without regard to case.
    numeric
        Compare with a target that is a number as numbers, five significant digits of them: the first ("begin"), the
        last ("end"), any, or the only ("exact") number of the completion. Currency signs, thousands separators and
        emphasis are ignored, "%" is not: pass both forms as targets if both are right. A target that is not a number
        is compared as text.

    Raises
    ------
    ValueError
        ``location`` is something else.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="That makes $1,234.50.", target="1234.5")
    >>> run_now(match()(state, state.target)).value, run_now(match(numeric=True)(state, state.target)).value
    ('I', 'C')
    """
    if location not in _FITS:
        raise ValueError(f'`location` must be "begin", "end", "any" or "exact", not {location!r}')
    fits = _FITS[location]

    def read(completion: str) -> Judge:
        stripped = completion.strip()
        folded = stripped.casefold() if ignore_case else stripped
        trimmed = folded.strip(_EDGES)

        def judge(target: str) -> tuple[str, bool]:
            wanted = target.strip()
            if ignore_case:
                wanted = wanted.casefold()
            if numeric:
                wanted = strip_numeric_punctuation(wanted)
                number = parse_number(wanted)
                if number is not None:
                    return _judge_number(location, stripped, folded, normalized(number))
            return stripped, fits(trimmed, wanted.strip(_EDGES))

        return judge

    return any_target(read)


def _judge_number(location: Location, stripped: str, folded: str, wanted: str) -> tuple[str, bool]:
    text = strip_numeric_punctuation(folded)
    if location == "exact":
        number = parse_number(text, trim=False)
        found = text if number is None else normalized(number)
    elif location == "begin":
        found = first_number(text.split())
    elif location == "end":
        found = first_number(reversed(text.split()))
    else:
        numbers = (parse_number(word) for word in text.split())
        fits = any(number is not None and normalized(number) == wanted for number in numbers)
        return (wanted if fits else stripped), fits
    return found, found == wanted
