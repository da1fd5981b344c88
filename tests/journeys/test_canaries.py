"""No personal value of a case is found anywhere but under its key, in its messages, and in packs to be carried."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.connection import Connection
from sqlalchemy import create_engine, inspect, text

from connectors.kit.decode import everything_said
from tests.cases import FIRE, HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.journeys.backends import ScaledOut
from tests.journeys.people import Landlord, entries_of
from tests.journeys.waiting import until
from tests.servers import RABBITMQ_URL


def _whole_course(hub: Landlord) -> list[Case]:
    """Cases that went every way there is: sent, held, withdrawn, collected, refused as malformed."""
    sent, held = Case((POLICE, SOCIAL, HELPLINE, JAG, FIRE)), Case((JAG,), circumstances={"capacity": "doubted"})
    course = hub.settled(hub.refer(sent))
    assert hub.fire.ask("POST", f"/v1/feed/{course['agy_fire'].id}/collection").status_code == 200
    hub.refer(held)
    withdrawn = Case((FIRE,))
    (consent,) = hub.officer.get(f"/v1/referrals/{hub.refer(withdrawn)}")["consents"]
    assert hub.officer.ask("POST", f"/v1/consents/{consent['id']}/withdrawal").status_code == 200
    malformed = Case((POLICE,))
    spoilt = malformed.referral()
    spoilt["record"]["people"][0]["name"] = [malformed.token("victim")]
    refused = hub.officer.ask("POST", "/v1/referrals", spoilt, **{"Idempotency-Key": f"key-{malformed.tag}"})
    assert refused.status_code == 422
    assert malformed.tag not in refused.text
    return [sent, held, withdrawn, malformed]


def _places(hub: Landlord) -> Iterator[tuple[str, bytes]]:
    """Everything that a hub leaves anywhere, by name, but for its keys and the packs to be carried."""
    backend = hub.backend
    for process in backend.processes.values():
        yield f"output of {process.name}", process.log.read_bytes()
    yield "audit export", hub.export()
    for number, entry in enumerate(entries_of(hub.export())):
        yield f"entry {number}", repr(entry).encode()
    for path in backend.data.rglob("*"):
        if path.is_file():
            yield f"file {path.relative_to(backend.data)}", path.read_bytes()
    engine = create_engine(backend.database_url)
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 - names that it told itself
                yield f"table {table}", b"|".join(v if isinstance(v, bytes) else str(v).encode() for v in row)
    engine.dispose()


def test_personal_values_are_found_nowhere_but_where_they_were_meant_to_go(hub: Landlord) -> None:
    cases = _whole_course(hub)
    tags = [case.tag.encode() for case in cases]
    numbers = [case.number.encode() for case in cases]

    looked_at = set()
    for place, content in _places(hub):
        looked_at.add(place.split()[0])
        found = everything_said(content).encode()
        assert not any(tag in content or tag in found for tag in tags), place
        assert not any(number in content or number in found for number in numbers), place

    assert looked_at == {"output", "audit", "entry", "file", "table"}
    # The search can fail: the same tokens are in what the partners hold.
    assert cases[0].tag in "".join(map(everything_said, (body for _, body in hub.partners.police.received)))


@pytest.mark.parametrize("hub", ["scaled_out"], indirect=True)
@pytest.mark.postgresql
@pytest.mark.rabbitmq
def test_messages_at_the_broker_hold_ids_only(hub: Landlord) -> None:
    backend = hub.backend
    assert isinstance(backend, ScaledOut)
    for name in ("worker", "worker_2", "timetable"):
        assert backend.processes[name].stop() == 0, backend.processes[name].output()
    case = Case((POLICE, SOCIAL, HELPLINE, JAG))
    referral = hub.refer(case)
    expected = {entry.id for entry in hub.course(referral).values()}

    messages = _peek(backend.queue, at_least=len(expected))
    for name in ("worker", "worker_2", "timetable"):
        backend.processes[name].start()

    hints = [arguments for task, arguments, _ in messages if task == "concordat.deliver"]
    assert {arguments[0][0] for arguments in hints} >= expected
    assert all(_is_one_id(arguments) for arguments in hints)
    assert all(arguments[:2] == [[], {}] for task, arguments, _ in messages if task != "concordat.deliver")
    for _, _, whole in messages:
        assert case.tag not in whole
        assert case.number not in whole
    assert {entry.state for entry in hub.settled(referral).values()} <= {"receipted", "sent", "prepared"}


def _is_one_id(arguments: list[Any]) -> bool:
    """Celery's body (protocol 2): positional arguments, named ones, and what to call next."""
    ((identifier,), named, then) = arguments
    return re.fullmatch(r"dsc_[0-9a-z]{26}", identifier) is not None and not named and not any(then.values())


def _peek(queue: str, at_least: int) -> list[tuple[str, list[Any], str]]:
    """Task, arguments and the whole of each waiting message; all go back into the queue when the channel closes."""
    seen: list[tuple[str, list[Any], str]] = []
    with Connection(RABBITMQ_URL) as connection, connection.channel() as channel:

        def look() -> bool:
            while (message := channel.basic_get(queue)) is not None:
                whole = repr((message.body, message.headers, message.properties))
                seen.append((message.headers["task"], json.loads(message.body), whole))
            return sum(task == "concordat.deliver" for task, _, _ in seen) >= at_least

        until(look, f"{at_least} hints are in the queue")
    return seen


def test_files_outside_the_packs_can_be_read_by_the_hub_alone(hub: Landlord) -> None:
    backend = hub.backend
    folders: list[Path] = [backend.data, backend.keys]
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)
    assert all(path.stat().st_mode & 0o077 == 0 for path in backend.keys.iterdir())
