"""`math`: the answer is mathematically the same as the target."""

from __future__ import annotations

from ..errors import MissingExtraError
from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..sample import SampleError
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from ..value import CORRECT, INCORRECT

__all__ = ["math"]

PARSER, VERSION = "latex2sympy2-extended", "1.11."


@scorer(metrics=[accuracy(), stderr()])
def math(*, timeout: float = 2.0) -> Scorer:
    r"""Correct if the completion's answer is mathematically the same as a target, in LaTeX or calculator notation.

    The answer is looked for in this order: the last ``\boxed{…}``; what follows the last "answer is"; the last formula
    between delimiters; all of a short completion; its last line; its last number. The first of them that can be read
    counts. ``\frac{1}{2}``, 0.5 and 50% are the same, so are ``x = 5`` and 5; sets have no order, tuples have; numbers
    that are not exact may differ by 1e-10; units and the case of letters do not count.

    SymPy works in child processes, which are shared by all samples. One that takes too long is ended, and another one
    takes over: that costs its sample and no other.

    The metadata tell under ``math_scorer_status`` how it went: "correct", "incorrect", "answer_parse_error" (nothing
    can be read), "answer_limit" (too large to be looked at), "answer_timeout" (these three are incorrect) or
    "target_timeout" (unscored).

    Parameters
    ----------
    timeout
        Seconds that the targets may take, and then the answer.

    Raises
    ------
    MissingExtraError
        The packages of the extra ``evalstream[math]`` are not installed.
    ValueError
        ``timeout`` is not positive.
    SampleError
        When called: none of the targets can be read.
    MathProcessError
        When called: no child process can be started, or one died.

    Examples
    --------
    >>> import asyncio
    >>> from evalstream.scorers import TaskState
    >>> state = TaskState(output=r"Hence \boxed{\frac{2}{4}}", target="0.5")
    >>> asyncio.run(math()(state, state.target)).value
    'C'
    """
    _check_extra()
    if not timeout > 0:
        raise ValueError(f"`timeout` must be a positive number of seconds, not {timeout!r}")

    async def score(state: TaskState, target: Target) -> Score:
        import asyncio  # noqa: PLC0415 - text scorers do without, and so should importing them

        from .processes import Request, processes  # noqa: PLC0415

        completion = state.completion
        answer = await asyncio.wrap_future(processes().submit(Request(completion, list(target), timeout)))
        if answer.late == "targets":
            return Score.unscored(
                explanation=f"The target took longer than {timeout:g} s.",
                metadata={"math_scorer_status": "target_timeout"},
            )
        if answer.late == "answer":
            return Score(
                value=INCORRECT,
                explanation=f"The answer took longer than {timeout:g} s.",
                metadata={"math_scorer_status": "answer_timeout"},
            )
        if answer.problem is not None:
            label = f"Sample {state.sample_id!r}, epoch {state.epoch}"
            raise SampleError("target", f"cannot be read as mathematics: {answer.problem}", label)
        status, said, why = answer.verdict or ("answer_parse_error", None, None)
        readable = why is None
        return Score(
            value=CORRECT if status == "correct" else INCORRECT,
            answer=said if said is not None else completion,
            explanation=completion if readable else f"The answer cannot be read as mathematics: {why}.",
            reason=None if readable else "invalid_response_format",
            metadata={"math_scorer_status": status},
        )

    return score


def _check_extra() -> None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        installed = version(PARSER)
    except PackageNotFoundError:
        raise MissingExtraError("scorer", "math", "math", f"{PARSER} is not installed") from None
    if not installed.startswith(VERSION):
        # It is used as Inspect uses it, in parts that are not public.
        raise MissingExtraError("scorer", "math", "math", f"{PARSER} is {installed}, and must be {VERSION}*")
