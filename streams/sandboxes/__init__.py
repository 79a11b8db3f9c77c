"""Snapshots of samples' files: captured when a log is published, and handed to the scorers by a worker.

`patterns` says which files, `roots` which folder is whose, `capture` reads it, `printing` makes the event's field of
it; `opening` is the worker's half.
"""
