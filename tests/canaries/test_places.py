"""Each place, proved before it is trusted: a leak that is planted there, in every encoding, is found there."""

import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from kombu.connection import Connection
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Tracer, TracerProvider
from sqlalchemy import create_engine, text

from hub.api.app import make_api
from tests.canaries import places
from tests.canaries.encodings import ENCODINGS
from tests.canaries.places import Piece
from tests.canaries.scanner import Scanner
from tests.hub.api.served import Api, served
from tests.journeys.waiting import until
from tests.servers import RABBITMQ_URL, fresh_database, fresh_queue

MARK = "Placeqz4f81c09a7d"
SCANNER = Scanner(["qz4f81c09a7d"])
Look = Callable[[], Iterator[Piece]]
Plant = Callable[[bytes], None]
"""Leaves the bytes in the place by itself, as a defect would."""


def _found(plant: Plant, look: Look) -> dict[str, bool]:
    """For each encoding, whether a leak in it is found; nothing is found before any."""
    assert not any(SCANNER.hits(content) for _, content in look())
    told = {}
    for name, encode in ENCODINGS.items():
        before = _hits(look)
        plant(b'"' + encode(MARK) + b'"')
        told[name] = _hits(look) > before
    return told


def _hits(look: Look) -> int:
    return sum(len(SCANNER.hits(content)) for _, content in look())


EVERY = dict.fromkeys(ENCODINGS, True)


def test_the_output_of_a_process(tmp_path: Path) -> None:
    output = tmp_path / "up.log"

    def plant(leak: bytes) -> None:
        with output.open("ab") as kept:
            program = f"import sys; sys.stderr.buffer.write({leak!r})"
            subprocess.run([sys.executable, "-c", program], stderr=kept, check=True)

    assert _found(plant, lambda: places.files(tmp_path)) == EVERY


def test_what_an_exception_leaves_that_nobody_catches(tmp_path: Path) -> None:
    output = tmp_path / "up.log"

    def plant(leak: bytes) -> None:
        program = f"raise ValueError({leak!r})"
        with output.open("ab") as kept:
            subprocess.run([sys.executable, "-c", program], stderr=kept, check=False)

    # Python writes bytes that are no text as escapes, beside those that are: what was compressed is not whole any more.
    mixed = {"gzip", "zlib", "utf-16, little end first", "utf-16, big end first"}
    assert {name for name, found in _found(plant, lambda: places.files(tmp_path)).items() if not found} <= mixed


def test_the_memory_that_a_crash_leaves(tmp_path: Path) -> None:
    def plant(leak: bytes) -> None:
        allow = "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (2**27, 2**27)); "
        program = f"{allow}kept = bytes.fromhex({leak.hex()!r}[::-1][::-1]); os.abort()"
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False)

    if not _writes_cores(tmp_path):
        pytest.skip("this machine writes no core beside the process: there is nothing to be found")
    plant(ENCODINGS["utf-8"](MARK))
    assert _hits(lambda: places.files(tmp_path))


def _writes_cores(folder: Path) -> bool:
    limits = resource.getrlimit(resource.RLIMIT_CORE)[1]
    pattern = Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip()
    return limits == resource.RLIM_INFINITY and pattern.startswith("core") and folder.is_dir()


def test_a_temporary_file_and_its_name(tmp_path: Path) -> None:
    def plant(leak: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=tmp_path, delete=False) as kept:
            kept.write(leak)

    assert _found(plant, lambda: places.files(tmp_path)) == EVERY
    (tmp_path / f"pack-{MARK}").touch()
    assert any(SCANNER.hits(name) for place, name in places.files(tmp_path) if place.startswith("name"))


@pytest.mark.parametrize("erased", [False, True], ids=["kept", "in free pages and log"])
def test_sqlite_on_the_disk(tmp_path: Path, erased: bool) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'kept.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.execute(text("PRAGMA secure_delete=OFF"))
        connection.execute(text("CREATE TABLE note (leak BLOB)"))

    def plant(leak: bytes) -> None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO note VALUES (:leak)"), {"leak": leak})
            if erased:
                connection.execute(text("DELETE FROM note"))

    assert _found(plant, lambda: places.files(tmp_path)) == EVERY
    if erased:
        assert not any(SCANNER.hits(row) for _, row in places.rows(str(engine.url)))
    else:
        assert any(SCANNER.hits(row) for _, row in places.rows(str(engine.url)))
    engine.dispose()


@pytest.mark.postgresql
def test_postgresql_in_rows_pages_and_log() -> None:
    with ExitStack() as closing:
        url = closing.enter_context(fresh_database())
        kept = places.PostgresFiles(url)
        engine = create_engine(places.as_owner(url))
        closing.callback(kept.close)
        closing.callback(engine.dispose)
        marks = {name: f"qz4f81c09a{number:02d}" for number, name in enumerate(ENCODINGS)}
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE note (leak bytea)"))
            for name, mark in [*marks.items()] * 2:  # a page of the log may end in the middle of one of them
                leak = b'"' + ENCODINGS[name](f"Place{mark}") + b'"'
                connection.execute(text("INSERT INTO note VALUES (:leak)"), {"leak": leak})
        looks: list[Look] = [partial(places.rows, url)]
        if kept.readable:
            looks += [kept.pages, kept.write_ahead_log]
        for look in looks:
            assert _marks_in(look, marks) == set(marks), look
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM note"))
        assert _marks_in(partial(places.rows, url), marks) == set()
        if kept.readable:  # what stays in pages until they are used again
            assert _marks_in(kept.pages, marks) == set(marks)


