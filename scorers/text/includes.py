"""`includes`: the target occurs anywhere in the completion."""

from __future__ import annotations

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..scorer import Scorer, scorer
from .substring import Judge, any_target

__all__ = ["includes"]


@scorer(metrics=[accuracy(), stderr()])
def includes(ignore_case: bool = True) -> Scorer:
    """Correct if a target occurs anywhere in the completion.

    Parameters
    ----------
    ignore_case
        Compare without regard to case.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="The CAT sat", target="cat")
    >>> run_now(includes()(state, state.target)).value
    'C'
    """

    def read(completion: str) -> Judge:
        if not ignore_case:
            return lambda target: (completion, target in completion)
        folded = completion.casefold()
        return lambda target: (folded, target.casefold() in folded)

    return any_target(read)
