"""``evalstream dead-letters`` shows whatever stands on the topic, harmlessly, and says what is wrong with a request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalstream.streams.dead_letters.letter import dead_letter
from evalstream.streams.events import Source
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS
from evalstream.streams.transport.record import NewRecord, Record
from evalstream.streams.transport.sqlite_store import SqliteStore

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202e\r\nbad"


def letter(number: int = 0, value: bytes | None = None, message: str = "no", stage: str = "score") -> NewRecord:
    body = json.dumps({"eval_id": "e", "n": number}).encode() if value is None else value
    record = Record(number, b"e/s%d" % number, body, (("trace", b"\x1b[31m"),), 1_700_000_000_000)
    source = Source(topic="completions", partition=0, offset=number)
    return dead_letter(record, source, Failure(stage, ValueError(message), 3, "match"))


@pytest.fixture
def broker(folder) -> Path:
    return folder / "broker"


@pytest.fixture
def letters(run, broker):
    """Return a function that runs a subcommand on a broker that holds these dead letters."""

    def command(*args: object, add: tuple[NewRecord, ...] = ()):
        if add:
            store = SqliteStore(broker)
            store.append(DEAD_LETTERS.name, add)
            store.close()
        return run("dead-letters", *args, "--broker", f"embedded://{broker}")

    return command


def test_the_list_names_each_letter_and_counts_them(letters):
    result = letters("list", add=(letter(1), letter(2, stage="timeout")))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert "2023-11-14T22:13:20+00:00" in lines[0]
    assert all(word in lines[0] for word in ("score", "3 times", "e  s1", "match: no"))
    assert lines[2] == "2 dead letters."
    assert letters("list", "--stage", "timeout").stdout.splitlines()[-1] == "1 dead letter."
    assert letters("list", "--eval", "of nobody").stdout == "0 dead letters.\n"


def test_an_empty_broker_has_none(letters):
    assert json.loads(letters("list", "--json").stdout) == {"dead_letters": []}
    assert letters("requeue").stdout == "Requeued 0 dead letters.\n"


def test_hostile_bytes_do_not_draw_on_the_terminal(letters):
    hostile = letter(1, value=HOSTILE.encode() + b"\xff", message=HOSTILE)
    listed = letters("list", add=(hostile._replace(key=HOSTILE.encode()),))
    (one,) = json.loads(letters("list", "--json").stdout)["dead_letters"]
    shown = letters("show", one["id"])
    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert len(listed.stdout.splitlines()) == 2
    for text in (listed.stdout, shown.stdout):
        assert all(c.isprintable() or c == "\n" for c in text)
    assert "\\x1b[2J" in shown.stdout
    assert "\\xff" in shown.stdout
    assert "header trace: \\x1b[31m" in shown.stdout


def test_one_letter_is_shown_with_its_reason_and_its_value(letters):
    letters("list", add=(letter(1),))
    (one,) = json.loads(letters("list", "--json").stdout)["dead_letters"]
    shown = letters("show", one["id"][:6]).stdout
    for words in ("ValueError: no", '{"eval_id": "e", "n": 1}', "attempts", "completions", one["id"]):
        assert words in shown


def test_dropped_letters_are_listed_no_more_and_nothing_is_sent(letters, broker):
    letters("list", add=(letter(1), letter(2)))
    (one, _) = json.loads(letters("list", "--json").stdout)["dead_letters"]
    assert letters("drop", one["id"]).stdout == "Dropped 1 dead letter.\n"
    assert letters("list").stdout.splitlines()[-1] == "1 dead letter."
    store = SqliteStore(broker)
    assert store.end_offset(COMPLETIONS.name) == 0
    store.close()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("show", "zz"), "no dead letter 'zz'"),
        (("requeue", "zz"), "no dead letter 'zz'"),
        (("drop",), "--all"),
        (("list", "--stage", "of-life"), "of-life"),
        (("show",), "ID"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(letters, args, words):
    result = letters(*args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broker_that_ends_with_the_command_has_no_dead_letters(run):
    result = run("dead-letters", "list", "--broker", "memory://x")
    assert result.exit_code == 2
    assert "memory://" in result.stderr
