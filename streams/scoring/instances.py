"""Scorers, metrics, reducers and judges that the caller has in hand, where events carry names and options only.

Whoever scores a log in this process may have made them of functions, which no name could make again: ``@scorer``
functions of a notebook, ``accuracy(to_float=...)``, ``at_least(2, value=0.5)``. They count for the very specs that were
made of them, on a broker that nobody else reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.scorer import Scorer

from ..events import ScorerSpec

if TYPE_CHECKING:
    from evalstream.scorers.models import Model
    from evalstream.scorers.models.context import RoleModels

__all__ = ["Instances"]


@dataclass(frozen=True)
class Instances:
    """What a run's events name, as objects.

    Parameters
    ----------
    specs
        As the events have them.
    scorers, infos
        For each of the specs; empty if names do.
    reducers
        For the reducers of the eval's start; None if names do.
    model, roles
        Models to grade with, where the settings have no more than their names; None and empty if names do.
    """

    specs: Sequence[ScorerSpec] = ()
    scorers: Sequence[Scorer] = ()
    infos: Sequence[ScorerInfo] = field(default=())
    reducers: Sequence[ScoreReducer] | None = None
    model: Model | None = None
    roles: Mapping[str, RoleModels] = field(default_factory=dict)

    def scorers_for(self, specs: Sequence[ScorerSpec]) -> Sequence[Scorer] | None:
        """Return the scorers that these specs were made of; None if they were made by somebody else."""
        return self.scorers if self.scorers and list(specs) == list(self.specs) else None

    def infos_for(self, specs: Sequence[ScorerSpec]) -> Sequence[ScorerInfo] | None:
        """Return what results need to know of the scorers; None as in `scorers_for`."""
        return self.infos if self.infos and list(specs) == list(self.specs) else None
