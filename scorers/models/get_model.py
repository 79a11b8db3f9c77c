"""`get_model`: a model by its name, by its role, or the default one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ModelSetupError
from ..untrusted import came_by_event
from .config import GenerateConfig
from .context import RoleModel, current_context
from .mock import MockModel
from .model import Model
from .services import endpoint_of

__all__ = ["ModelRole", "bound_to", "get_model", "model_roles", "playing"]


@dataclass(frozen=True)
class ModelRole:
    """A role that a model plays, as in ``--model-role grader=openai/gpt-4o``.

    ``required``: it is an error if no model plays it; else the default model does.
    """

    name: str
    required: bool = False


def get_model(
    model: str | Model | Mapping[str, Any] | None = None,
    *,
    role: str | None = None,
    required: bool = False,
    default: str | Model | None = None,
    config: GenerateConfig | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    memoize: bool = True,
    **model_args: Any,
) -> Model:
    """Return a model.

    Parameters
    ----------
    model
        Its full name, such as ``"openai/gpt-4o"``. A `Model` is returned as it is. What a log says of a model where it
        is a scorer's option, ``{"model": NAME, "config": {...}}``, makes that model again.
    role
        A role; if a model plays it, that one is returned (the first one of a panel).
    required
        Whether it is an error if no model plays the role.
    default
        The model if nobody plays the role; else that is the default model, the one under test.
    config
        How it is asked.
    base_url, api_key
        In place of those that the environment variables of its service hold.
    memoize
        There to have Inspect's signature: models are cheap here, and share their connections anyway.
    **model_args
        Each a field of `GenerateConfig`, or a further member of the request's body; ``custom_outputs`` for mockllm.

    Raises
    ------
    ModelSetupError
        Nobody named a model, its service is not known, or has no key.

    Examples
    --------
    >>> get_model("mockllm/model", custom_outputs=["GRADE: C", "GRADE: I"])
    Model('mockllm/model')
    >>> get_model("ollama/llama3", base_url="http://127.0.0.1:11434/v1", temperature=0.0).config.temperature
    0.0
    """
    if isinstance(model, Model):
        return model
    config = config or GenerateConfig()
    if isinstance(model, Mapping):
        said = {key: value for key, value in (model.get("config") or {}).items() if value is not None}
        config, base_url = GenerateConfig.model_validate(said).merge(config), base_url or model.get("base_url")
        model = str(model.get("model"))
    if role is not None:
        bound = bound_to(role)
        if bound is not None:
            return playing(role, bound[0] if isinstance(bound, list) else bound, config)
        if required and default is None:
            raise ModelSetupError(
                "", f"no model plays the required role {role!r}: add --model-role {role}=SERVICE/MODEL."
            )
    if model is None and isinstance(default, Model):
        return default.with_config(GenerateConfig(), role) if role else default
    name = model or default
    if name is not None:
        return _made(str(name), config, role, base_url, api_key, model_args)
    context = current_context()
    if isinstance(context.model, Model):
        return context.model.with_config(config)
    if context.model in {"", "none", "none/none"}:
        raise ModelSetupError(
            "", "no model is named to grade with: add --model SERVICE/MODEL, or give the scorer a model."
        )
    settings = {**context.model_args, **model_args}
    # It plays no role then, as in Inspect: what it uses is counted under none.
    return _made(context.model, context.config.merge(config), None, base_url or context.base_url, api_key, settings)


def model_roles() -> dict[str, str | Model | list[str | Model]]:
    """Return the models by role, those of a panel as a list.

    Raises
    ------
    ModelSetupError
        A log names a model that is not known here, or has no key.
    """
    roles: dict[str, str | Model | list[str | Model]] = {}
    for role in current_context().roles:
        bound = bound_to(role)
        if bound is not None:
            roles[role] = [_told(role, one) for one in bound] if isinstance(bound, list) else _told(role, bound)
    return roles


def bound_to(role: str) -> RoleModel | list[RoleModel] | None:
    """Return what plays one role, a panel as a list; None if nobody does. Other roles' models need not be known."""
    bound = current_context().roles.get(role)
    return list(bound) if isinstance(bound, Sequence) and not isinstance(bound, str) else bound


def playing(role: str, bound: RoleModel, config: GenerateConfig | None = None) -> Model:
    """Return the model that plays a role; ModelSetupError if there is no such model, or no key for it."""
    if isinstance(bound, str):
        model = _made(bound, GenerateConfig(), role, None, None, {})
    else:
        model = bound if isinstance(bound, Model) else bound()
    return model.with_config(config or GenerateConfig(), role)


def _told(role: str, bound: RoleModel) -> str | Model:
    return bound if isinstance(bound, str) else playing(role, bound)


def _made(
    name: str,
    config: GenerateConfig,
    role: str | None,
    base_url: str | None,
    api_key: str | None,
    model_args: Mapping[str, Any],
) -> Model:
    if base_url is not None and came_by_event(base_url):
        raise ModelSetupError(name, "its base URL came by an event or a log; set it on the command line.")
    if name.partition("/")[0] == "mockllm":
        return Model(MockModel(name, model_args.get("custom_outputs")), name, config, role)
    fields = {key: value for key, value in model_args.items() if key in GenerateConfig.model_fields}
    others = {key: value for key, value in model_args.items() if key not in fields}
    merged = GenerateConfig.model_validate({**config.given(), **fields})
    if others:
        merged = merged.merge(GenerateConfig(extra_body={**(merged.extra_body or {}), **others}))
    return Model(endpoint_of(name, base_url, api_key), name, merged, role)
