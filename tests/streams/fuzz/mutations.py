"""What somebody who means harm, or a producer with a bug, makes of a valid event or file."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[1] / "golden"

_RAW = {
    "deep array": "[" * 500 + "]" * 500,
    "very deep array": "[" * 100_000 + "]" * 100_000,
    "deep object": '{"a":' * 500 + "1" + "}" * 500,
    "open for ever": "[" * 100_000,
    "integer of 5000 digits": "1" + "0" * 5000,
    "beyond any float": "1e400",
    "minus zero": "-0",
    "bad escape": '"\\x"',
    "not UTF-8": "\udcff",
    "high half of a pair": '"\\ud83d"',
    "low half of a pair": '"\\ude00"',
    "NUL outside of a text": "\0",
    "duplicate keys": '{"id":1,"id":"1","epoch":1,"epoch":2}',
}

NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2, 0.5, 2**31, 2**62, 2**63, 2**64, -(2**63), 10**400, -(10**400), 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), "", "\0", "a\0b", "x" * 100_000, "../../etc/passwd", "/etc/passwd",
    "..\\..\\x", "os:system", "grader.py@grade", "http://127.0.0.1:9/x", "1", "1" * 5000, "²", "NaN", "\x1b[2J",
    "log", "C", "eval_started", "match", [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": [1]}}, {"name": 5},
    [1, "a", None], ["a"] * 1000, [0] * 20_000, {str(i): i for i in range(1000)},
    *(f"@{name}@" for name in _RAW),
]  # fmt: skip
"""Values that are put where something else is expected; those between @ are put in as bare text."""

nasty = st.integers(0, len(NASTY) - 1).map(NASTY.__getitem__) | st.integers() | st.floats() | st.text(max_size=20)


def golden(*kinds: str) -> list[dict[str, Any]]:
    """Return the valid events of these kinds."""
    files = [path for kind in kinds for path in sorted(GOLDEN.glob(f"{kind}*.json"))]
    return [json.loads(path.read_text("utf-8")) for path in files]


def printed(event: Any) -> bytes:
    """Print an event that may hold anything of `NASTY`."""
    text = json.dumps(event)
    for name, raw in _RAW.items():
        text = text.replace(f'"@{name}@"', raw)
    return text.encode(errors="surrogateescape")


@st.composite
def disturbed(draw: st.DrawFn, events: list[dict[str, Any]], most: int = 3) -> dict[str, Any]:
    """Replace, remove or swap some fields of a valid event, however deep they are."""
    event = copy.deepcopy(draw(st.sampled_from(events)))
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(event))
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(["replace", "replace", "replace", "remove", "swap", "repeat"]))
        if what == "replace":
            parent[key] = copy.deepcopy(draw(nasty))  # or the next step would change it for all
        elif what == "remove":
            del parent[key]
        elif what == "swap":
            other, other_key = draw(st.sampled_from(places))
            parent[key] = copy.deepcopy(other[other_key])
        elif isinstance(parent, list):
            parent.extend([parent[key]] * draw(st.integers(1, 50)))
        else:
            parent[f"{key}x"] = parent[key]
    return event


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items)[:100]:
        yield value, key
        yield from _places(item)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Flip bits, cut, repeat, or put other bytes in."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        what = draw(st.sampled_from(["flip", "cut", "drop", "insert", "repeat"]))
        if what == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "cut":
            del data[at:]
        elif what == "drop":
            del data[at : at + draw(st.integers(1, 30))]
        elif what == "insert":
            data[at:at] = draw(
                st.binary(max_size=8) | st.sampled_from([b"\0", b"\xff", b"NaN", b"\\ud800", b"[" * 300])
            )
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 60))]
    return bytes(data)


def hostile(*kinds: str) -> st.SearchStrategy[bytes]:
    """Make bytes in place of an event of these kinds: disturbed, damaged, with a repeated key, or none at all."""
    events = golden(*kinds)
    fields = disturbed(events).map(printed)
    return (
        fields
        | damaged(st.sampled_from(events).map(printed))
        | st.builds(_again, fields, st.sampled_from(events), nasty)
        | st.binary(max_size=200)
    )


def _again(text: bytes, event: dict[str, Any], value: Any) -> bytes:
    """Say a field twice."""
    key = list(event)[-1]
    return text[:-1] + b"," + printed({key: value})[1:]


def for_all(
    strategy: st.SearchStrategy[Any], check: Callable[[Any], object], examples: int, fresh: bool = False
) -> None:
    """Check so many examples, always the same ones unless they are to be fresh; none may take long."""
    profile = settings(
        max_examples=examples, deadline=timedelta(seconds=10), derandomize=not fresh, database=None,
        phases=[Phase.generate],  # making an example smaller may take minutes
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    profile(given(strategy)(lambda value: check(value) and None))()
