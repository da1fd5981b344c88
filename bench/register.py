"""Everything ever disclosed about a person, looked for among so many disclosures; and a page of the register.

The person has twenty cases, as many as are told at once, made and sent by the hub itself. Around them lie rows as the
hub leaves them: cases of four disclosures, each with its attempt, decision and sealed content, and people in the index.
Nothing of those is ever opened.
"""

import hashlib
import json
import secrets
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import make_url, text

from bench.officers import one_recipient
from bench.stage import Stage, kinds, stage
from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.flow import enrol
from hub.flow.deliver import deliver_due
from hub.flow.refer import refer
from hub.flow.register import Asked, read_register
from hub.flow.search_person import search_person
from hub.ids import Prefix, new_id
from hub.register.person_index import Sought

LIMIT: Final = 1.0
"""Seconds for a person, among a million disclosures."""

_CASES, _OF_A_CASE, _TIMES = 20, 4, 15
_NAME, _BORN = "Ada Example-Bench", "1987-05-04"
_ALWAYS = {"landlord": "LMH"}
_AT: Final = 1_700_000_000_000_000
"""Microseconds since 1970 of the first of them."""
_CONTENT = secrets.token_bytes(600)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds by how many disclosures there are. A person: median, and the longest. A page of the register: medians.

    `sparse`: the slowest of three pages on which nothing is found, by agency, by officer and by days.
    """

    person: Mapping[int, float]
    longest: Mapping[int, float]
    page: Mapping[int, float]
    sparse: Mapping[int, float]

    @property
    def ratio(self) -> float:
        """A person among the most to among the fewest."""
        return self.person[max(self.person)] / self.person[min(self.person)]


def run(sizes: tuple[int, ...], postgres: str | None) -> dict[str, Found]:
    """By store."""
    return {kind: _measured(kind, sizes, postgres) for kind in kinds(postgres)}


def _measured(kind: str, sizes: tuple[int, ...], postgres: str | None) -> Found:
    with stage(kind, postgres, doors=2) as ours:
        _make_person(ours)
        person, longest, page, sparse, there = {}, {}, {}, {}, 0
        for size in sizes:
            _fill(ours, there, size)
            there = size
            hub = ours.open()
            dpo = enrol.who_is(hub.house, enrol.enrol(
                hub.house, None, role=Role.DPO, landlord="LMH", agency=None).token)  # fmt: skip
            took = _took(lambda hub=hub, dpo=dpo: _search(hub, dpo))  # type: ignore[misc]
            person[size], longest[size] = statistics.median(took), max(took)
            page[size] = statistics.median(_took(lambda hub=hub, dpo=dpo: _page(hub, dpo)))  # type: ignore[misc]
            none = (
                Asked(agency=ours.agencies[1]), Asked(officer=new_id(Prefix.PERSON)),
                Asked(before=datetime.fromtimestamp(_AT / 1_000_000, UTC)),
            )  # fmt: skip
            sparse[size] = max(statistics.median(_took(
                lambda hub=hub, dpo=dpo, asked=asked: _nothing(hub, dpo, asked), times=3  # type: ignore[misc]
            )) for asked in none)  # fmt: skip
            hub.house.store.close()
        return Found(person, longest, page, sparse)


def _took(act: Callable[[], None], times: int = _TIMES) -> list[float]:
    """Seconds of each time but the first."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found[1:]


def _search(hub: Hub, dpo: Actor) -> None:
    found = search_person(hub.house, dpo, Sought(_NAME, _BORN))
    assert len(found.matches) == _CASES
    assert all(match.disclosures for match in found.matches)


def _page(hub: Hub, dpo: Actor) -> None:
    assert len(read_register(hub.house, dpo, Asked(path="victim.name"), at_most=_CASES).shown) == _CASES


def _nothing(hub: Hub, dpo: Actor, asked: Asked) -> None:
    assert read_register(hub.house, dpo, asked, at_most=_CASES).shown == ()


def _make_person(ours: Stage) -> None:
    hub = ours.open()
    actor = enrol.who_is(hub.house, ours.token)
    for _ in range(_CASES):
        given = json.loads(one_recipient(ours.agencies[0]))
        subject = next(who for who in given["record"]["people"] if who["id"] == given["subject"])
        subject |= {"name": _NAME, "date_of_birth": _BORN}
        refer(hub.house, actor, json.dumps(given).encode(), new_id(Prefix.REFERRAL))
    while deliver_due(hub.house, "bench", 50):
        pass
    hub.house.store.close()


