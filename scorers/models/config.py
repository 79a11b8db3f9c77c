"""`GenerateConfig`: how a model is asked."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["GenerateConfig"]


class GenerateConfig(BaseModel):
    """How a model is asked; what is None is left to the service. The names are Inspect's.

    Attributes
    ----------
    max_retries
        How often a call is tried again. Default: 8, which is about 90 seconds.
    timeout
        Seconds for a call with all its retries.
    attempt_timeout
        Seconds for one attempt. Default: 240.
    max_connections
        Calls under way at once to one model. Default: 20, which grows up to 100 while the service keeps up.
    system_message
        Put before the messages.
    max_tokens, temperature, top_p, top_k, stop_seqs, seed, num_choices, frequency_penalty, presence_penalty,
    logprobs, top_logprobs, reasoning_effort, reasoning_tokens
        As the services define them.
    extra_body
        Further members of the request's body.
    extra_headers
        Further headers of the request; never shown, because people put secrets there.

    Examples
    --------
    >>> GenerateConfig(temperature=0.0).merge(GenerateConfig(temperature=1.0, seed=3)).given()
    {'temperature': 1.0, 'seed': 3}
    """

    model_config = ConfigDict(extra="forbid", defer_build=True, frozen=True, hide_input_in_errors=True)

    max_retries: int | None = Field(default=None, ge=0)
    timeout: float | None = Field(default=None, gt=0)
    attempt_timeout: float | None = Field(default=None, gt=0)
    max_connections: int | None = Field(default=None, ge=1)
    system_message: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_seqs: list[str] | None = None
    seed: int | None = None
    num_choices: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    reasoning_tokens: int | None = None
    extra_body: dict[str, Any] | None = None
    extra_headers: dict[str, str] | None = Field(default=None, repr=False)

    def merge(self, other: GenerateConfig | None) -> GenerateConfig:
        """Return this configuration with what the other one says put over it."""
        return self if other is None else self.model_copy(update=other.given())

    def given(self) -> dict[str, Any]:
        """Return what is not None."""
        return {name: value for name, value in self if value is not None}
