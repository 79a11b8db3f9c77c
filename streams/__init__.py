"""The event-driven half: topics, agents, transports, logs, command line."""
