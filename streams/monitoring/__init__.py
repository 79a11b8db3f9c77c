"""What a worker tells of itself over HTTP: ``/metrics`` for Prometheus, ``/healthz`` and ``/readyz`` for probes.

Agents tell a `Recorder` what they did; without ``metrics_port`` it is one that does nothing, and nothing else of this
package is imported. `docs/metrics.md` lists all series.
"""
