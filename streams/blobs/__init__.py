"""Large samples: the body waits in a folder or an object store, and its event carries a claim on it.

::

    publish ── body ──> key (`key.py`), packed (`packed.py`) ──> place (`folder.py`, `remote.py`)
    worker  <─ body ── checked against its key ───────────────── place

Which place is each process's own setting (`where.py`); an event names a key, never a place.
"""
