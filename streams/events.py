"""The wire contract: what travels on the topics, as pydantic models.

Bodies are JSON objects with ``event`` (which model) and ``version``. Readers ignore fields that they do not know;
writers never use a field's name again for something else. `tests/streams/golden` holds one file per event and version.

Events are untrusted. They name scorers, metrics and reducers that the worker has registered, never a file, a module or
an address. A `Claim` names an entry of a store that this very process has registered, and is refused otherwise.

====================  ===============  =============================
event                 topic            key
====================  ===============  =============================
`EvalStarted`         ``evals``        eval id / run id / "started"
`EvalCompleted`       ``evals``        eval id / run id / "completed"
`EvalGivenUp`         ``evals``        eval id / run id / "given_up"
`SampleCompleted`     ``completions``  eval id / sample id
`ScoreEmitted`        ``scores``       eval id
`SampleDeadLettered`  ``scores``       eval id
`MetricsUpdated`      ``metrics``      eval id / run id
`LogMaterialised`     ``logs``         eval id / run id
====================  ===============  =============================
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from evalstream.scorers.score import Score

from .event import LIVE_RUN, Body, Event
from .logs.header import odd_part

__all__ = [
    "LIVE_RUN",
    "USAGE_COUNTS",
    "Claim",
    "EvalCompleted",
    "EvalGivenUp",
    "EvalStarted",
    "Event",
    "LedgerEntry",
    "LogMaterialised",
    "LogShape",
    "MetricsUpdated",
    "SampleCompleted",
    "SampleDeadLettered",
    "SandboxFile",
    "SandboxSnapshot",
    "ScoreEmitted",
    "ScoreFailure",
    "ScorerSpec",
    "ScorerUsage",
    "Source",
    "score_id",
]

MOST_SCORERS = 256
"""Scorers of one run; an event that names more is refused, or a few bytes could ask for millions of scores."""

Count = Annotated[int, Field(ge=0, lt=2**31)]
"""What is counted in a worker's compact columns, which take no more; an event with another number is refused."""

Offset = Annotated[int, Field(ge=0, lt=2**62)]

_NAMESPACE = uuid.UUID("6f0f6a3e-6f1c-5d5c-9d0b-0d4c1b8a7e21")


def score_id(eval_id: str, run_id: str, sample_id: str | int, epoch: int, fingerprint: str) -> str:
    """Name a score by what it is a score of, so that scoring the same completion again gives the same id.

    Never by wall-clock or offset: a redelivery would then be a new score.

    Examples
    --------
    >>> score_id("e", "live", 1, 1, "f") == score_id("e", "live", 1, 1, "f")
    True
    >>> score_id("e", "live", 1, 1, "f") == score_id("e", "live", "1", 1, "f")
    False
    """
    name = repr((eval_id, run_id, sample_id, epoch, fingerprint)).encode("utf-8", "backslashreplace")
    digest = hashlib.sha1(_NAMESPACE.bytes + name, usedforsecurity=False).hexdigest()
    # What `uuid.uuid5` does (RFC 9562, section 5.5), without an object in between: a third of its time.
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


class ScorerSpec(Body):
    """A scorer by registered name, as a log's header lists it (``eval.scorers[]``)."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    metrics: list[Any] | dict[str, list[Any]] | None = None
    """None: what the scorer's registration declares."""
    metadata: dict[str, Any] = Field(default_factory=dict)


class Claim(Body):
    """A claim check: the body is entry ``key`` of the store that the reading process registered as ``store``."""

    store: str
    key: str


class SandboxFile(Body):
    """One file of a snapshot: its content is one of ``text``, ``base64`` and ``claim``, or it was too large."""

    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    text: str | None = None
    base64: str | None = None
    claim: Claim | None = None
    executable: bool = False


class SandboxSnapshot(Body):
    """Files that a scorer may read of one of a sample's sandboxes."""

    files: dict[str, SandboxFile] = Field(default_factory=dict)
    """By path from the sandbox's folder, with ``/`` between the parts."""
    claim: Claim | None = None
    """Where such an object is, if it does not travel in the event."""


class LogShape(Body):
    """How the log is to be written; where is the worker's affair."""

    format: Literal["eval", "json"] = "eval"
    compression: Literal["zstd", "deflate"] = "zstd"


def _with_objects(header: dict[str, Any]) -> dict[str, Any]:
    """Refuse a header that has something else where its readers expect objects."""
    odd = odd_part(header)
    if odd is not None:
        raise ValueError(f"the header's {odd!r} is not an object")
    return header


Header = Annotated[dict[str, Any], AfterValidator(_with_objects)]


class EvalStarted(Event):
    """An eval begins: all that is known of it before the first sample ends."""

    event: Literal["eval_started"] = "eval_started"
    header: Header = Field(default_factory=dict)
    """A log's header as far as it is known: version, eval, plan, tags, metadata; to append to, also results."""
    scorers: list[ScorerSpec] = Field(default_factory=list, max_length=MOST_SCORERS)
    """Each one's ``metrics`` are those that count, the task's own included."""
    reducers: list[str] | None = None
    """Epoch reducers by log name; None: the default (mean); empty: none."""
    epochs: Count = 1
    expected: Count | None = None
    """Sample-epochs that will come, if known."""
    order: list[tuple[str, int]] | None = None
    """Ids (as text) and epochs in the order in which metrics see the samples; None: by epoch, then by id."""
    action: Literal["overwrite", "append"] = "overwrite"
    reductions: Claim | None = None
    """With ``action`` append: the reductions that are there already."""
    log: LogShape = Field(default_factory=LogShape)


