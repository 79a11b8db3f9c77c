"""The three agents, in the order in which the data visits them: score, tally, materialise.

Each is a thin shell: it takes a batch, has pure code decide, sends what follows, and acknowledges the batch once the
broker has confirmed all of it. An agent's body must not raise: Faust would restart it behind the event that it failed
on.
"""