def _marks_in(look: Look, marks: dict[str, str]) -> set[str]:
    scanner = Scanner(list(marks.values()))
    said = " ".join(hit for _, content in look() for hit in scanner.hits(content)).lower()
    return {name for name, mark in marks.items() if mark in said or mark[::-1] in said}


@pytest.mark.rabbitmq
def test_messages_at_the_broker() -> None:
    with ExitStack() as closing:
        queue = closing.enter_context(fresh_queue())
        connection = closing.enter_context(Connection(RABBITMQ_URL))
        channel = closing.enter_context(connection.channel())
        channel.queue_declare(queue, durable=True, auto_delete=False)
        for part in ("body", "headers"):
            for name, encode in ENCODINGS.items():
                leak = b'"' + encode(MARK) + b'"'
                if part == "headers" and (not leak.isascii() or b"\0" in leak):
                    continue  # a header is text: bytes that are none do not get into it as they are
                headers = {"argsrepr": leak.decode("latin-1")} if part == "headers" else {}
                sent = leak if part == "body" else b"{}"
                message = channel.prepare_message(sent, content_encoding="binary", headers=headers)
                channel.basic_publish(message, exchange="", routing_key=queue)
                waiting = until(lambda: [both for both in [places.messages(queue)] if both[0]], "the message waits")
                ((_, body), (_, around)) = (found[0] for found in waiting[0])
                assert SCANNER.hits(body if part == "body" else around), (part, name)
                channel.queue_purge(queue)


def test_mail_and_what_of_it_is_a_disclosure() -> None:
    def mailed(to: str, name: str, body: bytes) -> list[tuple[str, bytes]]:
        email = EmailMessage()
        email["To"], email["Subject"], email["Message-ID"] = to, name, "<1@hub.concordat.example>"
        email.set_content(body, "application", "octet-stream")
        return [("<1@hub.concordat.example>", email.as_bytes())]

    for name, encode in ENCODINGS.items():
        notice = places.mail(mailed("dpo@homes.example", "notice", encode(MARK)), "cases@helpline.example")
        assert any(SCANNER.hits(content) for _, content in notice), name
    for body, subject, leaks in ((MARK, "notice", False), ("x", f"about {MARK}", True)):
        disclosure = places.mail(mailed("cases@helpline.example", subject, body.encode()), "cases@helpline.example")
        assert any(SCANNER.hits(content) for _, content in disclosure) is leaks


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ENCODINGS)
def test_an_export(name: str, way: int) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", way) as bundle:
        bundle.writestr("tile/entries/000", b"x" * 300 + b'"' + ENCODINGS[name](MARK) + b'"' + b"y" * 300)
    assert SCANNER.hits(packed.getvalue())


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """A server that leaks what it is sent, in its body and its headers."""

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(422)
            self.send_header("X-Said", body.hex())
            self.end_headers()
            self.wfile.write(body if self.path == "/body" else b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("part", ["body", "headers"])
@pytest.mark.parametrize("name", ENCODINGS)
def test_answers(echo: str, name: str, part: str) -> None:
    answer = httpx.post(f"{echo}/{part}", content=b'"' + ENCODINGS[name](MARK) + b'"', trust_env=False)
    _, said = places.response(answer)
    assert SCANNER.hits(said)


class _Collector(TracerProvider, Tracer):
    """Stands where a telemetry SDK would: keeps what it is told of every span."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def get_tracer(self, *_: object, **__: object) -> Tracer:
        return self

    def start_span(self, name: str, *rest: object, **options: object) -> Span:  # type: ignore[override]
        self.told.append(repr((name, rest, options)))
        return NonRecordingSpan(SpanContext(1, 1, is_remote=False))

    def start_as_current_span(self, name: str, *rest: object, **options: object) -> Any:  # type: ignore[override]  # noqa: ANN401
        return trace.use_span(self.start_span(name, *rest, **options))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> _Collector:
    """A collector of traces, as an environment would name one."""
    made = _Collector()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", made)
    return made


def test_traces_tell_of_a_leak_where_an_application_sends_them_and_the_hub_sends_none(
    collector: _Collector, tmp_path: Path
) -> None:
    with served(tmp_path) as api:
        _asks(api)
        assert collector.told == []
    telling = make_api.__globals__
    quiet = dict(telling["_NO_TELEMETRY"])
    telling["_NO_TELEMETRY"].clear()
    try:
        with served(tmp_path / "telling") as api:
            _asks(api)
    finally:
        telling["_NO_TELEMETRY"].update(quiet)
    assert SCANNER.hits(repr(collector.told).encode())


def _asks(api: Api) -> None:
    """An address that holds what it should not: somebody pasted a name into it."""
    assert api.client.get(f"/v1/feed?name={MARK}").status_code == 401
    assert api.client.get(f"/v1/referrals/{MARK}").status_code in (401, 404)
