"""Both sides of a comparison: what our `math` makes of a completion, and what Inspect's does."""

import asyncio

from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Target as InspectTarget
from inspect_ai.scorer import math as inspect_math
from inspect_ai.solver import TaskState as InspectState

from evalstream.scorers.math.errors import MathParseError
from evalstream.scorers.math.verdict import judge, read_targets

_loop = asyncio.new_event_loop()
_theirs = inspect_math(timeout=60)


def theirs(completion: str, target: str | list[str]) -> tuple[str, str | None]:
    """Status and answer of Inspect's scorer; "no target", or "raised" where it raises for the answer."""
    output = ModelOutput(model="mockllm/model", completion=completion)
    state = InspectState(ModelName("mockllm/model"), 1, 1, "", [], InspectTarget(target), output=output)
    try:
        score = _loop.run_until_complete(_theirs(state, state.target))
    except ValueError as error:
        return "no target" if "any mathematical target" in str(error) else "raised", None
    return score.metadata["math_scorer_status"], score.answer


def ours(completion: str, target: str | list[str]) -> tuple[str, str | None]:
    """The same of ours, in this very process."""
    try:
        targets = read_targets([target] if isinstance(target, str) else target)
    except MathParseError:
        return "no target", None
    verdict = judge(completion, targets)
    return verdict.status, verdict.answer if verdict.answer is not None else completion


def assert_same(completion: str, target: str | list[str]) -> None:
    mine, reference = ours(completion, target), theirs(completion, target)
    if reference[0] == "raised":
        # Inspect fails the sample for an answer that it refuses late; here it is as wrong as one refused early.
        assert mine[0] in ("answer_limit", "answer_parse_error"), (completion, target)
    else:
        assert mine == reference, (completion, target)
