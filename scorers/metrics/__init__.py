"""Metrics: one value over the scores of a run. One metric per file; importing this package registers them all."""

from .accuracy import accuracy
from .aggregate import aggregate
from .bootstrap import bootstrap_stderr
from .ci import ci
from .ci_wilson import ci_wilson
from .frequency import categorical, frequency
from .grouped import grouped
from .krippendorff import krippendorff_alpha
from .mean import mean
from .perplexity import perplexity_per_seq, perplexity_per_token
from .stderr import stderr
from .variance import std, var

__all__ = [
    "accuracy",
    "aggregate",
    "bootstrap_stderr",
    "categorical",
    "ci",
    "ci_wilson",
    "frequency",
    "grouped",
    "krippendorff_alpha",
    "mean",
    "perplexity_per_seq",
    "perplexity_per_token",
    "std",
    "stderr",
    "var",
]
