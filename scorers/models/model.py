"""`Model`: one model that can be asked."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from ..errors import ModelAnswerError, ModelCallError, ModelSetupError
from ..messages import ChatMessage, ChatMessageSystem, ChatMessageUser
from ..output import ModelOutput
from .answers import UnreadableError
from .config import GenerateConfig
from .context import ModelContext, current_context, next_draw
from .http import Request, post
from .limiter import Limiter
from .mock import MockModel
from .patience import MAX_RETRIES, patiently
from .per_loop import PerLoop
from .prices import Price
from .services import Api, Endpoint
from .usage import Usage

__all__ = ["Model"]

ATTEMPT_SECONDS = 240.0

FIRST_LIMIT, LARGEST_LIMIT = 20, 100
"""Calls at once to a model for which no ``max_connections`` was given."""

CHARACTERS_PER_TOKEN = 4
"""About; for the estimate of a call that is under way."""

_limiters: PerLoop[Limiter] = PerLoop()


class Model:
    """A model that can be asked; made by `get_model`.

    Examples
    --------
    >>> from evalstream.scorers import get_model
    >>> model = get_model("mockllm/model", custom_outputs=["GRADE: C"])
    >>> model, model.name
    (Model('mockllm/model'), 'model')
    >>> asyncio.run(model.generate("Is it right?")).completion
    'GRADE: C'
    """

    def __init__(self, api: Endpoint | MockModel, full_name: str, config: GenerateConfig, role: str | None) -> None:
        self._api, self._full_name = api, full_name
        self.config, self.role = config, role

    @property
    def name(self) -> str:
        """The model's name without the service."""
        return self._full_name.partition("/")[2]

    def __str__(self) -> str:
        return self._full_name

    def __repr__(self) -> str:
        return f"Model({self._full_name!r})"

    def as_option(self) -> str | dict[str, Any]:
        """Return what a log says of the model where it is an option: its name, and how it is asked if that was said.

        Examples
        --------
        >>> from evalstream.scorers import get_model
        >>> config = GenerateConfig(temperature=0.0, extra_headers={"x-key": "secret"})
        >>> get_model("mockllm/model", config=config).as_option()
        {'model': 'mockllm/model', 'config': {'temperature': 0.0}}
        """
        config = {key: value for key, value in self.config.given().items() if key != "extra_headers"}
        return {"model": self._full_name, "config": config} if config else self._full_name

    async def __aenter__(self) -> Model:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass  # as Inspect has it; here connections end with their event loop

    def with_config(self, config: GenerateConfig, role: str | None = None) -> Model:
        """Return the same model, asked with what ``config`` says where its own configuration says nothing."""
        other = copy.copy(self)
        other.config, other.role = config.merge(self.config), role or self.role
        return other

    async def generate(
        self,
        input: str | Sequence[ChatMessage],
        tools: Sequence[Any] = (),
        tool_choice: Any = None,
        config: GenerateConfig | None = None,
        cache: bool | None = None,
    ) -> ModelOutput:
        """Ask the model.

        Parameters
        ----------
        input
            A text, which is one message of the user, or a conversation.
        tools, tool_choice
            There to have Inspect's signature; a judge has no tools.
        config
            Goes before the model's own configuration.
        cache
            False asks even if the judge cache has the answer; else that counts, if there is a cache at all.

        Returns
        -------
        ModelOutput
            With at least one choice, the ``usage`` in tokens if the service told, and the ``time`` in seconds.

        Raises
        ------
        ModelSetupError
            The question cannot be put to this model.
        ModelCallError
            Its service refused, failed, or could not be reached, and the retries are used up.
        ModelAnswerError
            Its service answered with what cannot be read, again and again.
        BudgetError
            The budget is spent.
        """
        context = current_context()
        if tools:
            raise ModelSetupError(str(self), "a model that a scorer asks is given no tools.")
        asked = self.config.merge(config)
        messages = _conversation(input, asked)
        if isinstance(self._api, MockModel):
            mock = self._api
            return await self._paid(context, lambda: mock.generate(messages, asked), 0, free=True)
        request = _request(self._api, messages, asked)
        tokens = len(str(request.body)) // CHARACTERS_PER_TOKEN if context.budget is not None else 0

        async def paid() -> ModelOutput:
            return await self._paid(context, lambda: _asked(request, asked), tokens)

        if context.cache is None or cache is False:
            return await paid()
        from .cache_key import cache_key  # noqa: PLC0415 - goes with the cache

        key = cache_key(request, context.epoch)
        draw = next_draw(key)
        async with context.cache.ask(f"{key}-{draw}" if draw else key) as question:
            if question.answer is not None:
                stored = _stored(question.answer)
                if stored is not None:
                    self._count(context, Usage(cached=1))
                    return stored
            output = await paid()
            question.keep(output.model_dump_json(exclude_none=True).encode())
            return output

    async def _paid(
        self, context: ModelContext, ask: Callable[[], Awaitable[ModelOutput]], tokens: int, free: bool = False
    ) -> ModelOutput:
        """Ask, within the budget, and count what it took.

        Parameters
        ----------
        tokens
            About how many are sent.
        free
            A model without a price costs nothing; else that is an error where the budget is in USD.
        """
        price = context.prices.of(str(self)) if context.prices else None
        if context.budget is None:
            output = await ask()
        else:
            budgeted = Price(0.0, 0.0) if price is None and free else price
            async with context.budget.spending(str(self), budgeted, tokens) as spending:
                output = await ask()
                context.budget.settle(spending, output.usage, budgeted)
        cost = price.cost(output.usage) if price is not None and output.usage is not None else None
        self._count(context, Usage.of_call(output.usage, cost))
        return output

    def _count(self, context: ModelContext, usage: Usage) -> None:
        if context.usage is not None:
            context.usage.add(context.scorer, str(self), usage, self.role or "")


