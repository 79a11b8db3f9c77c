"""evalstream: Inspect AI's scoring as an event stream."""

__all__ = ["__version__"]

__version__ = "0.1.0"
