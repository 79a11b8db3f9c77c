"""Scorers that compare the completion with the target as text, numbers or choices. Importing registers them all."""

from .answer import AnswerPattern, answer
from .choice import choice
from .exact import exact
from .f1 import f1
from .includes import includes
from .match import match
from .pattern import pattern

__all__ = ["AnswerPattern", "answer", "choice", "exact", "f1", "includes", "match", "pattern"]
