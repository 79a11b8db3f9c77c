"""The prompt's tokens with their log probabilities, as a stored output has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..metrics.perplexity import exp_or_inf
from ..sample import SampleError
from ..score import Score
from ..state import TaskState

__all__ = ["PromptToken", "likelihood_score", "prompt_tokens", "unscorable"]


class PromptToken(NamedTuple):
    """One token of the prompt: its text, and its log probability in nats."""

    text: str
    logprob: float


def prompt_tokens(state: TaskState) -> list[PromptToken] | str:
    """Return the prompt's tokens, or say why there are none.

    Raises
    ------
    SampleError
        The output's ``prompt_logprobs`` are not what a model gives.
    """
    if not state.output.choices:
        return "No model output choices available."
    logprobs = state.output.choices[0].prompt_logprobs
    content = _member(logprobs, "content") if logprobs else None
    if content is None:
        return "No prompt logprobs available. Ensure prompt_logprobs is set in GenerateConfig."
    if not isinstance(content, list):
        raise _malformed(state, "content", "must be a list")
    return [_token(item, index, state) for index, item in enumerate(content)]


def likelihood_score(tokens: Sequence[PromptToken], intro: str = "", nll: str = "Per-token NLL: ") -> Score:
    """Make the score of tokens, of which there must be some: their mean negative log probability, in nats a token."""
    total = sum(token.logprob for token in tokens)
    value = -total / len(tokens)
    perplexity = exp_or_inf(value)
    # Inspect's wording, since scores are compared across logs.
    label = "perplexity: " if not intro else "perplexity="
    return Score(
        value=value,
        explanation=f"{intro}{nll}{value:.4f}, {label}{perplexity:.4f}",
        metadata={"num_tokens": len(tokens), "sum_log_probs": total, "perplexity": perplexity},
    )


def unscorable(explanation: str) -> Score:
    """Make the score of a sample whose output lacks what it takes."""
    return Score.unscored(reason="scoring_failed", explanation=explanation)


def _token(item: Any, index: int, state: TaskState) -> PromptToken:
    logprob, text = _member(item, "logprob"), _member(item, "token")
    if isinstance(logprob, bool) or not isinstance(logprob, (int, float)):
        raise _malformed(state, f"content.{index}.logprob", "must be a number")
    return PromptToken(text if isinstance(text, str) else "", logprob)


def _member(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


def _malformed(state: TaskState, where: str, what: str) -> SampleError:
    label = f"Sample {state.sample_id!r}, epoch {state.epoch}"
    return SampleError(f"output.choices.0.prompt_logprobs.{where}", what, label)
