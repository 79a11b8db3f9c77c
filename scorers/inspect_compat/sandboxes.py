"""Stub."""

__all__ = ["show_sandboxes"]


def show_sandboxes() -> None:
    """Do nothing."""
