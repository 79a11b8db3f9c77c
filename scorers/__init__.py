"""The pure library: scores, targets, scorers, metrics, reducers, running aggregates.

The names are those of ``inspect_ai.scorer``, and those of ``inspect_ai.solver`` and ``inspect_ai.model`` that scorers
use, so that a scorer written for Inspect needs no more than another import.
"""

from .choices import Choice, Choices
from .errors import (
    InvalidMetricsError,
    InvalidOptionError,
    LoadError,
    MetricError,
    ReducerError,
    ScorersError,
    UnknownNameError,
)
from .load import load_file, load_package, resolve_metric, resolve_scorer
from .messages import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Content,
    ContentImage,
    ContentReasoning,
    ContentText,
    ToolCall,
    ToolCallError,
)
from .metric import Metric, metric
from .metrics import (
    accuracy,
    aggregate,
    bootstrap_stderr,
    categorical,
    ci,
    ci_wilson,
    frequency,
    grouped,
    krippendorff_alpha,
    mean,
    std,
    stderr,
    var,
)
from .options import OptionSyntaxError, parse_options
from .output import ChatCompletionChoice, ModelOutput, ModelUsage
from .reducer import ScoreReducer, score_reducer
from .reducers import (
    at_least,
    collect_score,
    majority_score,
    max_score,
    mean_score,
    median_score,
    mode_score,
    pass_at,
    pass_k,
)
from .run import SuspendedError, never_suspends, run_now
from .sample import SampleError
from .sandbox import (
    ExecResult,
    ExecTimeoutError,
    NoSandboxError,
    OutputLimitExceededError,
    Sandbox,
    SandboxError,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandbox,
)
from .score import ProvenanceData, SampleScore, Score, ScoreEdit, ScoreReason
from .scorer import Scorer, scorer
from .state import ModelName, TaskState
from .store import Store
from .target import Target
from .text import AnswerPattern, answer, choice, exact, f1, includes, match, pattern
from .value import CORRECT, INCORRECT, NOANSWER, PARTIAL, UNCHANGED, Value, ValueToFloat, value_to_float

bootstrap_std = bootstrap_stderr
"""The old name of `bootstrap_stderr`."""

__all__ = [
    "CORRECT",
    "INCORRECT",
    "NOANSWER",
    "PARTIAL",
    "UNCHANGED",
    "AnswerPattern",
    "ChatCompletionChoice",
    "ChatMessage",
    "ChatMessageAssistant",
    "ChatMessageSystem",
    "ChatMessageTool",
    "ChatMessageUser",
    "Choice",
    "Choices",
    "Content",
    "ContentImage",
    "ContentReasoning",
    "ContentText",
    "ExecResult",
    "ExecTimeoutError",
    "InvalidMetricsError",
    "InvalidOptionError",
    "LoadError",
    "Metric",
    "MetricError",
    "ModelName",
    "ModelOutput",
    "ModelUsage",
    "NoSandboxError",
    "OptionSyntaxError",
    "OutputLimitExceededError",
    "ProvenanceData",
    "ReducerError",
    "SampleError",
    "SampleScore",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailableError",
    "SandboxUserUnsupportedError",
    "Score",
    "ScoreEdit",
    "ScoreReason",
    "ScoreReducer",
    "Scorer",
    "ScorersError",
    "Store",
    "SuspendedError",
    "Target",
    "TaskState",
    "ToolCall",
    "ToolCallError",
    "UnknownNameError",
    "Value",
    "ValueToFloat",
    "accuracy",
    "aggregate",
    "answer",
    "at_least",
    "bootstrap_std",
    "bootstrap_stderr",
    "categorical",
    "choice",
    "ci",
    "ci_wilson",
    "collect_score",
    "exact",
    "f1",
    "frequency",
    "grouped",
    "includes",
    "krippendorff_alpha",
    "load_file",
    "load_package",
    "majority_score",
    "match",
    "max_score",
    "mean",
    "mean_score",
    "median_score",
    "metric",
    "mode_score",
    "never_suspends",
    "parse_options",
    "pass_at",
    "pass_k",
    "pattern",
    "resolve_metric",
    "resolve_scorer",
    "run_now",
    "sandbox",
    "score_reducer",
    "scorer",
    "std",
    "stderr",
    "value_to_float",
    "var",
]
