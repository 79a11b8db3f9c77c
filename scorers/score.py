"""A score, its edits, and a score together with the sample that it belongs to."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .value import Value

__all__ = ["ProvenanceData", "SampleScore", "Score", "ScoreEdit", "ScoreReason"]

ScoreReason = Literal["invalid_response_format", "refusal", "no_response", "grader_failed", "scoring_failed"]
"""Why a score is not an ordinary one: the first three blame the model, the others the instrument."""

Unchanged = Literal["UNCHANGED"]

MetadataModel = TypeVar("MetadataModel", bound=BaseModel)


class ProvenanceData(BaseModel):
    """Who made an edit, when, and why."""

    timestamp: datetime = Field(default_factory=lambda: datetime.now(timezone.utc))
    author: str
    reason: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class ScoreEdit(BaseModel):
    """One edit of a score; a field that reads "UNCHANGED" keeps what is there."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    value: Value | Unchanged = "UNCHANGED"
    answer: str | Unchanged | None = "UNCHANGED"
    explanation: str | Unchanged | None = "UNCHANGED"
    reason: ScoreReason | str | Unchanged | None = "UNCHANGED"
    metadata: dict[str, Any] | Unchanged = "UNCHANGED"
    provenance: ProvenanceData | None = None


class Score(BaseModel):
    """What a scorer says of one sample.

    Examples
    --------
    >>> Score(value="C", answer="42").text
    'C'
    >>> Score.unscored(reason="grader_failed").value
    nan
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")

    value: Value
    answer: str | None = None
    explanation: str | None = None
    reason: ScoreReason | str | None = None
    metadata: dict[str, Any] | None = None
    history: list[ScoreEdit] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _lift_legacy_reason(cls, data: Any) -> Any:
        # Older logs kept the reason inside metadata; the key stays there, so that a round trip changes nothing.
        if isinstance(data, dict) and data.get("reason") is None:
            metadata = data.get("metadata")
            if isinstance(metadata, dict) and metadata.get("unscored_reason") is not None:
                return {**data, "reason": metadata["unscored_reason"]}
        return data

    @classmethod
    def unscored(
        cls,
        *,
        reason: str | None = None,
        answer: str | None = None,
        explanation: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Score:
        """Make a score that is kept in the log but takes no part in metrics and reducers (value NaN)."""
        return cls(
            value=float("nan"),
            answer=answer,
            explanation=explanation,
            reason=reason,
            metadata=metadata,
        )

    @property
    def text(self) -> str:
        """The value as text; the same as `as_str`."""
        return self.as_str()

    def as_str(self) -> str:
        """Return the value as text; ValueError if it is a list or dict."""
        return str(self._scalar())

    def as_int(self) -> int:
        """Return the value as an int; ValueError if it is a list or dict, or not a number."""
        return int(self._scalar())

    def as_float(self) -> float:
        """Return the value as a float; ValueError if it is a list or dict, or not a number."""
        return float(self._scalar())

    def as_bool(self) -> bool:
        """Return the truth of the value (so "False" is True); ValueError if it is a list or dict."""
        return bool(self._scalar())

    def as_list(self) -> list[str | int | float | bool]:
        """Return the value if it is a list, else raise ValueError."""
        if isinstance(self.value, list):
            return self.value
        raise ValueError("This score is not a list")

    def as_dict(self) -> dict[str, str | int | float | bool | None]:
        """Return the value if it is a dict, else raise ValueError."""
        if isinstance(self.value, dict):
            return self.value
        raise ValueError("This score is not a dictionary")

    def _scalar(self) -> str | int | float | bool:
        if isinstance(self.value, (str, int, float, bool)):
            return self.value
        raise ValueError("This score is not a scalar")


class SampleScore(BaseModel):
    """What a metric receives: a score with its sample's id and metadata."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    score: Score
    sample_id: str | int | None = None
    sample_metadata: dict[str, Any] | None = None
    scorer: str | None = None

    def sample_metadata_as(self, metadata_cls: type[MetadataModel]) -> MetadataModel | None:
        """Read the sample's metadata as a pydantic model; None if the sample has none."""
        if self.sample_metadata is None:
            return None
        return metadata_cls.model_validate(self.sample_metadata)
