"""What went wrong on Kafka: in words for people, and whether waiting mends it."""

from __future__ import annotations

import asyncio

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    BrokerNotAvailableError,
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    CorruptRecordException,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ReplicaNotAvailableError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    UnsupportedVersionError,
)

from ...errors import BrokerError

__all__ = ["FAILURES", "explained", "may_pass"]

FAILURES = (KafkaError, asyncio.TimeoutError, OSError)
"""What aiokafka raises when a broker cannot be reached, or refuses."""

_LOGIN = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
_RIGHTS = (ClusterAuthorizationFailedError, GroupAuthorizationFailedError, TopicAuthorizationFailedError)

# Answers of a broker that aiokafka calls final, and that another try or a new producer gets over.
_PASSING = (
    BrokerNotAvailableError, CorruptRecordException, InvalidProducerEpoch, InvalidProducerIdMapping,
    OutOfOrderSequenceNumber, ReplicaNotAvailableError, UnknownProducerId,
)  # fmt: skip

_ADVICE: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (MessageSizeTooLargeError,),
        "Raise max_message_bytes, and the topic's max.message.bytes with it; or lower it to what the topic takes:"
        " larger samples go to the blob dir then.",
    ),
    (_LOGIN, "Check the kafka_sasl_… settings (evalstream config)."),
    (_RIGHTS, "Ask for the right to do that on this topic or group."),
    ((UnknownTopicOrPartitionError,), "Run `evalstream topics create`, or start a worker."),
    ((UnsupportedVersionError,), "Use Kafka 2.1 or later."),
)


def may_pass(error: BaseException | None) -> bool:
    """Tell whether a failure may go away by itself: the broker is not there yet, or not just now.

    Examples
    --------
    >>> from aiokafka.errors import InvalidTopicError, KafkaConnectionError
    >>> may_pass(KafkaConnectionError()), may_pass(TimeoutError()), may_pass(InvalidTopicError())
    (True, True, False)
    """
    if isinstance(error, (*_LOGIN, *_RIGHTS)):
        return False
    if isinstance(error, BrokerResponseError):
        return bool(error.retriable) or isinstance(error, _PASSING)
    # What is no broker's answer is about the connection, or about a client that has lost it.
    return isinstance(error, FAILURES)


def explained(error: BaseException, doing: str) -> BrokerError:
    """Make the error that says what Kafka refused, and what to do.

    Examples
    --------
    >>> str(explained(TopicAuthorizationFailedError("scores"), "reading scores"))[:60]
    'Kafka: reading scores failed: TopicAuthorizationFailedError:'
    """
    hint = next((text for kinds, text in _ADVICE if isinstance(error, kinds)), "Check the broker and its log.")
    reason = str(error).removeprefix(f"[Error {getattr(error, 'errno', '')}] ")
    name = type(error).__name__
    said = name if not reason or reason == name else f"{name}: {reason.removeprefix(f'{name}: ')}"
    return BrokerError(f"Kafka: {doing} failed: {said.rstrip('.')}. {hint}")
