"""From a log to the events that say the same: what is to be scored with what (`plan`), and the events (`events_of_log`)."""
