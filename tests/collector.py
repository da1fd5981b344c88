"""A collector of traces on this machine: takes OTLP over HTTP and keeps the bytes as they came, and what they say."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """What was sent to it so far."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.received: list[bytes] = []
        self.around: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.around.append(f"{self.requestline}\n{self.headers}".encode())
                collector.received.append(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the standard library has it
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Take nothing more."""
        self._server.shutdown()
        self._server.server_close()

    def resources(self) -> list[dict[str, str]]:
        """Who sent, as each batch says."""
        return [
            {fact.key: fact.value.string_value for fact in group.resource.attributes} for group in self._groups()
        ]  # fmt: skip

    def spans(self) -> list[Span]:
        """Every span."""
        return [span for group in self._groups() for scope in group.scope_spans for span in scope.spans]

    def _groups(self) -> list[Any]:
        return [group for body in self.received for group in ExportTraceServiceRequest.FromString(body).resource_spans]


def facts(span: Span) -> dict[str, str | int]:
    """The attributes of a span."""
    return {
        fact.key: fact.value.string_value if fact.value.HasField("string_value") else fact.value.int_value
        for fact in span.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that is there for the block."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.stop()
