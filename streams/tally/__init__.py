"""What is known of each scoring run: which scores came, the running metrics, and whether the ledger balances.

Pure: nothing here needs an event loop. The agent in `streams/agents/tally.py` feeds it.
"""
