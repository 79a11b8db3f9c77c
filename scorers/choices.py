"""The choices of a multiple-choice sample, and the letters that name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from random import Random

__all__ = ["Choice", "Choices", "letter", "lettered", "position"]

_LETTERS = 26


@dataclass
class Choice:
    """One choice.

    ``correct`` says whether the model picked it; None means that nothing was picked or parsed yet.
    ``original_position`` counts from 0 in the sample's own order.
    """

    value: str
    correct: bool | None
    original_position: int


class Choices(Sequence[Choice]):
    """The choices in the order in which the model saw them.

    Examples
    --------
    >>> choices = Choices(["Paris", "Rome"])
    >>> choices.mark_choice(1, True)
    >>> [(c.value, c.correct) for c in choices]
    [('Paris', None), ('Rome', True)]
    """

    def __init__(self, choices: Sequence[str | Choice] = ()) -> None:
        self._choices = [Choice(c, None, i) if isinstance(c, str) else c for i, c in enumerate(choices)]

    @overload
    def __getitem__(self, index: int) -> Choice: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Choice]: ...

    def __getitem__(self, index: int | slice) -> Choice | Sequence[Choice]:
        return self._choices[index]

    def __iter__(self) -> Iterator[Choice]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)

    def __repr__(self) -> str:
        return f"Choices({self._choices!r})"

    def mark_choice(self, index: int, correct: bool) -> None:
        """Say whether the model picked the choice at this position (from 0, in the shown order)."""
        self._choices[index].correct = correct

    def shuffle(self, rand: Random | None = None) -> None:
        """Put the choices into random order; each keeps its ``original_position``."""
        from random import Random  # noqa: PLC0415 - only solvers shuffle, and scorers load faster without it

        order = list(range(len(self._choices)))
        (rand or Random()).shuffle(order)
        self._choices = [self._choices[p] for p in order]


def letter(index: int) -> str:
    """Name of the choice at a position: "A" to "Z", then "1", "2", and so on.

    Examples
    --------
    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', '1')
    """
    return chr(ord("A") + index) if index < _LETTERS else str(index - _LETTERS + 1)


def position(name: str) -> int:
    """Position of the choice that a letter (in any case) or a number names, the inverse of `letter`.

    Raises
    ------
    ValueError
        The name is neither a letter nor a number from 1.

    Examples
    --------
    >>> position("A"), position("b"), position("1")
    (0, 1, 26)
    """
    if len(name) == 1 and name.isalpha():
        upper = name.upper()
        if len(upper) == 1:
            return ord(upper) - ord("A")
    elif name.isdecimal() and int(name) > 0:
        return _LETTERS - 1 + int(name)
    raise ValueError(f"{name!r} names no choice: it is neither a letter nor a number from 1")


def lettered(values: Sequence[str]) -> str:
    """List choices the way that a multiple-choice prompt shows them.

    Examples
    --------
    >>> print(lettered(["Paris", "Rome"]))
    A) Paris
    B) Rome
    """
    return "\n".join(f"{letter(i)}) {value}" for i, value in enumerate(values))
