"""From a log to the events that say the same: what it is scored with (`plan`), and the events (`events_of_log`)."""
