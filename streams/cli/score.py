"""``evalstream score``: one log or many, scored and written."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from evalstream.scorers.errors import ScorersError
from evalstream.scorers.registry import tag_of

from ..errors import StreamsError, UsageError
from ..logs.source import LogSource, open_log
from ..materialise.stats import ended
from ..publish.plan import Action, Wishes, has_scores, plan_scoring
from ..score_log import score_log
from ..settings import Settings
from ..settings.info import INFO
from .guard import EXIT_USAGE, fail, guarded, interrupted, unforeseen
from .inputs import find_logs
from .judge_models import check_models, tell_unasked_roles
from .options import display_options, sandbox_options, scoring_options, snapshots_of, wishes_of
from .outputs import check_writable, choose_action, choose_output
from .process import share_freed_memory
from .progress import Display, ProgressView
from .report import as_json, exit_code, print_report
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import new_console, plain

__all__ = ["command"]


@dataclass(frozen=True)
class _Request:
    """What the command line asked for, the same for every log."""

    wishes: Wishes
    output_file: Path | None
    overwrite: bool | None
    display: Display
    json: bool
    settings: Settings
    files: tuple[Sequence[str], Sequence[str]]


@click.command(name="score", cls=SettingsCommand, short_help="Score logs.")
@click.argument("logs", nargs=-1, metavar="[LOG ...]")
@scoring_options
@click.option(
    "--action", type=click.Choice(["append", "overwrite"]), envvar="INSPECT_SCORE_SCORER_ACTION",
    help="What becomes of scores that a log has. Asked on a terminal; else new scorers append, its own overwrite.",
)  # fmt: skip
@click.option(
    "--overwrite/--no-overwrite", default=None, envvar="INSPECT_SCORE_OVERWRITE",
    help="Write over a file that exists, or beside it as NAME-scored. Asked on a terminal; else beside it.",
)  # fmt: skip
@click.option(
    "--output-file", type=click.Path(path_type=Path), envvar="INSPECT_SCORE_OUTPUT_FILE",
    help="Where the scored log goes (for one log); .eval or .json.",
)  # fmt: skip
@display_options
@sandbox_options
@setting_options(
    "log_dir", "scorer_timeout", "sandbox", "sandbox_image",
    *(info.name for info in INFO.values() if info.section == "judges"),
)  # fmt: skip
@guarded
def command(
    logs: Sequence[str],
    scorers: Sequence[str],
    scorer_args: Sequence[str],
    metrics: Sequence[str],
    epochs_reducer: str | None,
    action: Action | None,
    overwrite: bool | None,
    output_file: Path | None,
    display: Display,
    sandbox_roots: Sequence[str],
    sandbox_patterns: Sequence[str],
    as_machine: bool,
) -> int:
    """Score LOGs (files, globs, folders; the newest log, if none is named) and write the scored logs.

    Exit code: 0 all scored, 1 finished with failed samples, 2 bad usage or unreadable input.
    """
    share_freed_memory()
    # What agents write to a worker's journal is here said by the report, or by an error.
    logging.getLogger("evalstream.streams").addHandler(logging.NullHandler())
    # What users' code prints must not get between the lines of our JSON.
    with contextlib.redirect_stdout(sys.stderr) if as_machine else contextlib.nullcontext():
        settings = loaded_settings().settings
        wishes = wishes_of(scorers, scorer_args, metrics, epochs_reducer, action)
        check_models(settings, (tag_of(scorer).entry for scorer in wishes.scorers))
        paths = find_logs(logs, settings.log_dir)
        if output_file is not None and len(paths) > 1:
            raise UsageError(f"--output-file names one file, but there are {len(paths)} logs: leave it out.")
        files = (sandbox_roots, sandbox_patterns)
        request = _Request(wishes, output_file, overwrite, display, as_machine, settings, files)
        codes, reports = _score_all(paths, request)
    if as_machine:
        click.echo(json.dumps({"logs": reports}, indent=2))
    return max(codes)


def _score_all(paths: Sequence[Path], request: _Request) -> tuple[list[int], list[dict[str, Any]]]:
    """Score one log after the other; one that cannot be read does not stop the others."""
    codes, reports = [], []
    for path in paths:
        try:
            code, report = _score_one(path, request)
        except (StreamsError, ScorersError) as error:
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            fail(message)
            code, report = EXIT_USAGE, {"log": str(path), "error": message}
        except (KeyboardInterrupt, click.Abort):
            codes.append(interrupted())
            reports.append({"log": str(path), "error": "interrupted"})
            break
        except (BrokenPipeError, click.ClickException):
            raise
        except Exception as error:  # noqa: BLE001 (one log's trouble is not that of the others)
            message = f"{path}: {unforeseen(error)}"
            fail(message)
            code, report = EXIT_USAGE, {"log": str(path), "error": message}
        codes.append(code)
        reports.append(report)
    return codes, reports


def _score_one(path: Path, request: _Request) -> tuple[int, dict[str, Any]]:
    with open_log(path) as source:
        if source.sample_count == 0:
            raise UsageError(f"{path}: the log has no samples, so there is nothing to score.")
        # What cannot be scored at all should not first ask how.
        plan_scoring(source.header, request.wishes)
        scored_before = has_scores(source.header)
        action = choose_action(path, scored_before, request.wishes.action, bool(request.wishes.scorers))
        plan = plan_scoring(source.header, dataclasses.replace(request.wishes, action=action))
        snapshots = snapshots_of(source, *request.files)
        output = choose_output(path, request.output_file, request.overwrite)
        check_writable(output)
        if request.display != "none":
            for note in _notes(path, source):
                click.echo(f"Note: {plain(note)}", err=True)
        with ProgressView(new_console(stderr=True), request.display) as view:
            scored = asyncio.run(score_log(source, plan, output, request.settings, view, snapshots))
    if not request.json:
        print_report(new_console(), path.name, scored)
    tell_unasked_roles(request.settings, scored.written.usage)
    return exit_code(scored), {"log": str(path), **as_json(scored, action)}


def _notes(path: Path, source: LogSource) -> list[str]:
    """Say what is unusual about a log that is scored all the same."""
    status, error = ended(source.header.get("stats")) or (source.header.get("status"), source.header.get("error"))
    count = source.sample_count
    if status == "started":
        return [f"{path}: this eval has not ended (or was killed); the {count} samples so far are scored."]
    if status in {"error", "cancelled"}:
        reason = (error or {}).get("message")
        because = f" ({reason.strip().splitlines()[-1]})" if reason and reason.strip() else ""
        return [f"{path}: this eval ended with status {status}{because}; the {count} samples are scored."]
    return []