def _conversation(input: str | Sequence[ChatMessage], config: GenerateConfig) -> list[ChatMessage]:
    messages: list[ChatMessage] = [ChatMessageUser(content=input)] if isinstance(input, str) else list(input)
    if config.system_message:
        messages.insert(0, ChatMessageSystem(content=config.system_message))
    return messages


def _client(api: Api) -> ModuleType:
    from . import anthropic, google, openai_chat  # noqa: PLC0415 - when a model is asked, not when one is named

    return {"openai": openai_chat, "anthropic": anthropic, "google": google}[api]


def _request(endpoint: Endpoint, messages: Sequence[ChatMessage], config: GenerateConfig) -> Request:
    client = _client(endpoint.service.api)
    try:
        body = client.body_of(endpoint, messages, config)
    except ValueError as error:
        raise ModelSetupError(endpoint.name, f"{error}.") from error
    headers: dict[str, str] = {**(config.extra_headers or {}), **client.headers_of(endpoint)}
    for header, value in headers.items():
        # Refused later, it would be shown: the HTTP library's error quotes it.
        if not (value.isascii() and value.isprintable()):
            source = f"the key in {endpoint.origin}" if header not in (config.extra_headers or {}) else "a header"
            raise ModelSetupError(endpoint.name, f"{source} holds characters that no HTTP header {header!r} can have.")
    return Request(endpoint, body, headers)


async def _asked(request: Request, config: GenerateConfig) -> ModelOutput:
    """Ask the service until it answers, or retries or time are used up."""
    retries = MAX_RETRIES if config.max_retries is None else config.max_retries
    begun = time.monotonic()
    asking = patiently(lambda: _attempt(request, config), retries)
    try:
        output = await asyncio.wait_for(asking, config.timeout)
    except asyncio.TimeoutError:
        detail = f"no answer within {config.timeout:g} s, retries included"
        raise ModelCallError(request.endpoint.name, detail, transient=True) from None
    output.time = time.monotonic() - begun
    return output


async def _attempt(request: Request, config: GenerateConfig) -> ModelOutput:
    endpoint, most = request.endpoint, config.max_connections
    limiter = _limiters.get(
        (endpoint.url, endpoint.name, most),
        lambda: Limiter(most or FIRST_LIMIT, most or LARGEST_LIMIT),
    )
    async with limiter.slot() as began:
        try:
            answer = await post(request, config.attempt_timeout or ATTEMPT_SECONDS)
        except ModelCallError as error:
            if error.status in {429, 529}:
                limiter.narrow(began, error.retry_after or 0.0)
            raise
        limiter.widen()
    try:
        output: ModelOutput = _client(endpoint.service.api).read(endpoint, answer)
    except UnreadableError as error:
        raise ModelAnswerError(endpoint.name, str(error)) from error
    return output


def _stored(answer: bytes) -> ModelOutput | None:
    """Read a kept answer; one that an older version wrote in another form is none."""
    try:
        return ModelOutput.model_validate_json(answer)
    except ValidationError:
        return None
