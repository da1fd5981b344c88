"""The listener for those who watch: `/metrics`, `/live` and `/ready`, and nothing else, on an address of its own.

It asks for no credential, because scrapers have none; so it is off unless a port is set, listens on this machine alone
unless told otherwise, and is never the address that people and partners know: counts tell, too.
"""

import json
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hub import metrics
from hub.flow.house import House
from hub.flow.readiness import Looked
from hub.watch.collector import HubCollector

_PATIENCE_SECONDS: Final = 10
_HEADERS: Final = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


class Listener:
    """Answers from threads of its own until it is stopped."""

    def __init__(self, house: House, readiness: Callable[[], Looked], host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError where the address cannot be had."""
        shared = CollectorRegistry()
        shared.register(HubCollector(house, readiness))
        self._server = make_server(host, port, _application(shared, readiness), _Server, _Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _application(
    shared: CollectorRegistry, readiness: Callable[[], Looked]
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:  # fmt: skip
    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, kind, body = "404 Not Found", "application/json", b"{}"
        if environ["REQUEST_METHOD"] != "GET":
            status = "405 Method Not Allowed"
        elif environ["PATH_INFO"] == "/metrics":
            status, kind = "200 OK", CONTENT_TYPE_LATEST
            asked = generate_latest(shared)  # first: what goes wrong in asking is counted, too
            body = generate_latest(metrics.REGISTRY) + asked
        elif environ["PATH_INFO"] == "/live":
            status, body = "200 OK", b'{"status": "live"}'
        elif environ["PATH_INFO"] == "/ready":
            looked = readiness()
            status = "503 Service Unavailable" if looked.unready else "200 OK"
            told = {"status": "unready" if looked.unready else "ready", "reasons": looked.unready,
                    "degraded": looked.degraded}  # fmt: skip
            body = json.dumps(told).encode()
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS])
        return [body]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE_SECONDS

    def address_string(self) -> str:
        """Ask no name server who it is."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the standard library calls it
        """Say nothing: what was asked for may hold anything."""
