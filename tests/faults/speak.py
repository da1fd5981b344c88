"""A caller who speaks by hand: a TLS line, and one POST over it."""

import socket
import ssl

from hub.cli.demo.certificates import Certificates
from tests.faults.loop import HOST


def tls_line(port: int, certificates: Certificates) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    return context.wrap_socket(socket.create_connection((HOST, port), timeout=10), server_hostname=HOST)


def post(port: int, certificates: Certificates, key: str, body: bytes) -> bytes:
    """The exact bytes of the answer, until the line ends."""
    head = f"POST / HTTP/1.1\r\nwebhook-id: {key}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    heard = bytearray()
    with tls_line(port, certificates) as line:
        line.sendall(head + body)
        while piece := line.recv(65536):
            heard += piece
    return bytes(heard)
