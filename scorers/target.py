"""The target of a sample: one or several acceptable answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

__all__ = ["Target"]


class Target(Sequence[str]):
    """An immutable sequence of acceptable answers.

    Parameters
    ----------
    target
        One string, or a sequence of strings.

    Examples
    --------
    >>> Target("Paris").target, Target(["a", "b"]).text, len(Target([]))
    (['Paris'], 'ab', 0)
    """

    __slots__ = ("target",)

    def __init__(self, target: str | Sequence[str]) -> None:
        self.target: list[str] = [target] if isinstance(target, str) else list(target)

    @property
    def text(self) -> str:
        """All answers joined, without a separator."""
        return "".join(self.target)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.target[index]

    def __len__(self) -> int:
        return len(self.target)

    def __repr__(self) -> str:
        return f"Target({self.target!r})"
