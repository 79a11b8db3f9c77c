"""What Faust finds under the scheme ``kafka``."""

from __future__ import annotations

from faust.transport.drivers import aiokafka as driver

from .consumer import KafkaConsumer
from .producer import KafkaProducer

__all__ = ["Transport"]


class Transport(driver.Transport):  # type: ignore[misc]
    """Faust's own Kafka transport with our consumer and producer; where the brokers are is in the app's settings."""

    Consumer = KafkaConsumer
    Producer = KafkaProducer
