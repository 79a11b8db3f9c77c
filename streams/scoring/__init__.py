"""From a completion to its scores: what the score agent decides, without an event loop where none is needed."""