def _fill(ours: Stage, first: int, last: int) -> None:
    """Add rows until there are so many disclosures, all released before those of the person."""
    loads: dict[str, Callable[[int], Row]] = {
        "case_file": _case, "referral": _referral, "disclosure": lambda n: _disclosure(n, ours.agencies[0]),
        "attempt": _attempt, "decision": _decision, "sealed": _sealed, "person_index": _indexed,
    }  # fmt: skip
    per_case = {"case_file", "referral", "person_index"}
    for table, made in loads.items():
        rows = (made(n) for n in range(first, last) if table not in per_case or n % _OF_A_CASE == 0)
        _load(ours, table, made(first), rows)
    if ours.kind == "postgresql":
        _tell(ours, "VACUUM ANALYZE")  # as it does by itself in time; SQLite is left without, as the hub leaves it


def _load(ours: Stage, table: str, example: Row, rows: Iterator[Row]) -> None:
    columns = ", ".join(example)
    if ours.kind == "sqlite":
        file = sqlite3.connect(str(make_url(ours.settings.database).database))
        file.execute("PRAGMA synchronous=OFF")
        file.execute("PRAGMA cache_size=-1000000")  # ids are random, and so is where their rows go in the indexes
        with file:
            marks = ", ".join("?" for _ in example)
            file.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - constants
                             (tuple(row.values()) for row in rows))  # fmt: skip
        file.close()
        return
    engine = ours.engine()
    connection = engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("SET session_replication_role = replica")  # what these name is not all there
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))
    connection.commit()
    connection.invalidate()
    engine.dispose()


def _tell(ours: Stage, statement: str) -> None:
    engine = ours.engine()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()


def _id(prefix: str, number: int) -> str:
    return f"{prefix}_{hashlib.blake2b(f'{prefix}{number}'.encode(), digest_size=13).hexdigest()}"


def _whose(n: int) -> int:
    return n // _OF_A_CASE


def _at(n: int) -> int:
    return _AT + n * 1_000_000


def _case(n: int) -> Row:
    case = _id("cas", _whose(n))
    return _ALWAYS | {"id": case, "reference_index": hashlib.sha256(case.encode()).hexdigest(), "opened_at": _at(n)}


def _referral(n: int) -> Row:
    return _ALWAYS | {
        "id": _id("ref", _whose(n)), "case_id": _id("cas", _whose(n)), "reference": f"B{_whose(n):011}",
        "subject": "p1", "author": _id("usr", _whose(n) % 200), "accepted_at": _at(n),
    }  # fmt: skip


def _disclosure(n: int, agency: str) -> Row:
    return _ALWAYS | {
        "id": _id("dsc", n), "referral_id": _id("ref", _whose(n)), "case_id": _id("cas", _whose(n)), "agency": agency,
        "purpose": "crime_investigation", "routine": True, "reference": f"D{n:011}", "state": "receipted",
        "decision_id": _id("dec", n), "rung": 3, "released_at": _at(n), "disclosed_at": _at(n), "created_at": _at(n),
    }  # fmt: skip


def _attempt(n: int) -> Row:
    return _ALWAYS | {
        "id": _id("att", n), "disclosure_id": _id("dsc", n), "number": 1, "decision_id": _id("dec", n),
        "commitment": "0" * 64, "started_at": _at(n), "ended_at": _at(n), "outcome": "done",
    }  # fmt: skip


def _decision(n: int) -> Row:
    return _ALWAYS | {
        "id": _id("dec", n), "referral_id": _id("ref", _whose(n)), "disclosure_id": _id("dsc", n), "at_the_door": True,
        "outcome": "permit", "rules": "0" * 64, "decided_at": _at(n),
    }  # fmt: skip


def _sealed(n: int) -> Row:
    return _ALWAYS | {
        "owner": _id("dec", n), "part": "decision", "subject": "p1", "data_class": "normal",
        "case_id": _id("cas", _whose(n)), "content": _CONTENT,
    }  # fmt: skip


def _indexed(n: int) -> Row:
    return _ALWAYS | {
        "digest": hashlib.sha256(f"{n}".encode()).hexdigest(), "case_id": _id("cas", _whose(n)), "subject": "p1",
        "owner": _id("ref", _whose(n)), "kind": "name", "data_class": "normal",
    }  # fmt: skip
