"""No mark that was planted in any input is found anywhere but under its key, in its messages and in carried packs.

Before that, `tests/canaries` shows that each of these places, had it held a mark in any encoding, would have told.
What is not looked at: partners' own systems and packs to be carried, which hold what was decided for them.
"""

import json
import re
import resource
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.canaries import course, places
from tests.canaries.places import Piece, PostgresFiles
from tests.canaries.planting import PHONE, Plants
from tests.canaries.scanner import Scanner
from tests.collector import Collector, collecting
from tests.journeys.backends import ScaledOut, running
from tests.journeys.conftest import SCALED_OUT
from tests.journeys.people import Landlord
from tests.journeys.processes import HubProcess
from tests.journeys.waiting import until

pytestmark = pytest.mark.timeout(600)
AGENCY_MAILBOX = "cases@helpline.example"


@dataclass
class Run:
    """One hub that lived through everything, and what was told and left meanwhile."""

    hub: Landlord
    folder: Path
    plants: Plants
    collector: Collector
    told: list[Piece] = field(default_factory=list)
    messages: list[Piece] = field(default_factory=list)
    around_messages: list[Piece] = field(default_factory=list)
    postgres: PostgresFiles | None = None

    @property
    def scanner(self) -> Scanner:
        """Looks for what was planted."""
        return Scanner([self.plants.mark], [PHONE.replace(" ", "")])


@pytest.fixture(scope="module", params=["embedded", SCALED_OUT])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A hub of its own on either back-end, whose temporary files and crashes can be told from everybody else's."""
    folder: Path = tmp_path_factory.mktemp(f"canaries_{request.param}")
    (folder / "tmp").mkdir()
    with ExitStack() as ending, pytest.MonkeyPatch.context() as outside:
        outside.setenv("TMPDIR", str(folder / "tmp"))
        outside.setenv("PYTHONFAULTHANDLER", "1")
        _let_cores_be_written(ending)
        collector = ending.enter_context(collecting())
        watched = {"CONCORDAT_METRICS_PORT": "0", "CONCORDAT_OTLP_ENDPOINT": collector.endpoint}
        backend, partners = ending.enter_context(running(request.param, folder, **watched))
        hub = Landlord(backend, partners)
        ending.callback(hub.close)
        one = Run(hub, folder, Plants(), collector)
        if isinstance(backend, ScaledOut):
            one.postgres = PostgresFiles(backend.database_url)
            ending.callback(one.postgres.close)
        _live(one)
        yield one


def _let_cores_be_written(ending: ExitStack) -> None:
    """As on a machine whose limits say so: a hub that crashes must not leave its memory behind all the same."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    ending.callback(resource.setrlimit, resource.RLIMIT_CORE, before)


def _live(one: Run) -> None:
    """Everything that can be done to a hub, at last that it breaks and crashes."""
    hub, plants = one.hub, one.plants
    course.sound(hub, plants)
    if isinstance(hub.backend, ScaledOut):
        _look_into_the_queue(one, hub.backend)
    one.told += course.unsound(hub, plants)
    one.told += course.someone_signs_in(hub, plants)
    one.told += course.every_operation(hub, plants)
    one.told += course.after_reading(hub)
    one.told += [("audit export", hub.export())]
    one.told += _watched(one)
    for process in _listening(one):
        process.crash()
    hub.backend.resume()
    one.told += course.sees(hub, plants, lambda: _break(hub))


def _look_into_the_queue(one: Run, backend: ScaledOut) -> None:
    """While nobody takes messages out of it, a referral puts some in."""
    idle = [backend.processes[name] for name in ("worker", "worker_2", "timetable")]
    for process in idle:
        assert process.stop() == 0, process.output()
    course.wait_for_workers(one.hub, one.plants)
    until(lambda: places.messages(backend.queue)[0], "hints are in the queue")
    one.messages, one.around_messages = places.messages(backend.queue)
    for process in idle:
        process.start()


def _watched(one: Run) -> Iterator[Piece]:
    """What each process tells whoever watches it."""
    for name, process in one.hub.backend.processes.items():
        if name != "migrate":
            address = process.says(r"Figures for whoever watches: (\S+)/metrics")
            for path in ("/metrics", "/ready"):
                answer = httpx.get(f"{address}{path}", trust_env=False)
                assert answer.status_code == 200, answer.text
                yield f"metrics of {name}", answer.content


def _listening(one: Run) -> list[HubProcess]:
    return [process for name, process in one.hub.backend.processes.items() if name in ("up", "api", "worker")]


def _break(hub: Landlord) -> None:
    """Take away a table that a referral writes to, last of all."""
    url = places.as_owner(hub.backend.database_url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE idempotency RENAME TO idempotency_gone"))
    engine.dispose()


def _places(one: Run) -> Iterator[Piece]:
    """Everything that this hub left anywhere, but for its partners' systems and the packs to be carried."""
    backend = one.hub.backend
    for process in backend.processes.values():
        yield f"output of {process.name}", process.log.read_bytes()
    yield from places.files(one.folder / "logs", "crash")
    yield from places.files(one.folder / "tmp", "temporary")
    yield from places.files(backend.data, "data")
    yield from places.files(backend.keys, "key")
    yield from places.rows(backend.database_url)
    yield from places.mail(one.hub.partners.helpline.received, AGENCY_MAILBOX)
    yield from one.told
    yield from (("trace", sent) for sent in one.collector.received + one.collector.around)
    yield from one.messages
    yield from one.around_messages
    if one.postgres is not None and one.postgres.readable:
        yield from one.postgres.pages()
        yield from one.postgres.write_ahead_log()
        yield from one.postgres.server_log()


