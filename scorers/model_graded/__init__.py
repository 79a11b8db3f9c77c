"""Scorers that let another model grade the answer. Importing registers them."""

from .qa import model_graded_fact, model_graded_qa
from .resource import resource

__all__ = ["model_graded_fact", "model_graded_qa", "resource"]
