"""Scorers made of others, or of scores that are there already."""

from .cascade import cascade
from .majority_vote import majority_vote
from .multi_scorer import multi_scorer
from .precomputed_scores import precomputed_scores

__all__ = ["cascade", "majority_vote", "multi_scorer", "precomputed_scores"]
