"""Judges that a caller of `score` has in hand, where names alone would lose how they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalstream.scorers.models import Model
    from evalstream.scorers.models.context import RoleModels

__all__ = ["at_hand"]


def at_hand(model: Any, roles: Mapping[str, Any] | None) -> tuple[Model | None, dict[str, RoleModels]]:
    """Return the judges that were given as models; names are for the settings.

    Parameters
    ----------
    model, roles
        As `score` takes them: names, models of ours, or Inspect's; several for a role are a panel.

    Raises
    ------
    ModelSetupError
        A model of Inspect's is of a service that is not known here.

    Examples
    --------
    >>> from evalstream.scorers import get_model
    >>> at_hand("openai/gpt-4o", {"grader": get_model("mockllm/model"), "critic": "openai/gpt-4o"})
    (None, {'grader': Model('mockllm/model')})
    """
    if model is None and not roles:
        return None, {}
    from evalstream.scorers.models import Model  # noqa: PLC0415 - most scorings ask no models

    given: dict[str, RoleModels] = {}
    for role, models in (roles or {}).items():
        panel = [_ours(one) for one in models] if isinstance(models, (list, tuple)) else _ours(models)
        if not all(isinstance(one, str) for one in (panel if isinstance(panel, list) else [panel])):
            given[role] = panel
    own = _ours(model)
    own = own() if callable(own) else own
    return own if isinstance(own, Model) else None, given


def _ours(model: Any) -> Any:
    """Return a model of ours, a name, or for one of Inspect's that is asked in its own way how to make it."""
    from evalstream.scorers.models import GenerateConfig, Model, get_model  # noqa: PLC0415 - as above

    if isinstance(model, str | Model):
        return model
    said = {name: getattr(getattr(model, "config", None), name, None) for name in GenerateConfig.model_fields}
    said = {name: value for name, value in said.items() if value is not None}
    return (lambda: get_model(str(model), config=GenerateConfig.model_validate(said))) if said else str(model)
