"""`target_perplexity`: how well the model predicts the end of the prompt, which is the target."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from ..metrics.perplexity import perplexity_per_seq, perplexity_per_token
from ..sample import SampleError
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from .prompt_tokens import PromptToken, likelihood_score, prompt_tokens, unscorable

__all__ = ["target_perplexity"]

logger = logging.getLogger(__name__)

_told: set[str] = set()


@scorer(metrics=[perplexity_per_token(), perplexity_per_seq()])
def target_perplexity(num_target_tokens: int | None = None, target_text_key: str = "target_text") -> Scorer:
    """Score the last tokens of the prompt by their negative log likelihood, in nats a token; smaller is better.

    How many tokens that are is what ``num_target_tokens`` says, else the sample's metadata under the same name, else
    the number of tokens that make up the sample's target text, which must be the prompt's end; else it is one, with a
    warning. Inspect has the model's service count the target text's tokens; here the prompt's own are counted.

    A sample whose eval asked for no ``prompt_logprobs``, or that has fewer tokens, is unscored. Metadata of the score
    are those of `perplexity`.

    Parameters
    ----------
    num_target_tokens
        Tokens of the target, the same for all samples.
    target_text_key
        Where the sample's metadata have the target text.

    Raises
    ------
    SampleError
        When called: the prompt does not end with the target text at the border of a token.

    References
    ----------
    ``LM.loglikelihood()`` of https://github.com/EleutherAI/lm-evaluation-harness.

    Examples
    --------
    >>> from evalstream.scorers import ModelOutput, TaskState, run_now
    >>> output = ModelOutput.from_content("mockllm/model", "")
    >>> tokens = [{"token": "1+1=", "logprob": -9}, {"token": "2", "logprob": -1}]
    >>> output.choices[0].prompt_logprobs = {"content": tokens}
    >>> state = TaskState(output=output, metadata={"target_text": "2"})
    >>> run_now(target_perplexity()(state, state.target)).explanation
    'target tokens=1, per-token NLL=1.0000, perplexity=2.7183'
    """

    async def score(state: TaskState, target: Target) -> Score:
        tokens = prompt_tokens(state)
        if isinstance(tokens, str):
            return unscorable(tokens)
        count = num_target_tokens if num_target_tokens is not None else state.metadata.get("num_target_tokens")
        if count is None:
            count = _counted(tokens, state, target_text_key)
        if isinstance(count, bool) or not isinstance(count, int):
            raise SampleError("metadata.num_target_tokens", f"must be an integer, found {count!r}", _label(state))
        if count <= 0:
            return unscorable(f"num_target_tokens must be > 0, got {count}.")
        if len(tokens) < count:
            return unscorable(f"prompt_logprobs has {len(tokens)} entries but num_target_tokens={count}.")
        return likelihood_score(tokens[-count:], f"target tokens={count}, ", "per-token NLL=")

    return score


def _counted(tokens: Sequence[PromptToken], state: TaskState, key: str) -> int:
    text: Any = state.metadata.get(key)
    if not text:
        _tell_once(key)
        return 1
    end = ""
    for count, token in enumerate(reversed(tokens), 1):
        end = token.text + end
        if end == text:
            return count
        if not str(text).endswith(end):
            break
    raise SampleError(
        f"metadata.{key}",
        "is not what the prompt's last tokens say, so its tokens cannot be counted: give num_target_tokens, as an"
        " option or in the metadata",
        _label(state),
    )


def _tell_once(key: str) -> None:
    if key not in _told:
        _told.add(key)
        logger.warning(
            "target_perplexity: a sample's metadata have neither 'num_target_tokens' nor %r, so its target counts as"
            " one token.", key,
        )  # fmt: skip


def _label(state: TaskState) -> str:
    return f"Sample {state.sample_id!r}, epoch {state.epoch}"
