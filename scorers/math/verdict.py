"""Comparing a completion with its targets; this is what the child process does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sympy.core.cache import clear_cache
from sympy.core.random import seed

from .candidates import answer_candidates, target_candidates
from .compare import same
from .errors import MathLimitError, MathParseError, MathUnsafeError
from .parse import Meaning, first_meaning, meaning_of
from .texts import LONGEST

__all__ = ["Status", "Verdict", "judge", "read_targets"]

Status = Literal["correct", "incorrect", "answer_parse_error", "answer_limit"]


class Verdict(NamedTuple):
    """What became of a completion: how it went, the answer that was read in it, and why none could be."""

    status: Status
    answer: str | None = None
    why: str | None = None


def read_targets(targets: Sequence[str]) -> list[Meaning]:
    """Return the meanings of the targets that have one.

    Raises
    ------
    MathParseError
        None has.
    """
    meanings: list[Meaning] = []
    failure = MathParseError("there is no target")
    try:
        for target in targets:
            try:
                meanings.append(first_meaning(target_candidates(target)))
            except MathParseError as error:
                failure = error
    finally:
        clear_cache()  # what SymPy remembers of one sample is of no use for the next
    if not meanings:
        raise failure
    return meanings


def judge(completion: str, targets: Sequence[Meaning]) -> Verdict:
    r"""Tell whether a completion's answer equals any of the targets.

    Examples
    --------
    >>> targets = read_targets([r"\frac{1}{2}"])
    >>> judge(r"Thus \boxed{0.5}", targets), judge("It cannot be told.", targets).status
    (Verdict(status='correct', answer='0.5', why=None), 'incorrect')
    """
    seed(0)  # SymPy tries random numbers, and the same answer must always have the same score
    try:
        candidates = answer_candidates(completion)
        # Both sides must make their symbols alike, so the answer is read once in each way that a target was.
        answers = {real: first_meaning(candidates, real) for real in dict.fromkeys(t.real for t in targets)}
        answer = next(iter(answers.values()))
        correct = any(same(target, answers[target.real]) for target in targets)
        if not correct and answer.expression is None:
            # Words around the answer, as in "42 because ...", hide it: a later candidate may be it.
            found = _matching(candidates, targets)
            if found is not None:
                correct, answer = True, found
        return Verdict("correct" if correct else "incorrect", answer.source[:LONGEST])
    except MathLimitError as error:
        return Verdict("answer_limit", None, str(error))
    except MathParseError as error:
        return Verdict("answer_parse_error", None, str(error))
    finally:
        clear_cache()


def _matching(candidates: Sequence[str], targets: Sequence[Meaning]) -> Meaning | None:
    for candidate in candidates:
        for real in dict.fromkeys(target.real for target in targets):
            try:
                meaning = meaning_of(candidate, real)
            except (MathLimitError, MathUnsafeError):
                raise
            except MathParseError:
                break
            alike = (target for target in targets if target.real == real)
            if meaning.expression is not None and any(same(target, meaning) for target in alike):
                return meaning
    return None
