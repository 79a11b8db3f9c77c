"""Free ports stay free, and taken ones are spoken of."""

from __future__ import annotations

import socket

import pytest

from evalstream.streams.errors import BrokerError
from evalstream.streams.local_kafka.ports import HOST, check_free, reserve_port


def test_a_reserved_port_is_for_those_who_ask_for_it_as_servers_do():
    port = reserve_port()
    check_free(port)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port))


def test_reserved_ports_differ():
    ports = [reserve_port() for _ in range(50)]
    assert len(set(ports)) == len(ports)


def test_a_taken_port_says_what_to_do():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"Port {port} of 127\.0\.0\.1 is taken: .* choose another port"):
            check_free(port)
