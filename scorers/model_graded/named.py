"""Judges and roles as options name them: in code, on a command line, in a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ModelSetupError
from ..models.config import GenerateConfig
from ..models.get_model import ModelRole, get_model
from ..models.model import Model
from ..untrusted import came_by_event

__all__ = ["Judge", "judge_named", "role_named", "told"]

Judge = str | Model | Callable[[], Model] | None
"""A model by its name, the model itself, or how to make it; None for the default one."""


def judge_named(model: object) -> Judge:
    """Read a judge: a name, a `Model`, or as Inspect's logs write one, ``{"model": NAME, "config": {...}}``.

    Nothing is looked up yet: who publishes a log need not have the judges' keys.

    Raises
    ------
    ModelSetupError
        It is something else, or a base URL came by an event.
    """
    if model is None or isinstance(model, str | Model):
        return model
    name = model.get("model") if isinstance(model, Mapping) else None
    if not isinstance(model, Mapping) or not isinstance(name, str):
        raise ModelSetupError("", f"a judge is named by text, as in openai/gpt-4o, not by {type(model).__name__}.")
    fields, base_url = model.get("config") or {}, model.get("base_url")
    config = GenerateConfig.model_validate({key: value for key, value in fields.items() if value is not None})
    if base_url and came_by_event(base_url):
        raise ModelSetupError(name, "its base URL came by an event or a log; give the judge on the command line.")
    return lambda: get_model(name, config=config, base_url=base_url)


def role_named(role: object) -> ModelRole | None:
    """Read a role: a name, a `ModelRole`, or one as a log holds it; ModelSetupError if it is something else."""
    if role is None or isinstance(role, ModelRole):
        return role
    if isinstance(role, str):
        return ModelRole(role)
    if isinstance(role, Mapping) and isinstance(role.get("name"), str):
        return ModelRole(role["name"], bool(role.get("required")))
    raise ModelSetupError("", f"a model role is named by text, as in grader, not by {type(role).__name__}.")


def told(model: Any) -> Any:
    """Return what a log says of a judge, or of a panel: names, and how they are asked if that was said.

    Examples
    --------
    >>> told([get_model("mockllm/model"), "openai/gpt-4o"])
    ['mockllm/model', 'openai/gpt-4o']
    >>> told(get_model("mockllm/model", config=GenerateConfig(temperature=0.0, extra_headers={"x-key": "secret"})))
    {'model': 'mockllm/model', 'config': {'temperature': 0.0}}
    """
    if isinstance(model, list):
        return [told(one) for one in model]
    return model.as_option() if isinstance(model, Model) else model
