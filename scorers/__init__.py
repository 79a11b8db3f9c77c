"""The pure library: scores, targets, scorers, metrics, reducers, running aggregates."""
