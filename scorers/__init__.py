"""The pure library: scores, targets, scorers, metrics, reducers, running aggregates.

The names are those of ``inspect_ai.scorer``, and those of ``inspect_ai.solver`` and ``inspect_ai.model`` that scorers
use, so that a scorer written for Inspect needs no more than another import.
"""

from typing import TYPE_CHECKING, Any

from .accepted import Scorers, as_scorers
from .choices import Choice, Choices
from .combine import cascade, majority_vote, multi_scorer, precomputed_scores
from .errors import (
    BudgetError,
    InvalidMetricsError,
    InvalidOptionError,
    LoadError,
    MathProcessError,
    MetricError,
    MissingExtraError,
    ModelAnswerError,
    ModelCallError,
    ModelError,
    ModelSetupError,
    PricesError,
    ReducerError,
    ScorersError,
    UnknownNameError,
)
from .load import load_file, load_package, resolve_metric, resolve_scorer
from .math import math
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
from .metric import Metric, MetricProtocol, metric
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
    perplexity_per_seq,
    perplexity_per_token,
    std,
    stderr,
    var,
)
from .model_graded import model_graded_fact, model_graded_qa, resource
from .options import OptionSyntaxError, parse_options
from .output import ChatCompletionChoice, ModelOutput, ModelUsage
from .perplexity import perplexity, target_perplexity
from .reducer import ScoreReducer, ScoreReducers, score_reducer
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
    SandboxError,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandbox,
)
from .scanners import ModelEvent, Reference, Result, Scanner, Transcript, TranscriptEvent, as_scorer, scanner
from .score import ProvenanceData, SampleScore, Score, ScoreEdit, ScoreReason
from .score_conversation import score
from .scorer import Scorer, scorer
from .state import ModelName, TaskState
from .store import Store
from .target import Target
from .text import AnswerPattern, answer, choice, exact, f1, includes, match, pattern
from .value import CORRECT, INCORRECT, NOANSWER, PARTIAL, UNCHANGED, Value, ValueToFloat, value_to_float

if TYPE_CHECKING:
    from .models import (
        Budget,
        GenerateConfig,
        JudgeCache,
        Model,
        ModelContext,
        ModelRole,
        Price,
        Prices,
        Usage,
        UsageLog,
        get_model,
        model_roles,
        use_context,
    )
    from .sandbox.environment import Sandbox

bootstrap_std = bootstrap_stderr
"""The old name of `bootstrap_stderr`."""

__all__ = [
    "CORRECT",
    "INCORRECT",
    "NOANSWER",
    "PARTIAL",
    "UNCHANGED",
    "AnswerPattern",
    "Budget",
    "BudgetError",
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
    "GenerateConfig",
    "InvalidMetricsError",
    "InvalidOptionError",
    "JudgeCache",
    "LoadError",
    "MathProcessError",
    "Metric",
    "MetricError",
    "MetricProtocol",
    "MissingExtraError",
    "Model",
    "ModelAnswerError",
    "ModelCallError",
    "ModelContext",
    "ModelError",
    "ModelEvent",
    "ModelName",
    "ModelOutput",
    "ModelRole",
    "ModelSetupError",
    "ModelUsage",
    "NoSandboxError",
    "OptionSyntaxError",
    "OutputLimitExceededError",
    "Price",
    "Prices",
    "PricesError",
    "ProvenanceData",
    "ReducerError",
    "Reference",
    "Result",
    "SampleError",
    "SampleScore",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailableError",
    "SandboxUserUnsupportedError",
    "Scanner",
    "Score",
    "ScoreEdit",
    "ScoreReason",
    "ScoreReducer",
    "ScoreReducers",
    "Scorer",
    "Scorers",
    "ScorersError",
    "Store",
    "SuspendedError",
    "Target",
    "TaskState",
    "ToolCall",
    "ToolCallError",
    "Transcript",
    "TranscriptEvent",
    "UnknownNameError",
    "Usage",
    "UsageLog",
    "Value",
    "ValueToFloat",
    "accuracy",
    "aggregate",
    "answer",
    "as_scorer",
    "as_scorers",
    "at_least",
    "bootstrap_std",
    "bootstrap_stderr",
    "cascade",
    "categorical",
    "choice",
    "ci",
    "ci_wilson",
    "collect_score",
    "exact",
    "f1",
    "frequency",
    "get_model",
    "grouped",
    "includes",
    "krippendorff_alpha",
    "load_file",
    "load_package",
    "majority_score",
    "majority_vote",
    "match",
    "math",
    "max_score",
    "mean",
    "mean_score",
    "median_score",
    "metric",
    "mode_score",
    "model_graded_fact",
    "model_graded_qa",
    "model_roles",
    "multi_scorer",
    "never_suspends",
    "parse_options",
    "pass_at",
    "pass_k",
    "pattern",
    "perplexity",
    "perplexity_per_seq",
    "perplexity_per_token",
    "precomputed_scores",
    "resolve_metric",
    "resolve_scorer",
    "resource",
    "run_now",
    "sandbox",
    "scanner",
    "score",
    "score_reducer",
    "scorer",
    "std",
    "stderr",
    "target_perplexity",
    "use_context",
    "value_to_float",
    "var",
]


def __getattr__(name: str) -> Any:
    # Models are imported when somebody wants one: most scorers ask none, and the process should start quickly.
    if name == "Sandbox":
        from .sandbox.environment import Sandbox  # noqa: PLC0415

        return Sandbox
    if name in __all__:
        from . import models  # noqa: PLC0415

        return getattr(models, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
