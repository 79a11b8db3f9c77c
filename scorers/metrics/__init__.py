"""Metrics: one value over the scores of a run. One metric per file; importing this package registers them all."""

from .accuracy import accuracy
from .bootstrap import bootstrap_stderr
from .grouped import grouped
from .mean import mean
from .stderr import stderr
from .variance import std, var

__all__ = ["accuracy", "bootstrap_stderr", "grouped", "mean", "std", "stderr", "var"]
