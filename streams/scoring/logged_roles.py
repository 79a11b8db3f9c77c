"""The models by role that a log's header names, for its scorers to be played by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from evalstream.scorers.errors import ModelSetupError
from evalstream.scorers.jsontext import JsonTextError, loads
from evalstream.scorers.models import GenerateConfig, Model, get_model
from evalstream.scorers.models.context import RoleModels
from evalstream.scorers.models.services import endpoint_of
from evalstream.scorers.plain import as_object

__all__ = ["logged_roles"]

_NOT_OF_A_LOG = {"api_key", "base_url", "config", "default", "memoize", "model", "required", "role"}
"""Arguments of `get_model` that are no arguments of a model."""

_SHOWN_TO_NOBODY = {"extra_headers"}
"""Of a configuration: an event should not send headers in our name."""


def logged_roles(text: bytes) -> dict[str, RoleModels]:
    """Read the field ``model_roles`` of a `SampleCompleted`; what is none of a role is left out.

    A model is looked for once its role is asked for: of the others nobody here need have the key. What of a model's
    configuration is not known here is left out, as are headers.

    Examples
    --------
    >>> roles = logged_roles(b'{"grader": {"model": "mockllm/model", "config": {"temperature": 0.5}}, "critic": 5}')
    >>> list(roles), roles["grader"]().config.temperature
    (['grader'], 0.5)
    """
    try:
        said = loads(text) if text else None
    except JsonTextError:
        return {}
    roles: dict[str, RoleModels] = {}
    for role, bound in said.items() if isinstance(said, dict) else ():
        models = [_maker(one) for one in (bound if isinstance(bound, list) else [bound]) if _names_a_model(one)]
        if models:
            roles[role] = models if isinstance(bound, list) else models[0]
    return roles


def _names_a_model(entry: object) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("model"), str)


def _maker(entry: Mapping[str, Any]) -> Callable[[], Model]:
    return lambda: _made(entry)


def _made(entry: Mapping[str, Any]) -> Model:
    """Make a model as a log names it.

    Raises
    ------
    ModelSetupError
        Its service is not known or has no key, or the log wants it at another URL than this process would ask.
    """
    name, base_url = entry["model"], entry.get("base_url")
    # Known ones only: Inspect has more settings than judges need.
    allowed = GenerateConfig.model_fields.keys() - _SHOWN_TO_NOBODY
    stated = as_object(entry.get("config"))
    args = {key: value for key, value in as_object(entry.get("args")).items() if key not in _NOT_OF_A_LOG}
    args = {key: value for key, value in args.items() if key not in _SHOWN_TO_NOBODY}
    if base_url and not name.startswith("mockllm/") and str(base_url).rstrip("/") != endpoint_of(name).base_url:
        raise ModelSetupError(
            name,
            "the log names a base URL for it, and one that stands in a log is not connected to: name the model by"
            " --model-role, and its URL by its service's variable.",
        )
    try:
        config = GenerateConfig.model_validate({key: stated[key] for key in allowed if stated.get(key) is not None})
        return get_model(name, config=config, **args)
    except ValidationError as error:
        raise ModelSetupError(name, "what the log says of how it is asked cannot be used.") from error
