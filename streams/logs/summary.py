"""The summary of a sample, a row of ``summaries.json``, cut from the sample's text as Inspect would print it.

Inspect's viewer lists samples from these rows alone. Long texts are shortened so that the list stays small: input and
target at 5,120 characters, texts of scores and metadata at 1,024, and larger values of metadata are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from evalstream.scorers.jsontext import JsonTextError, dumps, split_array, split_object
from evalstream.streams.logs.thin import PLAIN, thin_input, thin_mapping, thin_target, thin_text

__all__ = ["summarise"]

_SMALL = 1024
_NOTHING = (None, b"null")

# The score of most scorers, nothing in it to shorten.
_SIMPLE_SCORE = re.compile(
    rb'\{"value":(?:"[^"\\]*"|[^",{}\[\]]+)'
    + b"".join(rb'(?:,"%s":%s)?' % (key, PLAIN) for key in (b"answer", b"explanation", b"reason"))
    + rb',"history":\[\]\}'
)


def summarise(members: Mapping[str, bytes], scores: bytes | None = None) -> bytes:
    """Return the summary of a sample as JSON.

    Parameters
    ----------
    members
        The sample, cut into members.
    scores
        In place of the sample's own scores.

    Raises
    ------
    JsonTextError
        A member that must be an object or a list is not.

    Examples
    --------
    >>> sample = {"id": b"1", "epoch": b"1", "input": b'"1+1"', "target": b'"2"', "messages": b"[{},{}]"}
    >>> summarise(sample, b'{"match":{"value":"C"}}').decode()
    ... # doctest: +NORMALIZE_WHITESPACE
    '{"id":1,"epoch":1,"input":"1+1","target":"2","metadata":{},"scores":{"match":{"value":"C","history":[]}},"model_usage":{},"role_usage":{},"completed":true,"message_count":2}'
    """
    if scores is not None:
        members = {**members, "scores": scores}
    get = members.get
    row: list[bytes] = []
    for key, prefix, make, default in _FIELDS:
        text = get(key)
        if text is None or text == b"null":
            text = default
        if text is not None:
            row.append(prefix + (make(text) if make else text))
    if (error := get("error")) not in _NOTHING:
        row.append(b'"error":' + _part(error, "message", b'""'))
    if (limit := get("limit")) not in _NOTHING:
        row.append(b'"limit":' + _part(limit, "type", b'"custom"'))
        reason = _part(limit, "reason", b"null")
        if reason != b"null":
            row.append(b'"limit_reason":' + reason)
    if (retries := get("error_retries")) not in _NOTHING:
        row.append(b'"retries":%d' % _count(retries))
    row.append(b'"completed":true,"message_count":%d' % _count(get("messages") or b"[]"))
    for key, prefix in _LAST:
        text = get(key)
        if text is not None and text != b"null":
            row.append(prefix + text)
    return b"{" + b",".join(row) + b"}"


def _part(text: bytes | None, key: str, default: bytes) -> bytes:
    try:
        return split_object(text or b"{}").get(key, default)
    except JsonTextError:
        return default


def _count(text: bytes) -> int:
    return 0 if text in (b"[]", b"null") else len(split_array(text))


def _thin_scores(text: bytes) -> bytes:
    if text == b"{}":
        return text
    return (
        b"{" + b",".join(dumps(name) + b":" + _thin_score(score) for name, score in split_object(text).items()) + b"}"
    )


def _thin_score(text: bytes) -> bytes:
    if len(text) <= _SMALL and _SIMPLE_SCORE.fullmatch(text):
        return text
    score = split_object(text)
    metadata = score.get("metadata", b"null")
    reason = score.get("reason", b"null")
    if reason == b"null" and metadata != b"null":
        # Logs of older versions kept the reason in the metadata.
        reason = split_object(metadata).get("unscored_reason", b"null")
    row = [b'"value":' + score.get("value", b"NaN")]
    for key, part in (("answer", score.get("answer")), ("explanation", score.get("explanation")), ("reason", reason)):
        if part is not None and part != b"null":
            row.append(b'"%s":%s' % (key.encode(), thin_text(part)))
    if metadata != b"null":
        row.append(b'"metadata":' + thin_mapping(metadata))
    return b"{" + b",".join(row) + b',"history":[]}'


_Make = Callable[[bytes], bytes]

_MAKE: dict[str, _Make] = {
    "input": thin_input,
    "target": thin_target,
    "metadata": thin_mapping,
    "scores": _thin_scores,
}
_DEFAULTS = {"metadata": b"{}", "model_usage": b"{}", "role_usage": b"{}"}

# In the order in which Inspect prints them, those that depend on other members left out.
_FIELDS = tuple(
    (key, b'"%s":' % key.encode(), _MAKE.get(key), _DEFAULTS.get(key))
    for key in (
        "id",
        "epoch",
        "input",
        "choices",
        "target",
        "description",
        "metadata",
        "scores",
        "model_usage",
        "role_usage",
        "model_fallbacks",
        "started_at",
        "completed_at",
        "total_time",
        "working_time",
        "uuid",
    )
)
_LAST = tuple(
    (key, b'"%s":' % key.encode())
    for key in ("turn_count", "token_limit", "token_limit_type", "token_limit_usage", "message_limit", "time_limit")
)
