"""Editing the scores of a log: a person's verdict in place of a scorer's, with the history of what was there.

`score.py` edits one score, `sample.py` puts it into its sample, `recompute.py` finds results anew, `log.py` writes the
edited log, `requests.py` says which edits are asked for.
"""
