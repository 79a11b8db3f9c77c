"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from evalstream.scorers import registry
from evalstream.scorers.errors import UnknownNameError
from evalstream.scorers.load import resolve_metric
from evalstream.scorers.options import parse_options

from ..errors import UsageError
from ..publish.plan import Action, Wishes
from .progress import Display
from .scorers import make_scorers

if TYPE_CHECKING:
    from ..blobs.claim_check import ClaimCheck
    from ..logs.source import LogSource
    from ..sandboxes.printing import Snapshots

__all__ = ["display_options", "sandbox_options", "scoring_options", "snapshots_of", "wishes_of"]

Command = TypeVar("Command", bound=Callable[..., Any])


def scoring_options(command: Command) -> Command:
    """Add what says how to score; the environment variables are Inspect's."""
    options = [
        click.option(
            "--scorer", "scorers", metavar="SCORER", multiple=True, envvar="INSPECT_SCORE_SCORER",
            help="Scorer: NAME, package/NAME, file.py or file.py@NAME; repeatable. Default: those that the log names.",
        ),
        click.option(
            "-S", "scorer_args", metavar="KEY=VALUE", multiple=True, envvar="INSPECT_SCORE_SCORER_ARGS",
            help="An option, as in -S location=any, for each of the --scorer that takes it; repeatable.",
        ),
        click.option(
            "--metric", "metrics", metavar="METRIC", multiple=True, envvar="INSPECT_SCORE_METRIC",
            help="Metric in place of the scorers' own: NAME, package/NAME, file.py or file.py@NAME; repeatable.",
        ),
        click.option(
            "--epochs-reducer", metavar="NAMES",
            help="How epochs are reduced, as in mean,at_least_2; 'none' leaves them apart. Default: as the log says.",
        ),
    ]  # fmt: skip
    return _with(options, command)


def display_options(command: Command) -> Command:
    """Add how progress and results are shown."""
    options = [
        click.option(
            "--display", type=click.Choice(get_args(Display)), default="full", envvar="INSPECT_DISPLAY",
            help="How progress is shown: a bar (full, conversation, rich), lines (plain, log), or not at all (none).",
        ),
        click.option("--json", "as_machine", is_flag=True, help="Print results as JSON."),
    ]  # fmt: skip
    return _with(options, command)


def _with(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def sandbox_options(command: Command) -> Command:
    """Add what says which files scorers may read."""
    options = [
        click.option(
            "--sandbox-root", "sandbox_roots", metavar="[NAME=]FOLDER", multiple=True,
            help="Folder with what the samples' sandboxes left behind: a folder for each sample in it, called by the"
            " sample's id, or <id>_epoch_<n>; without any, all samples see the whole. Repeatable, by NAME.",
        ),
        click.option(
            "--sandbox-snapshot", "sandbox_patterns", metavar="GLOB", multiple=True,
            help="Which of its files scorers may read: a path or glob, as in '**/*.txt'; repeatable.",
        ),
    ]  # fmt: skip
    return _with(options, command)


def snapshots_of(
    source: LogSource, roots: Sequence[str], patterns: Sequence[str], large: ClaimCheck | None = None
) -> Snapshots | None:
    """Return what captures the files that the command line names for a log; None if it names none.

    Raises
    ------
    UsageError
        A folder is not there, or a glob leads out of it.
    """
    if not roots and not patterns:
        return None
    from ..sandboxes.printing import Snapshots  # noqa: PLC0415 (few logs come with files)

    return Snapshots(roots, patterns, source.keys(), large)


def wishes_of(
    scorers: Sequence[str],
    scorer_args: Sequence[str],
    metrics: Sequence[str],
    epochs_reducer: str | None,
    action: Action | None = None,
) -> Wishes:
    """Resolve what was asked for, before any log is touched.

    Raises
    ------
    UsageError, ScorersError
        A name, a file or an option that makes no sense.
    """
    options = parse_options(scorer_args)
    if options and not scorers:
        raise UsageError("-S gives an option to a scorer, but none is named: add --scorer NAME.")
    made = make_scorers(scorers, options)
    try:
        wanted = [resolve_metric(spec) for spec in metrics]
    except UnknownNameError as error:
        if error.nearest:
            raise
        raise UsageError(f"{error} There are {', '.join(registry.names('metric'))}; a file.py goes too.") from error
    return Wishes(scorers=made, metrics=wanted, reducers=_reducers(epochs_reducer), action=action)


def _reducers(wanted: str | None) -> list[str] | None:
    if wanted is None:
        return None
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if not names:
        raise UsageError("--epochs-reducer names no reducer; 'none' leaves epochs apart.")
    return [] if names == ["none"] else names
