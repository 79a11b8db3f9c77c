"""From a run's state to its log: the completions are read again, joined with their scores, and written in order."""
