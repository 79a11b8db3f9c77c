"""How a worker's scorers ask models: the settings' part of it, and what each sample adds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from evalstream.scorers.errors import PricesError
from evalstream.scorers.options import parse_option_lines

from ..settings import Settings
from ..settings.model import BUDGET
from .completion import Completion
from .instances import Instances

if TYPE_CHECKING:
    from evalstream.scorers.models import Budget, ModelContext, UsageLog
    from evalstream.scorers.models.context import RoleModels

__all__ = ["Judges"]


class Judges:
    """Gives each scorer its `ModelContext`; one per worker, so that all of its scorers share one budget.

    Parameters
    ----------
    settings
        The worker's settings; without them models are those under test, without budget and cache.

    Raises
    ------
    PricesError
        The file of prices cannot be read, or is missing where there is a budget in USD.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._context: ModelContext | None = None
        self._logged: tuple[bytes, Mapping[str, RoleModels]] = (b"", {})
        if settings is not None and (settings.judge_prices is not None or settings.judge_budget is not None):
            self._check_budget()

    @property
    def have_budget(self) -> bool:
        """Tell whether there is an end to what may be spent."""
        return self._settings is not None and self._settings.judge_budget is not None

    @contextmanager
    def for_scorer(self, completion: Completion, scorer: str) -> Iterator[UsageLog]:
        """Let a scorer's model calls be made as the settings say, for as long as this lasts; gives what they use."""
        # Not at the top: scorers of text, for which a worker may be all its life, ask no models.
        from evalstream.scorers.models import UsageLog, use_context  # noqa: PLC0415

        base, used = self.context(), UsageLog()
        changes: dict[str, Any] = {"model": base.model or completion.model, "epoch": completion.epoch}
        if completion.model_roles:
            changes["roles"] = {**self._logged_roles(completion.model_roles), **base.roles}
        with use_context(dataclasses.replace(base, scorer=scorer, usage=used, **changes)):
            yield used

    def _logged_roles(self, text: bytes) -> Mapping[str, RoleModels]:
        """Read a completion's roles; those of one log are the same text."""
        from .logged_roles import logged_roles  # noqa: PLC0415 - as above

        known, roles = self._logged
        if known != text:
            roles = logged_roles(text)
            self._logged = (text, roles)
        return roles

    def use(self, instances: Instances) -> None:
        """Ask the models that are at hand where the settings have their names."""
        if instances.model is not None or instances.roles:
            base = self.context()
            roles = {**base.roles, **instances.roles}
            self._context = dataclasses.replace(base, model=instances.model or base.model, roles=roles)

    def context(self) -> ModelContext:
        """Return what all scorers have in common."""
        if self._context is None:
            from evalstream.scorers.models import ModelContext  # noqa: PLC0415 - as above

            self._context = ModelContext(**self._from_settings())
        return self._context

    def _from_settings(self) -> dict[str, Any]:
        from evalstream.scorers.models import JudgeCache, Prices  # noqa: PLC0415 - as above

        settings = self._settings
        if settings is None:
            return {}
        return {
            "model": settings.model or "",
            "roles": parse_option_lines(settings.model_role),
            "base_url": settings.model_base_url,
            "model_args": parse_option_lines(settings.model_args),
            "cache": JudgeCache(settings.judge_cache_path) if settings.judge_cache else None,
            "prices": Prices.from_file(settings.judge_prices) if settings.judge_prices is not None else None,
            "budget": _budget(settings.judge_budget),
        }

    def _check_budget(self) -> None:
        """Refuse at the start what would fail each sample."""
        context = self.context()
        if context.budget is not None and context.budget.in_usd and context.prices is None:
            raise PricesError(
                "A judge budget in USD needs to know what models cost: give a file by --judge-prices, or the budget in"
                " tokens, as in '200000 tokens'."
            )

    def close(self) -> None:
        """Let go of the cache's file."""
        if self._context is not None and self._context.cache is not None:
            self._context.cache.close()


def _budget(text: str | None) -> Budget | None:
    from evalstream.scorers.models import Budget  # noqa: PLC0415 - as above

    found = re.fullmatch(BUDGET, text.strip()) if text is not None else None
    if found is None:
        return None
    return Budget(usd=float(found["usd"])) if found["usd"] else Budget(tokens=int(found["tokens"]))
