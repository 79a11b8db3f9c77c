"""The command line: one module per command, none of them imported before it is asked for."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