def test_no_mark_is_found_where_it_was_not_meant_to_go(run: Run) -> None:
    scanner, looked_at, found = run.scanner, dict[str, int](), dict[str, list[str]]()
    for place, content in _places(run):
        kind = place.split(" ")[0]
        looked_at[kind] = looked_at.get(kind, 0) + 1
        hits = scanner.hits(content)
        if hits:
            found[place] = hits[:3]
    assert found == {}, json.dumps(found, indent=1)[:8_000]
    expected = {"output", "crash", "data", "key", "table", "headers", "answer", "audit", "name", "metrics",
                "trace"}  # fmt: skip
    if run.postgres is not None:
        expected |= {"message"} | ({"page", "write-ahead"} if run.postgres.readable else set())
    assert expected <= looked_at.keys(), looked_at
    # The marks are there to be found: the agencies hold them, and so does whoever holds the key.
    assert any(scanner.hits(body) for _, body in run.hub.partners.police.received)
    assert any(scanner.hits(raw) for _, raw in run.hub.partners.helpline.received)


def test_the_hub_did_crash_and_did_fail_and_said_so_without_a_word_of_content(run: Run) -> None:
    said = b"".join(process.log.read_bytes() for process in run.hub.backend.processes.values())
    assert b"Fatal Python error: Aborted" in said
    assert b"request_failed" in said or b"STORE_UNAVAILABLE" in said or any(b"503" in told for _, told in run.told)
    assert not list(run.folder.rglob("core*"))


@pytest.mark.parametrize("run", [SCALED_OUT], indirect=True)
def test_messages_at_the_broker_hold_ids_only(run: Run) -> None:
    hints = [json.loads(body) for name, body in run.messages if name == "message concordat.deliver"]
    assert hints
    assert all(_is_one_id(arguments) for arguments in hints)
    others = [json.loads(body) for name, body in run.messages if name != "message concordat.deliver"]
    assert all(arguments[:2] == [[], {}] for arguments in others)


def _is_one_id(arguments: list[Any]) -> bool:
    """Celery's body (protocol 2): positional arguments, named ones, and what to call next."""
    ((identifier,), named, then) = arguments
    return re.fullmatch(r"dsc_[0-9a-z]{26}", identifier) is not None and not named and not any(then.values())


def test_files_outside_the_packs_can_be_read_by_the_hub_alone(run: Run) -> None:
    backend = run.hub.backend
    folders: list[Path] = [backend.data, backend.keys]
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)
    assert all(path.stat().st_mode & 0o077 == 0 for path in backend.keys.iterdir())
