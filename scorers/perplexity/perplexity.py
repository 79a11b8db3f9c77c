"""`perplexity`: how well the model predicts the whole prompt."""

from __future__ import annotations

from ..metrics.perplexity import perplexity_per_seq, perplexity_per_token
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from .prompt_tokens import likelihood_score, prompt_tokens, unscorable

__all__ = ["perplexity"]


@scorer(metrics=[perplexity_per_token(), perplexity_per_seq()])
def perplexity() -> Scorer:
    """Score the whole prompt by the negative log likelihood of its tokens, in nats a token; smaller is better.

    The eval must have asked for ``prompt_logprobs`` in its generate config; a sample without is unscored. The score's
    metadata hold ``num_tokens``, ``sum_log_probs`` (nats) and the sample's ``perplexity``, exp(value), infinite beyond
    the range of floats.

    References
    ----------
    The evaluation of fixed-length models, https://huggingface.co/docs/transformers/perplexity.

    Examples
    --------
    >>> from evalstream.scorers import ModelOutput, TaskState, run_now
    >>> output = ModelOutput.from_content("mockllm/model", "")
    >>> output.choices[0].prompt_logprobs = {"content": [{"token": "a", "logprob": -1}, {"token": "b", "logprob": -2}]}
    >>> state = TaskState(output=output)
    >>> score = run_now(perplexity()(state, state.target))
    >>> score.value, score.metadata["perplexity"]
    (1.5, 4.4816890703380645)
    """

    async def score(state: TaskState, target: Target) -> Score:
        tokens = prompt_tokens(state)
        if isinstance(tokens, str):
            return unscorable(tokens)
        if not tokens:
            return unscorable("prompt_logprobs.content is empty.")
        return likelihood_score(tokens)

    return score
