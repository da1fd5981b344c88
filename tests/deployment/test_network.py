"""The suite itself: it cannot reach beyond this machine, and a warning fails it."""

import socket
import warnings

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_test_cannot_reach_another_machine() -> None:
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 443), timeout=1)


def test_a_test_can_reach_this_machine() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
    ):
        client.sendall(b"here")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4) == b"here"


def test_a_warning_is_an_error() -> None:
    with pytest.raises(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
