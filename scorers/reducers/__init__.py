"""Epoch reducers: the scores of one sample's epochs become one. Importing this package registers them all."""

from .at_least import at_least
from .collect import collect_score
from .driver import ValueReducer
from .majority import majority_score
from .max import max_score
from .mean import mean_score
from .median import median_score
from .mode import mode_score
from .names import check_epochs, create_reducers, reducer_log_name
from .pass_at import pass_at
from .pass_k import pass_k

__all__ = [
    "ValueReducer",
    "at_least",
    "check_epochs",
    "collect_score",
    "create_reducers",
    "majority_score",
    "max_score",
    "mean_score",
    "median_score",
    "mode_score",
    "pass_at",
    "pass_k",
    "reducer_log_name",
]
