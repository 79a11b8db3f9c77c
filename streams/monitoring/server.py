"""A small HTTP server in threads of its own: it answers while the event loop is blocked, which is when it matters."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NamedTuple

from ..errors import UsageError

__all__ = ["HttpServer", "Reply"]

TEXT = "text/plain; charset=utf-8"
IDLE_SECONDS = 10
"""Who connects and then says nothing is hung up on."""


class Reply(NamedTuple):
    """An answer: its status, its body, and of which type that is."""

    status: int
    body: bytes
    content_type: str = TEXT


Route = Callable[[str], Reply]
"""Answers a GET, given what the client accepts; called in a thread of the request's own."""


class HttpServer:
    """Serves GET for a handful of paths.

    Parameters
    ----------
    host, port
        Where to listen; port 0 is any free one.
    routes
        What answers, by path.

    Raises
    ------
    UsageError
        It cannot listen there.
    """

    def __init__(self, host: str, port: int, routes: Mapping[str, Route]) -> None:
        try:
            self._server = _Server(host, port, routes)
        except (OSError, UnicodeError) as error:
            raise UsageError(_why_not(host, port, error)) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="evalstream-http", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it really listens."""
        host, port = self._server.server_address[:2]
        host = host if isinstance(host, str) else host.decode()
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def stop(self) -> None:
        """Close the port. Waits a moment, so not to be called on an event loop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, routes: Mapping[str, Route]) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self.address_family, *_, address = found[0]
        self.routes = routes
        super().__init__((str(address[0]), int(address[1])), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the name server what this machine is called, and waits for the answer.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: it is the client who went away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        route = self.server.routes.get(path)
        if route is None:
            reply = Reply(HTTPStatus.NOT_FOUND, f"There is only {', '.join(sorted(self.server.routes))}.\n".encode())
        else:
            reply = route(self.headers.get("Accept", ""))
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def version_string(self) -> str:
        return "evalstream"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: probes come every few seconds."""


def _why_not(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    where = f"port {port} of {host or 'no host'}"
    if number == errno.EADDRINUSE:
        return (
            f"Metrics cannot be served on {where}: it is taken, maybe by another worker."
            " Choose another metrics_port (0: any free one; none: no metrics)."
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"Metrics cannot be served on {where}: permission denied. Choose a metrics_port from 1024 on."
    return (
        f"Metrics cannot be served on {where}: {getattr(error, 'strerror', None) or error}."
        " Set metrics_host to an address of this machine."
    )
