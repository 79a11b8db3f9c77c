"""The ``evalstream`` command and its subcommands."""

from __future__ import annotations

import difflib
import importlib

import click

import evalstream

from .light_faust import import_faust
from .process import imports_for_good

__all__ = ["main"]

_COMMANDS = {
    "score": "Score logs: each one's scored log is what Inspect would have written.",
    "info": "Show a log: what was evaluated, and its metrics.",
    "samples": "List a log's samples with their scores.",
    "edit": "Edit scores in a log: by a person, with history and reasons kept.",
    "worker": "Run the agents that score, tally and write logs.",
    "publish": "Publish a log's samples to a broker, as if the eval were being run.",
    "runs": "Show the evals on a broker: how far each one is, its metrics, and where its log is.",
    "rescore": "Score an eval's completions on a broker anew, beside live scoring.",
    "dead-letters": "Show what could not be scored, and requeue or drop it.",
    "blobs": "Delete large samples whose evals the broker has forgotten.",
    "topics": "Make the topics on Kafka, or look at them.",
    "broker": "Run Apache Kafka on this machine, without Docker or an installed Java.",
    "config": "Show the settings in force, and where each one came from.",
}
"""In the order in which people meet them."""

_WITH_AGENTS = frozenset({"rescore", "score", "worker"})


class _Commands(click.Group):
    """A group whose commands are imported when they are used: ``--help`` should not wait for Faust."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        with imports_for_good():
            if cmd_name in _WITH_AGENTS:
                import_faust()
            module = importlib.import_module(f"evalstream.streams.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(_COMMANDS)}."
            ctx.fail(f"There is no command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(evalstream.__version__, prog_name="evalstream")
def main() -> None:
    """Inspect AI's scoring as an event stream."""
