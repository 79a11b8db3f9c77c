"""The services that answer for models: where they are, which variable holds their key, which of three APIs they speak.

Names, and variables for keys and base URLs, are Inspect's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..errors import ModelSetupError

__all__ = ["SERVICES", "Endpoint", "Service", "endpoint_of"]

Api = Literal["openai", "anthropic", "google"]


@dataclass(frozen=True)
class Service:
    """One service.

    ``path`` follows the base URL; ``keys`` and ``urls`` are environment variables, of which the first that is set
    counts. A service without ``keys_needed`` is asked without a key if there is none.
    """

    name: str
    url: str | None
    keys: tuple[str, ...]
    urls: tuple[str, ...]
    api: Api = "openai"
    path: str = "/chat/completions"
    keys_needed: bool = True


def _usual(name: str, url: str | None, **other: object) -> Service:
    prefix = name.upper().replace("-", "_")
    return Service(name, url, (f"{prefix}_API_KEY",), (f"{prefix}_BASE_URL",), **other)  # type: ignore[arg-type]


SERVICES = {
    service.name: service
    for service in (
        _usual("openai", "https://api.openai.com/v1"),
        _usual("anthropic", "https://api.anthropic.com", api="anthropic", path="/v1/messages"),
        Service(
            "google",
            "https://generativelanguage.googleapis.com",
            ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
            ("GOOGLE_BASE_URL",),
            api="google",
            path="/v1beta/models/{model}:generateContent",
        ),
        _usual("mistral", "https://api.mistral.ai", path="/v1/chat/completions"),
        _usual("together", "https://api.together.xyz/v1"),
        _usual("groq", "https://api.groq.com", path="/openai/v1/chat/completions"),
        _usual("openrouter", "https://openrouter.ai/api/v1"),
        _usual("ollama", "http://localhost:11434/v1", keys_needed=False),
        _usual("vllm", "http://localhost:8000/v1", keys_needed=False),
    )
}
"""By the first part of a model's name."""

ANY_BASE_URL = "INSPECT_EVAL_MODEL_BASE_URL"


@dataclass(frozen=True)
class Endpoint:
    """Where one model is asked, and with which key.

    ``name`` is the model's full name, ``model`` what the service calls it. ``origin`` names where the key came from.
    """

    name: str
    model: str
    service: Service
    base_url: str
    key: SecretStr | None = field(repr=False)
    origin: str

    @property
    def url(self) -> str:
        """The full URL of a call; it holds no secret."""
        path = self.service.path.format(model=self.model)
        # Some of these services' own clients want their base URL with the version, others without: take both.
        for version in ("/openai/v1", "/v1beta", "/v1"):
            if self.base_url.endswith(version) and path.startswith(f"{version}/"):
                path = path.removeprefix(version)
        return self.base_url + path


def endpoint_of(name: str, base_url: str | None = None, api_key: str | SecretStr | None = None) -> Endpoint:
    """Find where a model is asked.

    Parameters
    ----------
    name
        ``service/model``, or ``openai-api/service/model`` for a service of your own that speaks OpenAI's API; its key
        and URL are in ``SERVICE_API_KEY`` and ``SERVICE_BASE_URL``.
    base_url, api_key
        In place of those that the environment has.

    Raises
    ------
    ModelSetupError
        The service is not known, or has no key or URL.

    Examples
    --------
    >>> endpoint_of("ollama/llama3", base_url="http://10.0.0.1:11434/v1/").url
    'http://10.0.0.1:11434/v1/chat/completions'
    """
    first, _, model = name.partition("/")
    service = SERVICES.get(first)
    if first == "openai-api":
        own, _, model = model.partition("/")
        service = _usual(own, None) if own else None
    if service is None or not model:
        raise ModelSetupError(
            name,
            f"there is no such model service. A model is named service/model; services are {', '.join(SERVICES)},"
            " openai-api/<service> for any other that speaks OpenAI's API, and mockllm for tests.",
        )
    url = base_url or _variable(*service.urls)[0] or os.environ.get(ANY_BASE_URL) or service.url
    if not url:
        raise ModelSetupError(name, f"its base URL is not known: set {service.urls[0]}.")
    key, origin = (api_key, "api_key") if api_key else _variable(*service.keys)
    if not key and service.keys_needed:
        raise ModelSetupError(name, f"its key is missing: set {' or '.join(service.keys)}.")
    secret = SecretStr(key) if isinstance(key, str) else key
    return Endpoint(name, model, service, _checked(name, url), secret, origin)


def _variable(*names: str) -> tuple[str | None, str]:
    # Files that keys are kept in end with a line end.
    values = ((os.environ.get(name, "").strip(), name) for name in names)
    return next(((value, name) for value, name in values if value), (None, names[0]))


def _checked(name: str, url: str) -> str:
    """Return a base URL in its plain form; errors and logs show it, so it must hold no secret."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelSetupError(name, "its base URL is not of the form https://host/path.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ModelSetupError(
            name,
            f"its base URL at {parts.hostname} has a user, a password or a query in it, which logs would show:"
            " give the key by its variable, and the rest as extra_headers or extra_body.",
        )
    return url.rstrip("/")
