"""The environment: ``EVALSTREAM_…`` variables, Inspect's own for the log folder, and those that are misspelt."""

from __future__ import annotations

import os

from pydantic_settings import EnvSettingsSource

from .given import Given, Layer
from .info import INFO, PREFIX, nearest
from .model import Settings

__all__ = ["inspect_variables", "misspelt_variables", "own_variables"]

INSPECT_LOG_DIR = "INSPECT_LOG_DIR"

_OTHERS = ("config", "traceback")
"""Variables of ours that are no settings, as settings would be called."""

# Not less: where there is a service "evalstream", Kubernetes sets EVALSTREAM_PORT and EVALSTREAM_SERVICE_HOST.
_CLOSE = 0.8


def own_variables() -> Layer:
    """Return the settings that ``EVALSTREAM_…`` variables give; an empty one gives nothing."""
    values = EnvSettingsSource(Settings)()
    return {name: Given(value, INFO[name].variable, INFO[name].variable) for name, value in values.items()}


def inspect_variables() -> Layer:
    """Return what Inspect's own variables give."""
    value = os.environ.get(INSPECT_LOG_DIR)
    return {"log_dir": Given(value, INSPECT_LOG_DIR, INSPECT_LOG_DIR)} if value else {}


def misspelt_variables() -> list[str]:
    """Return a warning for each variable that looks like one of ours and is none."""
    known = (*INFO, *_OTHERS)
    warnings = []
    for variable in sorted(os.environ):
        name = variable.lower().removeprefix(PREFIX.lower())
        if name != variable.lower() and name not in known:
            near = nearest(name, known, _CLOSE)
            if near is not None:
                warnings.append(
                    f"{variable} is no setting, so it changes nothing. Did you mean {PREFIX}{near.upper()}?"
                )
    return warnings
