"""A conversation to scan, and names of metrics."""

from evalstream.scorers import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    TaskState,
    registry,
)


def talk():
    messages = [ChatMessageSystem(content="s"), ChatMessageUser(content="u"), ChatMessageAssistant(content="a")]
    return TaskState(sample_id=7, epoch=2, messages=messages, target=["x", "y"], metadata={"k": 1}, sample_uuid="id")


def names(metrics):
    return [registry.log_name(metric) for metric in metrics]
