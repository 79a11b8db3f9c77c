"""Scanners: functions from a sample's transcript to a result, used as scorers."""

from .as_scorer import as_scorer
from .result import Reference, Result
from .scanner import Scanner, scanner
from .transcript import ModelEvent, Transcript, TranscriptEvent

__all__ = [
    "ModelEvent",
    "Reference",
    "Result",
    "Scanner",
    "Transcript",
    "TranscriptEvent",
    "as_scorer",
    "scanner",
]
