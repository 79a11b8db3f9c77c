"""Options that several commands have, and how failures reach the user."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from evalstream.scorers.errors import ScorersError
from evalstream.scorers.load import resolve_metric, resolve_scorer
from evalstream.scorers.options import parse_options

from ..errors import StreamsError, UsageError
from ..publish.plan import Wishes
from ..settings import default_broker

__all__ = [
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_USAGE",
    "broker_option",
    "fail",
    "guarded",
    "scoring_options",
    "wishes_of",
]

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])


def fail(message: object) -> None:
    """Print an error in one line or a few, without a traceback."""
    click.echo(f"Error: {message}", err=True)


def guarded(command: Command) -> Command:
    """Turn the errors that a user can do something about into a message and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except (StreamsError, ScorersError) as error:
            fail(error)
            code = EXIT_USAGE
        except KeyboardInterrupt:
            click.echo("Interrupted: what was complete is written, every other log is as it was.", err=True)
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            # Whoever read our output has left; Python would complain again when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = EXIT_FAILED
        sys.exit(code or 0)

    return run  # type: ignore[return-value]


def broker_option(command: Command) -> Command:
    """Add ``--broker``."""
    return click.option(
        "--broker",
        metavar="URL",
        default=default_broker,
        show_default="$EVALSTREAM_BROKER, else embedded:///… in ./.evalstream",
        help="Broker to use; embedded:///dir is a folder on this machine.",
    )(command)


def scoring_options(command: Command) -> Command:
    """Add what says how to score."""
    options = [
        click.option(
            "--scorer", "scorers", metavar="SCORER", multiple=True,
            help="Scorer: NAME, package/NAME, file.py or file.py@NAME; repeatable. Default: those that the log names.",
        ),
        click.option(
            "-S", "scorer_args", metavar="KEY=VALUE", multiple=True,
            help="An option of the scorer, as in -S location=any; repeatable.",
        ),
        click.option(
            "--metric", "metrics", metavar="METRIC", multiple=True,
            help="Metric in place of the scorers' own: NAME, file.py or file.py@NAME; repeatable.",
        ),
        click.option(
            "--epochs-reducer", metavar="NAMES",
            help="How epochs are reduced, as in mean,at_least_2; 'none' leaves them apart. Default: as the log says.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def wishes_of(
    scorers: Sequence[str],
    scorer_args: Sequence[str],
    metrics: Sequence[str],
    epochs_reducer: str | None,
    action: Any = None,
) -> Wishes:
    """Resolve what was asked for, before any log is touched.

    Raises
    ------
    UsageError, ScorersError
        A name, a file or an option that makes no sense.
    """
    options = parse_options(scorer_args)
    if options and not scorers:
        raise UsageError("-S gives an option to a scorer: name it with --scorer")
    reducers = None
    if epochs_reducer is not None:
        names = [name.strip() for name in epochs_reducer.split(",") if name.strip()]
        reducers = [] if names == ["none"] else names
    return Wishes(
        scorers=[resolve_scorer(spec, options) for spec in scorers],
        metrics=[resolve_metric(spec) for spec in metrics],
        reducers=reducers,
        action=action,
    )
