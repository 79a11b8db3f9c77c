"""Models that scorers ask: judges.

`get_model` finds one, `Model.generate` asks it. A call passes these files in turn: `services` (where, with which key),
`openai_chat`, `anthropic` or `google` (in which form), `cache` (was it asked before), `budget` (may it be), `patience`
(again, if it fails), `limiter` (how many at once), `http`. What decides, without waiting, is plain functions there.
"""

from .budget import Budget
from .cache import JudgeCache
from .config import GenerateConfig
from .context import ModelContext, current_context, use_context
from .get_model import ModelRole, get_model, model_roles
from .model import Model
from .prices import Price, Prices
from .usage import Usage, UsageLog

__all__ = [
    "Budget",
    "GenerateConfig",
    "JudgeCache",
    "Model",
    "ModelContext",
    "ModelRole",
    "Price",
    "Prices",
    "Usage",
    "UsageLog",
    "current_context",
    "get_model",
    "model_roles",
    "use_context",
]
