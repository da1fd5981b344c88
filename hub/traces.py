"""Traces: how long each step of a journey took, with ids and codes from an allow-list; off unless an endpoint is set.

No trace context is passed on, and none is kept: the trace of a referral, a disclosure or a consent follows from its id,
so that every process, before and after a crash, adds its steps to the same one. An exception is told by its code, never
by its words; there are no addresses, no queries and no statements. FastAPI's own telemetry stays off (`hub.api.app`).
"""

import hashlib
import logging
import re
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from hub.clock import SystemClock
from hub.errors import ConcordatError

ATTRIBUTES: Final = frozenset({
    "agency", "attempt", "code", "consent", "count", "decision", "disclosure", "landlord", "outcome", "purpose",
    "referral", "rung", "size", "transport",
})  # fmt: skip
"""What a span may carry beside its name and its times."""

Told = str | int | None
_SAFE: Final = re.compile(r"[A-Za-z0-9_.:-]{0,80}")
_SECONDS_TO_SEND: Final = 5


class Traces:
    """Sends spans to one collector (OTLP over HTTP), from a thread of its own; when it is away, they are lost."""

    def __init__(self, endpoint: str, hub_name: str, release: str) -> None:
        """Begin. `endpoint` is the collector's own address; what the environment says of resources is not told."""
        session = requests.Session()
        session.trust_env = False  # no proxy, and nobody's password out of a file of this machine
        session.max_redirects = 0
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_SECONDS_TO_SEND, session=session)
        resource = Resource({"service.name": "concordat", "service.namespace": hub_name, "service.version": release})
        self._ids = _Ids()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, span_limits=SpanLimits(max_attributes=32),
            shutdown_on_exit=False,
        )  # fmt: skip
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer: Tracer = self._provider.get_tracer("concordat", release)

    def tell(
        self, name: str, began: int, about: str | None, attributes: Mapping[str, Told], *, first: bool, failed: bool,
        links: Iterable[str],
    ) -> None:  # fmt: skip
        """One span that is over. `first` is the one that all others `about` the same id hang on."""
        parent = Context()
        if first and about is not None:
            self._ids.chosen = _ids_of(about)
        elif about is not None:
            parent = set_span_in_context(NonRecordingSpan(_context_of(about)), parent)
        span = self._tracer.start_span(
            name, parent, attributes=_allowed(attributes), links=[Link(_context_of(other)) for other in links],
            start_time=began, record_exception=False, set_status_on_exception=False,
        )  # fmt: skip
        self._ids.chosen = None
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def stop(self) -> None:
        """Send what waits, for a few seconds at the most."""
        self._provider.force_flush(_SECONDS_TO_SEND * 1_000)
        self._provider.shutdown()


_running: dict[str, Traces] = {}
"""At most one in a process, as there is one log."""


def begin(endpoint: str | None, hub_name: str, release: str) -> None:
    """Trace from now on; nothing is traced where no endpoint is given."""
    if endpoint is not None:
        _running["traces"] = Traces(endpoint, hub_name, release)
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # else a line for each batch not taken


def stop() -> None:
    """Send what waits, and trace no more."""
    ended = _running.pop("traces", None)
    if ended is not None:
        ended.stop()


def moment() -> int:
    """Now, as a span counts time; 0 while nothing is traced."""
    return int(SystemClock().now().timestamp() * 1e9) if _running else 0


def tell(
    name: str, began: int, about: str | None, attributes: Mapping[str, Told], *, first: bool = False,
    failed: bool = False, links: Iterable[str] = (),
) -> None:  # fmt: skip
    """Tell of a step that is over, begun at `moment()`. `about` names the referral, disclosure or consent.

    KeyError for an attribute that is not in `ATTRIBUTES`: a defect, not input.
    """
    unknown = attributes.keys() - ATTRIBUTES
    if unknown:
        raise KeyError(f"attribute not on the allow-list: {sorted(unknown)}")
    traces = _running.get("traces")
    if traces is not None and began:
        traces.tell(name, began, about, attributes, first=first, failed=failed, links=links)


class Step:
    """A step in a `with` block; what it raises is told by its code, and goes on."""

    def __init__(self, name: str, about: str | None = None, **attributes: Told) -> None:
        """`about` and `attributes` as for `tell`."""
        self._name, self._about, self._attributes = name, about, attributes

    def add(self, **attributes: Told) -> None:
        """What became known on the way."""
        self._attributes |= attributes

    def __enter__(self) -> "Step":
        self._began = moment()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._attributes["code"] = problem.code if isinstance(problem, ConcordatError) else kind.__name__
        tell(self._name, self._began, self._about, self._attributes, failed=kind is not None)


class _Ids(IdGenerator):
    """Ids by chance, or those that follow from what the next span of this thread is about."""

    def __init__(self) -> None:
        self._chance, self._of_thread = RandomIdGenerator(), threading.local()

    @property
    def chosen(self) -> tuple[int, int] | None:
        """Trace and span id of the next span of this thread; None for chance."""
        found: tuple[int, int] | None = getattr(self._of_thread, "chosen", None)
        return found

    @chosen.setter
    def chosen(self, ids: tuple[int, int] | None) -> None:
        self._of_thread.chosen = ids

    def generate_trace_id(self) -> int:
        return self.chosen[0] if self.chosen else self._chance.generate_trace_id()

    def generate_span_id(self) -> int:
        return self.chosen[1] if self.chosen else self._chance.generate_span_id()


def _ids_of(about: str) -> tuple[int, int]:
    digest = hashlib.sha256(f"concordat trace {about}".encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


def _context_of(about: str) -> SpanContext:
    trace, span = _ids_of(about)
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _allowed(attributes: Mapping[str, Told]) -> dict[str, str | int]:
    return {
        f"concordat.{name}": value if isinstance(value, int) or _SAFE.fullmatch(value) else "[withheld]"
        for name, value in attributes.items()
        if value is not None
    }
