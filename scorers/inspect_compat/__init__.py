"""Scorers, metrics and reducers that were written for Inspect, run as they are.

Imported only once a user's file or package has imported ``inspect_ai`` (see `evalstream.scorers.load`): without that
package, or without such a file, nothing here is ever loaded. Read in this order:

=================  ====================================================================
`found`            what Inspect's registry holds, and which function or class made it
`adopt`            the same under its name in our registry
`scorers`          a scorer of Inspect as one of ours
`task_state`       the sample as the ``TaskState`` that such a scorer expects
`surroundings`     what it finds around it: model, store, transcript, sandboxes
`metrics`          Inspect's own metrics as ours, users' metrics wrapped; `reducers` too
`hostile`          options of events that must not name a file
`scores`           scores, there and back
=================  ====================================================================

What is taken of Inspect beyond its public names is imported in `found` and `surroundings` only.
"""

from .adopt import adopt, known

__all__ = ["adopt", "known"]
