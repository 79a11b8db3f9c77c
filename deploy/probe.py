"""Ask the worker in this container how it is, as Docker's health checks do: ``probe.py /healthz`` or ``/readyz``.

http.client, not urllib: urllib would send the question through a proxy of the environment.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT = 4
"""In seconds; less than that of the health check, so that the answer is ours."""


def main(path: str) -> int:
    """Return the exit code: 0 if the worker answers 200, else 1."""
    port = int(os.environ["EVALSTREAM_METRICS_PORT"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        print(response.status, response.read(1000).decode(errors="replace"))  # noqa: T201  (`docker inspect` shows it)
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer from port {port}: {error}")  # noqa: T201
        return 1
    else:
        return int(response.status != http.client.OK)
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
