"""The socket that people and machines connect to."""

import socket
from typing import Final

_BACKLOG: Final = 2_048


def listen(host: str, port: int) -> socket.socket:
    """Listen; port 0 takes a free one. Raises OSError where the address cannot be had.

    What is written is sent at once: the server writes an answer's head and body apart, and without TCP_NODELAY, which
    asyncio sets only on sockets that it made itself, the body would wait for the caller's acknowledgement of the head,
    which a caller may put off (RFC 1122 4.2.3.2).
    """
    listening = socket.create_server((host, port), backlog=_BACKLOG)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # every accepted connection takes it over
    return listening
