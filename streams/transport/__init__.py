"""How records reach the agents: one Faust transport per kind of broker, chosen by the broker URL's scheme.

``memory://name`` lives as long as the process, ``embedded:///dir`` is durable on one machine. Both hand an agent a
*batch of records* as one event (`batching`), and both are a topic store (`store`) behind one consumer and producer
(`local`). A transport for Apache Kafka joins here with its own consumer and producer, and the same `batching`.
"""
