"""Scorers that ask how well the model predicts a text, by the log probabilities of the prompt's tokens."""

from .perplexity import perplexity
from .target_perplexity import target_perplexity

__all__ = ["perplexity", "target_perplexity"]