class EvalCompleted(Event):
    """An eval is over, however it ended."""

    event: Literal["eval_completed"] = "eval_completed"
    status: Literal["started", "success", "cancelled", "error"] = "success"
    samples: Count
    """Sample-epochs that were published; the log is written when each has its scores."""
    header: Header = Field(default_factory=dict)
    """The header's fields that the end decides (stats, error, invalidated), and those not known here."""
    members: dict[str, str] = Field(default_factory=dict)
    """Further members of an .eval file, to be kept: name to text (base64 after ``base64:``)."""


class EvalGivenUp(Event):
    """Of an eval that has not ended nothing has come for too long: its log is written as far as it goes.

    Void as soon as another sample comes, or the rest of them.
    """

    event: Literal["eval_given_up"] = "eval_given_up"
    received: int
    """Sample-epochs of which anything had come."""
    reason: str


class SampleCompleted(Event):
    """One sample of one epoch is done: its `EvalSample` without scores, and what scoring needs."""

    event: Literal["sample_completed"] = "sample_completed"
    sample: dict[str, Any] | None = None
    """The sample as Inspect logs it; id, epoch, input, target and output (text will do) are enough."""
    claim: Claim | None = None
    """Where the sample is, if it does not travel in the event."""
    unreadable: str | None = None
    """Why the publisher could not read the sample; it is counted all the same."""
    scorers: list[ScorerSpec] = Field(default_factory=list)
    """What to score with; each one's ``metrics`` are those that count, the task's own included."""
    append: bool = False
    """Scores that the sample has stay, and new ones get names beside them."""
    model: str = ""
    """Full name of the evaluated model."""
    model_roles: dict[str, Any] | None = None
    """Models by role, as the log's header has them (``eval.model_roles``); the worker's own settings come first."""
    multiple_correct: bool | None = None
    """What the plan says of the ``multiple_choice`` solver."""
    sandboxes: dict[str, SandboxSnapshot] | None = None
    """What the sample's sandboxes left behind, by their names."""


class ScoreFailure(Body):
    """Why there is no score: the exception's type and message, and what was being done."""

    type: str
    message: str
    stage: Literal["decode", "score", "timeout"] = "score"


class Source(Body):
    """Where a completion stands."""

    topic: str
    partition: Count
    offset: Offset


class ScoreEmitted(Event):
    """What one scorer said of one sample: a score, no score (both None), or a failure."""

    event: Literal["score_emitted"] = "score_emitted"
    score_id: str
    sample_id: str | int
    epoch: Count
    scorer: str
    """The name under which the score enters the sample; "match1" beside a "match" that was there."""
    slot: Annotated[int, Field(ge=0, lt=MOST_SCORERS)]
    """Which of the run's scorers, from 0."""
    score: Score | None = None
    error: ScoreFailure | None = None
    duration: float = 0.0
    """Seconds spent in the scorer."""
    usage: dict[str, Any] | None = None
    """What this scorer used of models for this sample, failed attempts included: by model's name an object with those
    of the fields of `ScorerUsage` that are not 0, or a list of them if the model played several roles."""
    metadata: dict[str, Any] | None = None
    """The sample's metadata, as far as the run's metrics look at it, and the score's own under `SCORE_METADATA`."""
    errored: bool = False
    """The sample itself ended with an error (it is scored all the same)."""
    record: str | None = None
    """Digest of the completion's key and value, as in `SampleDeadLettered`: this record could be read."""
    source: Source


class SampleDeadLettered(Event):
    """A completion that cannot be read went to the dead letters; its eval's ledger must know."""

    event: Literal["sample_dead_lettered"] = "sample_dead_lettered"
    sample: str
    """The sample as far as it can be named."""
    record: str | None = None
    """Digest of the completion's key and value: the same record published again is the same dead letter."""
    error: ScoreFailure
    source: Source


class LedgerEntry(Body):
    """One scorer's account: expected = scored + failed + dead_lettered once the run is complete."""

    scorer: str
    expected: int | None = None
    received: int
    scored: int
    """Scores, unscored ones included."""
    unscored: int
    failed: int
    dead_lettered: int


class ScorerUsage(Body):
    """What the scores of one scorer in a run took of one model, playing one role."""

    scorer: str
    model: str
    role: str | None = None
    calls: int = 0
    """Calls that the model's service answered; all tokens are theirs."""
    cached: int = 0
    """Calls that the judge cache saved: they cost nothing."""
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_cache_write: int = 0
    input_tokens_cache_read: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None
    """USD; None: the model's price is not known."""


USAGE_COUNTS = tuple(name for name, field in ScorerUsage.model_fields.items() if field.annotation is int)
"""Names of what is counted of judges, besides the cost."""


class MetricsUpdated(Event):
    """A snapshot of a run's metrics; ``final`` once, when the ledger balances."""

    event: Literal["metrics_updated"] = "metrics_updated"
    final: bool = False
    scores: list[dict[str, Any]] = Field(default_factory=list)
    """Result rows in the shape of a log's ``results.scores``."""
    partial_samples: int = 0
    """Samples some of whose epochs are still missing; their reduced scores may change."""
    ledger: list[LedgerEntry] = Field(default_factory=list)
    usage: list[ScorerUsage] | None = None
    """What the scores that count took of models; None: nothing."""


class LogMaterialised(Event):
    """The scored log is written."""

    event: Literal["log_materialised"] = "log_materialised"
    location: str
    sha256: str
    status: str
    ledger: list[LedgerEntry] = Field(default_factory=list)
    given_up: bool | None = None
    """The eval had been given up (`EvalGivenUp`): its end, or more samples, may still come."""
    written_at: float | None = None
    """When, in seconds of Unix time."""
    usage: list[ScorerUsage] | None = None
    """As in `MetricsUpdated`."""
    scores: list[dict[str, Any]] | None = None
    """Result rows, of a run that has no `MetricsUpdated`: it was scored beside this broker's workers."""
