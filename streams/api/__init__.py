"""The Python API: logs as objects, scored, edited, read and written, with the signatures of Inspect.

`log.py` and `log_sample.py` are the models of a log, `read.py`, `write.py` and `listing.py` its files, `score.py` and
`edit.py` what is done to it. ``evalstream`` re-exports the functions.
"""
