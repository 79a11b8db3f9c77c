"""The models that Inspect's scorers ask: those of the scoring that runs, made by Inspect."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inspect_ai.model import GenerateConfig, Model, get_model

from evalstream.scorers import models as ours
from evalstream.scorers.models.context import ModelContext, RoleModel, RoleModels

__all__ = ["Roles", "default_model"]

_made: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Model | Exception]] = weakref.WeakKeyDictionary()
"""A client belongs to the loop that it was made in."""


def default_model(context: ModelContext, under_test: str) -> Model | None:
    """Make the model that `get_model()` without a name means: that of ``--model``, else the one under test.

    Raises
    ------
    Exception
        Whatever Inspect raises for a model that it cannot make.
    """
    chosen = context.model or under_test
    if not chosen:
        return None
    if isinstance(chosen, ours.Model):
        return _of_ours(chosen)
    stated = {**context.config.given(), **context.model_args}
    config = {name: value for name, value in stated.items() if name in GenerateConfig.model_fields}
    args = {name: value for name, value in stated.items() if name not in config}
    return _model(chosen, config, context.base_url, args)


class Roles(Mapping[str, Model | list[Model]]):
    """Models by role. Each is made when it is asked for: of the others nobody here need have the key or the package.

    Examples
    --------
    >>> roles = Roles({"grader": "mockllm/model", "critics": ["mockllm/one", "nobody/knows"]})
    >>> list(roles), roles.get("poet")
    (['grader', 'critics'], None)
    """

    def __init__(self, bound: Mapping[str, RoleModels]) -> None:
        self._bound = bound

    def __getitem__(self, role: str) -> Model | list[Model]:
        bound = self._bound[role]
        if isinstance(bound, Sequence) and not isinstance(bound, str):
            return [_playing(role, one) for one in bound]
        return _playing(role, bound)

    def get(self, role: str, default: Any = None) -> Any:
        # Not that of Mapping: a KeyError while a model is made is no sign that nobody plays the role.
        return self[role] if role in self._bound else default

    def __contains__(self, role: object) -> bool:
        return role in self._bound

    def __iter__(self) -> Iterator[str]:
        return iter(self._bound)

    def __len__(self) -> int:
        return len(self._bound)


def _playing(role: str, bound: RoleModel) -> Model:
    if not isinstance(bound, str | ours.Model):
        bound = bound()
    model = _model(bound, {}, None, {}, role) if isinstance(bound, str) else _of_ours(bound, role)
    model._set_role(role)
    return model


def _of_ours(model: ours.Model, role: str = "") -> Model:
    return _model(str(model), model.config.given(), None, {}, role)


def _model(
    name: str, config: Mapping[str, Any], base_url: str | None, args: Mapping[str, Any], role: str = ""
) -> Model:
    models = _made.setdefault(asyncio.get_running_loop(), {})
    key = json.dumps([name, role, dict(config), base_url, dict(args)], default=str)
    made = models.get(key)
    if made is None:
        try:
            made = get_model(name, config=GenerateConfig(**config), base_url=base_url, memoize=False, **args)
        except Exception as error:  # noqa: BLE001 (providers may raise anything; each sample would try again)
            made = error
        models[key] = made
    if isinstance(made, Exception):
        raise made
    return made
