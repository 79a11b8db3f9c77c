from __future__ import annotations

import json
import math

import pytest
from inspect_ai.log import EvalSample, read_eval_log, write_eval_log
from log_helpers import EVAL_LOGS, members_of

from evalstream.scorers.jsontext import JsonTextError, dumps, loads, split_array, split_object
from evalstream.streams.logs.source import cut_sample, open_log
from evalstream.streams.logs.summary import summarise

LONG = " ".join(f"word{i}" for i in range(2000))


@pytest.mark.parametrize("name", EVAL_LOGS)
def test_summaries_of_real_logs_are_inspects_letter_for_letter(logs, name):
    rows = {(str(loads(r)["id"]), loads(r)["epoch"]): r for r in split_array(members_of(logs / name)["summaries.json"])}
    with open_log(logs / name) as log:
        for i, key in enumerate(log.keys()):
            assert summarise(cut_sample(log, i)) == rows[key]


def score(**more):
    return {"scores": {"m": {"value": 1, "history": [], **more}}}


def text(kind, **more):
    return {"type": kind, **more}


CASES = {
    "long input and target": {"input": "x" * 6000, "target": "y" * 6000},
    "input at the limit": {"input": "ü" * 5120, "target": ["y" * 6000, "z"]},
    "input past the limit": {"input": "ü" * 5121, "target": []},
    "messages": {
        "input": [
            {"role": "user", "content": "x" * 6000, "id": "a"},
            {
                "role": "user",
                "content": [
                    text("text", text="t" * 6000),
                    text("image", image="data:image/png;base64,AAAA"),
                    text("text", text="short"),
                ],
                "id": "b",
            },
            {"role": "assistant", "content": [text("reasoning", reasoning="hm"), text("text", text="x")], "id": "c"},
            {"role": "user", "content": [text("text", text="t" * 6000, refusal=True)], "id": "d"},
            {"role": "user", "content": [text("text", text="all short")], "id": "e"},
        ]
    },
    "metadata": {
        "metadata": {
            "a": 1,
            "b": 1.5,
            "c": True,
            "d": None,
            "e": "two\n words",
            "f": "w" * 2000,
            "g": LONG,
            "h": {"k": "v" * 2000},
            "i": list(range(100)),
            "j": list(range(150)),
            "k": {"n": None},
            "l": math.nan,
            "m": " lead trail ",
            "n": "",
            "o": "non\u00a0breaking",
            "p": "é x",
            "q": [[]] * 60,
            "r": {"a": {}},
            "s": [1e-7] * 50,
            "t": [math.nan],
            "u": ["x" * 20_000],
        }
    },
    "metadata at the limit": {"metadata": {f"z{n}": ["x" * n] for n in range(1005, 1016)}},
    "metadata at the limit, not ascii": {"metadata": {f"z{n}": ["é" * n] for n in range(1005, 1016)}},
    "texts of scores": score(answer="a\nb", explanation=LONG, reason="  spaced  out "),
    "metadata of scores": score(
        answer="w" * 3000, explanation="-".join(["hy"] * 900), metadata={"unscored_reason": "r", "long": "v" * 2000}
    ),
    "just short enough": score(explanation="a" * 1000 + " " + "b" * 23),
    "just too long": score(explanation="a" * 1000 + " " + "b" * 24),
    "short enough once collapsed": score(explanation="a" * 1000 + "  " + "b" * 23),
    "hyphens": score(explanation="aaa-bbb " * 140),
    "no place to cut": score(explanation="é" * 1023 + "-" + "ü" * 20),
    "dashes": score(explanation="ab—cd " * 340),
    "slashes": score(explanation="ab/cd,ef--gh " * 140),
    "mostly white space": score(explanation="\n" * 9000 + "tail"),
    "past what is considered": score(explanation="word " * 1700 + "tail"),
    "one word": score(explanation="w" * 1024),
    "one word too long": score(explanation="w" * 1025),
    "a long word at the end": score(explanation="ab " * 340 + "c" * 4000 + " d"),
    "values": {
        "scores": {
            "nan": {"value": math.nan},
            "dict": {"value": {"a": None, "b": 1.0}},
            "list": {"value": [1, "x", True]},
            "é": {"value": "é"},
            "large": {"value": 1e22},
        }
    },
    "no scores": {"scores": None},
    "error, limit, retries": {
        "error": {"message": "boom", "traceback": "t", "traceback_ansi": "t"},
        "limit": {"type": "token", "limit": 5},
        "error_retries": [{"message": "a", "traceback": "b", "traceback_ansi": "c"}],
    },
    "all fields": {
        "choices": ["a", "b"],
        "description": "d",
        "limit": {"type": "token", "limit": 5, "reason": "too much"},
        "token_limit": 5,
        "message_limit": 7,
        "time_limit": 9,
        "token_limit_type": "all",
        "token_limit_usage": 3,
        "turn_count": None,
        "messages": [],
    },
}


@pytest.fixture(scope="module")
def crafted(tmp_path_factory):
    """Return Inspect's samples and summaries of all cases, from one log that Inspect wrote."""
    from log_helpers import DATA

    base = json.loads(members_of(DATA / "a_scored.eval")["samples/2_epoch_1.json"])
    log = read_eval_log(str(DATA / "a_scored.json"))
    log.samples = [EvalSample.model_validate({**base, **case, "id": name}) for name, case in CASES.items()]
    path = tmp_path_factory.mktemp("crafted") / "crafted.eval"
    write_eval_log(log, str(path))
    members = members_of(path)
    rows = {loads(row)["id"]: row for row in split_array(members["summaries.json"])}
    return {name: (members[f"samples/{name}_epoch_1.json"], rows[name]) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_long_and_odd_samples_are_shortened_as_inspect_does(crafted, name):
    text, row = crafted[name]
    assert summarise(split_object(text)) == row


def test_scores_given_beside_the_sample_are_used():
    members = {"id": b"1", "epoch": b"1", "input": b'""', "target": b'""', "scores": b'{"old":{"value":1}}'}
    row = loads(summarise(members, b'{"new":{"value":2}}'))
    assert row["scores"] == {"new": {"value": 2, "history": []}}


def test_the_smallest_sample_has_a_summary():
    row = loads(summarise({"id": b'"x"', "epoch": b"1", "input": b'"?"', "target": b'"!"'}))
    assert row["completed"] is True
    assert row["message_count"] == 0
    assert "scores" not in row


def test_what_cannot_be_cut_is_an_error():
    with pytest.raises(JsonTextError):
        summarise({"id": b"1", "epoch": b"1", "metadata": b"[1]"})


def test_wrong_types_inside_are_no_obstacle():
    members = {"id": b"1", "epoch": b"1", "error": b'"text"', "limit": b"5", "target": b'{"x":"' + b"7" * 6000 + b'"}'}
    row = loads(summarise({**members, "input": dumps([{"role": "user"}, {"type": 1, "content": 5}])}))
    assert row["error"] == ""
