"""The scorer `math`: answers compared as mathematics. What needs SymPy here runs in processes of its own."""

from .scorer import math

__all__ = ["math"]
