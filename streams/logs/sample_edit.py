"""Put new scores into a sample: its ``scores``, and the events that tell of the scoring.

Texts are spliced, not parsed and printed again, so that what scoring does not touch stays as it was, letter for letter.
Nothing here asks the clock or a random generator: the same scores make the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from evalstream.scorers.jsontext import dumps, split_object
from evalstream.streams.logs.event_splice import splice_events
from evalstream.streams.logs.score_events import NewScore

__all__ = ["NewScore", "ScoreAction", "with_scores"]

ScoreAction = Literal["append", "overwrite"]


def with_scores(members: Mapping[str, bytes], scores: Sequence[NewScore], action: ScoreAction) -> dict[str, bytes]:
    """Return the sample with new scores.

    Parameters
    ----------
    members
        The sample, cut into members.
    scores
        In the order of the scorers. None at all is legal: a scorer may have nothing to say about a sample.
    action
        "append" keeps the old scores and adds; a name that is taken gets a number, as in Inspect: ``match1``.
        "overwrite" puts the new ones in the place of all old ones.

    Raises
    ------
    JsonTextError
        ``scores`` or ``events`` of the sample are not what they must be.

    Examples
    --------
    >>> sample = {"id": b"1", "output": b"{}", "scores": b'{"match":{"value":"I"}}'}
    >>> new = NewScore("match", b'{"value":"C","history":[]}', {}, "run-1")
    >>> with_scores(sample, [new], "append")["scores"].decode()
    '{"match":{"value":"I"},"match1":{"value":"C","history":[]}}'
    >>> with_scores(sample, [new], "overwrite")["scores"].decode()
    '{"match":{"value":"C","history":[]}}'
    """
    old = members.get("scores", b"null").strip()
    overwrite = action == "overwrite"
    if overwrite or old in (b"null", b"{}"):
        old, taken = b"{}", set[str]()
    else:
        taken = set(split_object(old))
    named = _free_names(scores, taken)
    kept = old[1:-1].strip()
    pieces = [kept] if kept else []
    pieces += (dumps(score.name) + b":" + score.text for score in named)
    edited = _placed(members, b"{" + b",".join(pieces) + b"}")
    events = splice_events(members, named, overwrite)
    if events is not None:
        edited["events"] = events
    return edited


def _free_names(scores: Sequence[NewScore], taken: set[str]) -> Sequence[NewScore]:
    named = []
    for score in scores:
        name, number = score.name, 0
        while name in taken:
            number += 1
            name = f"{score.name}{number}"
        taken.add(name)
        named.append(score if name == score.name else score._replace(name=name))
    return named


def _placed(members: Mapping[str, bytes], scores: bytes) -> dict[str, bytes]:
    """Return the members with `scores` among them, after the output if there were none, as Inspect has them."""
    edited = dict(members)
    if "scores" in edited or "output" not in edited:
        edited["scores"] = scores
        return edited
    edited.clear()
    for key, text in members.items():
        edited[key] = text
        if key == "output":
            edited["scores"] = scores
    return edited
