"""Servers that misbehave on purpose, on 127.0.0.1, each for one question."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.cli.demo.receivers import Certificates


@dataclass
class Heard:
    """What a server heard, and where it listens."""

    port: int
    bytes_heard: bytearray = field(default_factory=bytearray)
    connections: int = 0


@contextmanager
def https_server(certificates: Certificates, answer: bytes, *, drips: bool = False) -> Iterator[Heard]:
    """Reads one request whole, then says exactly `answer` (nothing: hangs up), byte by byte for ever if it `drips`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    stopping = threading.Event()

    def converse(connection: socket.socket, heard: Heard) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            while not _is_whole(heard.bytes_heard):
                chunk = tls.recv(65536)
                if not chunk:
                    return
                heard.bytes_heard += chunk
            tls.sendall(answer)
            while drips and not stopping.is_set():
                tls.sendall(b"x")
                time.sleep(0.02)

    with _listening(converse, stopping) as heard:
        yield heard


@contextmanager
def script_server(*lines: bytes) -> Iterator[Heard]:
    """A line server: says the first line, then one more after each line it hears, then hangs up."""

    with _listening(lambda connection, heard: _follow(connection, heard, lines), threading.Event()) as heard:
        yield heard


@contextmanager
def tls_script_server(certificates: Certificates, *lines: bytes) -> Iterator[Heard]:
    """The same under TLS from the first byte; after a `354` it hears a whole email before its next line."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)

    def converse(connection: socket.socket, heard: Heard) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            _follow(tls, heard, lines)

    with _listening(converse, threading.Event()) as heard:
        yield heard


def _follow(connection: socket.socket, heard: Heard, lines: tuple[bytes, ...]) -> None:
    with connection, connection.makefile("rwb") as stream:
        for line in lines:
            stream.write(line)
            stream.flush()
            said = stream.readline()
            while said and line.startswith(b"354") and not said.endswith(b"\r\n.\r\n"):
                more = stream.readline()
                said += more
                if not more:
                    break
            heard.bytes_heard += said
            if not said:
                return


def _is_whole(request: bytearray) -> bool:
    head, found, body = bytes(request).partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(body) >= int(lengths[0].partition(b":")[2])


@contextmanager
def _listening(converse: Callable[[socket.socket, Heard], None], stopping: threading.Event) -> Iterator[Heard]:
    listener = socket.create_server(("127.0.0.1", 0))
    heard = Heard(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if stopping.is_set():
                connection.close()
                return
            heard.connections += 1
            connection.settimeout(10)
            try:
                converse(connection, heard)
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        stopping.set()
        with socket.create_connection(("127.0.0.1", heard.port), timeout=10):
            pass
        thread.join(timeout=15)
        listener.close()
