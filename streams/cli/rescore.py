"""``evalstream rescore``: an eval's completions on a broker, scored anew beside live scoring."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from evalstream.scorers.registry import tag_of

from ..errors import StreamsError, UsageError
from ..materialise.log_place import log_place
from ..materialise.names import name_of
from ..publish.plan import Action, ScoringPlan, Wishes
from ..rescore.appending import AppendingPublisher
from ..rescore.frozen import FrozenRun, freeze, make_folder, new_run_id
from ..rescore.plan import plan_rescoring, request_id
from ..rescore.publisher import CopyingPublisher, Publisher
from ..rescore.rescoring import rescore
from ..rescore.source_eval import SourceEval, find_eval
from ..score_log import ScoredLog
from ..settings import Settings
from ..settings.info import INFO
from ..settings.masking import masked, masked_url
from ..topics import LOGS
from ..transport.client import BrokerClient, open_client
from ..transport.embedded import worker_lock
from ..transport.record import NewRecord
from ..transport.stores import embedded_folder
from .guard import EXIT_INTERRUPTED, guarded
from .judge_models import check_models, tell_unasked_roles
from .options import display_options, scoring_options, wishes_of
from .outputs import check_name, check_writable
from .process import only_our_words, share_freed_memory
from .progress import Display, ProgressView
from .report import as_json, exit_code, print_report
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import new_console, plain

__all__ = ["command"]

DEFAULT_FOLDER = Path(".evalstream", "rescore")

_BUSY = "The same rescoring runs already (process {owner}), in {folder}: wait for it, or give another --output-file."

_OF_NO_CONCERN = {
    "app_id", "session_timeout", "partitions", "replication", "completions_retention", "instance_id",
    "metrics_port", "metrics_host", "metrics_interval", "eval_deadline", "state_retention",
}  # fmt: skip
_SETTINGS = [name for name in INFO if name not in _OF_NO_CONCERN]


@dataclass(frozen=True)
class _Request:
    """What the command line asked for."""

    settings: Settings
    display: Display
    json: bool
    work_dir: Path
    output_file: Path | None


@click.command(name="rescore", cls=SettingsCommand, short_help="Score an eval on a broker anew.")
@click.argument("eval_id", metavar="EVAL")
@setting_options(*_SETTINGS)
@scoring_options
@click.option(
    "--action", type=click.Choice(["append", "overwrite"]), default="overwrite", show_default=True,
    help="Whether the log has the new scores only, or those of the live run, too.",
)  # fmt: skip
@click.option(
    "--output-file", type=click.Path(path_type=Path),
    help="Where the log goes; .eval or .json. Default: in the folder of logs, with the run's name.",
)  # fmt: skip
@click.option(
    "--work-dir", type=click.Path(path_type=Path), default=DEFAULT_FOLDER, metavar="FOLDER", show_default=True,
    help="Where a run keeps what it has done until its log is written.",
)  # fmt: skip
@display_options
@guarded
def command(
    eval_id: str,
    scorers: Sequence[str],
    scorer_args: Sequence[str],
    metrics: Sequence[str],
    epochs_reducer: str | None,
    action: Action,
    output_file: Path | None,
    work_dir: Path,
    display: Display,
    as_machine: bool,
) -> int:
    """Score the completions of EVAL that are on a broker, and write a log of their own.

    EVAL is the id of an eval that has ended, the beginning of it, or the name of its task. Without --scorer it is
    scored by what it was scored with. Its live run and its log stay as they are. After a death or Ctrl-C the same
    command goes on where it stopped.

    Exit code: 0 all scored, 1 finished with failed samples, 2 bad usage or a broker that cannot be used.
    """
    share_freed_memory()
    only_our_words()
    # What agents write to a worker's journal is here said by the report, or by an error.
    logging.getLogger("evalstream.streams").addHandler(logging.NullHandler())
    # What users' code prints must not get between the lines of our JSON.
    with contextlib.redirect_stdout(sys.stderr) if as_machine else contextlib.nullcontext():
        settings = loaded_settings().settings
        wishes = wishes_of(scorers, scorer_args, metrics, epochs_reducer, action)
        check_models(settings, (tag_of(scorer).entry for scorer in wishes.scorers))
        request = _Request(settings, display, as_machine, work_dir.absolute(), output_file)
        with _source_client(settings) as client:
            code, report = _rescore(client, eval_id, wishes, request)
    if as_machine and report is not None:
        click.echo(json.dumps(report, indent=2))
    return code


@contextlib.contextmanager
def _source_client(settings: Settings) -> Iterator[BrokerClient]:
    scheme = urlsplit(settings.broker).scheme
    if scheme == "memory":
        raise UsageError("memory:// ends with the command that uses it: name an embedded:///folder, or a kafka:// host")
    # To look is not to make: opening an embedded broker would make its folder.
    if scheme == "embedded" and not embedded_folder(settings.broker).exists():
        raise UsageError(f"There is no broker in {embedded_folder(settings.broker)}: check --broker.")
    client = open_client(settings)
    try:
        yield client
    finally:
        client.close()


def _rescore(client: BrokerClient, wanted: str, wishes: Wishes, request: _Request) -> tuple[int, dict[str, Any] | None]:
    broker = masked_url(request.settings.broker)
    source = find_eval(client, wanted, broker)
    plan = plan_rescoring(source.started, wishes)
    where = str(request.output_file or masked(request.settings.log_dir))
    place = broker + request.settings.topic_prefix
    request_name = request_id(place, source.eval_id, plan, where, request.settings)
    folder = request.work_dir / request_name
    make_folder(folder)
    with worker_lock(folder, _BUSY):
        try:
            frozen = FrozenRun.load(folder)
            if frozen is None:
                frozen = _begin(client, source, folder, request)
                frozen.save(folder)
            elif request.display != "none":
                click.echo(f"Note: going on with run {frozen.run_id}, which was begun in {plain(folder)}", err=True)
        except BaseException:
            _remove(folder, only_if_empty=True)
            raise
        try:
            scored = _run(client, source, plan, frozen, folder, request)
        except (KeyboardInterrupt, click.Abort):
            click.echo(f"Interrupted: the same command goes on with run {frozen.run_id}. {_left(folder)}", err=True)
            return EXIT_INTERRUPTED, None
        except UsageError:  # what was asked for cannot be done, now or later
            _remove(folder)
            raise
        except StreamsError:
            click.echo(
                f"Run {frozen.run_id} is not finished: the same command goes on with it. {_left(folder)}", err=True
            )
            raise
        _tell(client, frozen, scored)
        _remove(folder)
    if not request.json:
        print_report(new_console(), source.task, scored)
    tell_unasked_roles(request.settings, scored.written.usage)
    report = {"eval_id": source.eval_id, "run_id": frozen.run_id, **as_json(scored, plan.action)}
    return exit_code(scored), report


def _left(folder: Path) -> str:
    return f"What it has done is in {plain(folder)}; to give it up, remove that folder."


def _begin(client: BrokerClient, source: SourceEval, folder: Path, request: _Request) -> FrozenRun:
    """Decide what a new run is called, which completions are its own, and where its log goes."""
    run_id = new_run_id()
    output = request.output_file
    if output is None:
        # What goes to a URL is written beside the run's other files first.
        log_dir = request.settings.log_dir if isinstance(request.settings.log_dir, Path) else folder
        make_folder(log_dir)
        output = log_dir / name_of(source.started, source.eval_id, run_id)
    check_name(output)
    if output.exists():
        raise UsageError(f"{output}: this file exists already; give another --output-file, or remove it.")
    check_writable(output)
    return freeze(client, source.eval_id, run_id, output)


def _run(
    client: BrokerClient, source: SourceEval, plan: ScoringPlan, frozen: FrozenRun, folder: Path, request: _Request
) -> ScoredLog:
    publisher: Publisher
    if plan.action == "append":
        publisher = AppendingPublisher(client, request.settings, source, plan, folder)
    else:
        publisher = CopyingPublisher(client, source, frozen.ranges, plan)
    with contextlib.closing(publisher), ProgressView(new_console(stderr=True), request.display) as view:
        work = rescore(publisher, len(plan.scorers), Path(frozen.output), folder, request.settings, view)
        scored = asyncio.run(work)
    if request.output_file is not None or isinstance(request.settings.log_dir, Path):
        return scored
    with contextlib.closing(log_place(request.settings.log_dir)) as place:
        location = place.deliver(Path(frozen.output))
    return dataclasses.replace(scored, written=scored.written.model_copy(update={"location": location}))


def _tell(client: BrokerClient, frozen: FrozenRun, scored: ScoredLog) -> None:
    """Say on the source broker that there is a log: `evalstream runs` shows it under the run's own name."""
    log = scored.written.model_copy(update={"run_id": frozen.run_id, "scores": scored.run.rows})
    key = f"{log.eval_id}/{log.run_id}"
    client.append(LOGS.name, [NewRecord(key.encode(), log.to_bytes(), place=log.eval_id.encode())])


def _remove(folder: Path, only_if_empty: bool = False) -> None:
    """Remove a run's folder, and what was made around it if nothing else is there."""
    if only_if_empty and {path.name for path in folder.iterdir()} - {"worker.lock"}:
        return
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent)[: len(DEFAULT_FOLDER.parts)]:
        if parent.name in DEFAULT_FOLDER.parts:
            with contextlib.suppress(OSError):
                parent.rmdir()
