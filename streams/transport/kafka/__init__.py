"""Apache Kafka: `kafka://host:9092[,host:9092…]`, for everything beyond one machine.

`transport.py` is what Faust sees (`consumer.py`, `producer.py`); `client.py` is what commands and writers of logs see.
Both send by `sender.py`. A topic's name on the broker is the settings' prefix and our own name for it.
"""
