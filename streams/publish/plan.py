"""What a log is to be scored with: the command line's wishes, and for the rest what the log's header says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from evalstream.scorers import registry
from evalstream.scorers.errors import ScorersError
from evalstream.scorers.plain import as_object, as_objects
from evalstream.scorers.problems import first_problem
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import check_epochs, create_reducers, reducer_log_name
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.results.scorer_info import ScorerInfo, metrics_to_header
from evalstream.scorers.scorer import Metrics, Scorer

from ..errors import UsageError
from ..events import ScorerSpec
from ..scoring.instances import Instances

if TYPE_CHECKING:
    from evalstream.scorers.models import Model
    from evalstream.scorers.models.context import RoleModels

__all__ = ["ScoringPlan", "Wishes", "plan_scoring"]

Action = Literal["append", "overwrite"]


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for; None and empty mean: as the log says.

    ``scorers``, ``metrics`` and ``reducers`` are instances; of reducers log names will do, and [] switches reduction
    off. ``model`` and ``roles`` are judges that are at hand; those of the settings are named there.
    """

    scorers: Sequence[Scorer] = ()
    metrics: Metrics = ()
    reducers: Sequence[str | ScoreReducer] | None = None
    action: Action | None = None
    model: Model | None = None
    roles: Mapping[str, RoleModels] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoringPlan:
    """Scorers with the metrics that count, reducers by log name (None: the default), and what happens to old scores.

    ``instances`` are the same as objects, as far as they are at hand, for whoever scores in this process.
    """

    scorers: list[ScorerSpec]
    reducers: list[str] | None
    action: Action
    epochs: int
    multiple_correct: bool | None = None
    instances: Instances | None = None


def plan_scoring(header: Mapping[str, Any], wishes: Wishes) -> ScoringPlan:
    """Decide how a log is scored.

    Raises
    ------
    UsageError
        The log names no scorers and none were asked for, or names one that is not known here.
    ScorersError
        A reducer is not known, or makes no sense for the number of epochs.
    """
    spec = as_object(header.get("eval"))
    config = as_object(spec.get("config"))
    epochs = config.get("epochs")
    epochs = epochs if isinstance(epochs, int) and epochs > 0 else 1
    action: Action = wishes.action or ("append" if has_scores(header) else "overwrite")
    wanted = wishes.reducers if wishes.reducers is not None else _logged_reducers(config)
    made = create_reducers(wanted)
    if made and wishes.reducers is not None:
        check_epochs(made, epochs)
    reducers = None if made is None else [reducer_log_name(reducer) for reducer in made]
    infos = [ScorerInfo.from_scorer(scorer) for scorer in wishes.scorers] or _logged_scorers(header)
    override: Any = None
    if wishes.metrics:
        override = metrics_to_header(wishes.metrics)
        infos = [dataclasses.replace(info, metrics=wishes.metrics) for info in infos]
    elif action == "overwrite":
        override = spec.get("metrics")
    specs = []
    for info in infos:
        entry = info.to_header()
        if override is not None:
            entry["metrics"] = override
        try:
            specs.append(ScorerSpec.model_validate(entry))
        except ValidationError as error:
            raise UsageError(
                f"the log's header does not describe its metrics as logs do: {first_problem(error)}"
            ) from error
    by_header = override is not None and not wishes.metrics
    instances = Instances(specs, wishes.scorers, () if by_header else infos, made, wishes.model, wishes.roles)
    return ScoringPlan(specs, reducers, action, epochs, _multiple_correct(header), instances)


def has_scores(header: Mapping[str, Any]) -> bool:
    """Tell whether a log has results of scorers."""
    return bool(as_object(header.get("results")).get("scores"))


def _logged_reducers(config: Mapping[str, Any]) -> list[str] | None:
    logged = config.get("epochs_reducer")
    return [str(name) for name in logged] if isinstance(logged, list) else None


def _logged_scorers(header: Mapping[str, Any]) -> list[ScorerInfo]:
    logged = as_objects(as_object(header.get("eval")).get("scorers"))
    if not logged:
        rows = as_objects(as_object(header.get("results")).get("scores"))
        names = dict.fromkeys(row.get("scorer") or row.get("name") for row in rows)
        logged = [{"name": name, "options": {}} for name in names]
    if not logged:
        raise UsageError(
            "the log does not say which scorers to use: name one, as in --scorer match or --scorer my_file.py"
        )
    infos = []
    for entry in logged:
        name, options = str(entry.get("name")), as_object(entry.get("options"))
        try:
            scorer = create_from_log("scorer", name, options)
            metrics = entry.get("metrics")
            infos.append(ScorerInfo.from_header(dict(entry)) if metrics else ScorerInfo.from_scorer(scorer))
        except ScorersError as error:
            raise UsageError(
                f"{error} The log's header asks for it; give the file that defines it with --scorer file.py,"
                " or score with something else by --scorer NAME."
            ) from error
        except Exception as error:  # the header's options are not ours, and a factory may raise anything
            raise UsageError(
                f"the scorer {name!r} cannot be made as the log's header says ({type(error).__name__}: {error}):"
                " name one with --scorer."
            ) from error
    return infos


def _multiple_correct(header: Mapping[str, Any]) -> bool | None:
    for step in as_objects(as_object(header.get("plan")).get("steps")):
        if registry.unqualified(str(step.get("solver"))) == "multiple_choice":
            return bool(as_object(step.get("params")).get("multiple_correct", False))
    return None
