"""Scoring anew what is on the topic ``completions``: a run of its own, on a private broker, beside live scoring.

The files in the order in which they are used: the eval is found (`source_eval`), what it is scored with is planned
(`plan`), the range of offsets is frozen (`frozen`), its completions are published to the private broker (`publisher`,
`copying`), all of it runs (`rescoring`), and what is missing is accounted for (`missing`).
"""
