"""Referrals accepted per second, against the bare stack doing the same inserts and nothing else.

Ours: one referral of four recipients read strictly, decided, sealed, stored and logged, in one durable transaction.
The bare stack: SQLAlchemy Core on the same database, inserting rows of the same tables, numbers and sizes, one
transaction each: no reading, deciding, sealing, hashing or looking up. What is left between them is our own work.
"""

import copy
import json
import re
import secrets
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Insert, Table, event, insert
from sqlalchemy.engine.interfaces import ExecutionContext

from bench.pairing import Pair, measure
from hub.access.roles import Actor, Role
from hub.bootstrap import open_hub
from hub.delivery import outbox
from hub.flow import agree, document, enrol
from hub.flow.document import NewDocument
from hub.flow.house import House
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.register.documents import Kind
from hub.settings import Settings
from hub.store.scope import EVERY
from tests.hubs import migrate_as_owner
from tests.servers import fresh_database

_FOLDER = Path(__file__).parent
_RANDOM = re.compile(r"([a-z]{3}_)[0-9a-z]{26}|CC-[0-9A-Z-]{11}|[0-9a-f]{64}")


def run(rounds: int, each: int, postgres: str | None) -> dict[str, Pair]:
    """Pairs by database: SQLite always, PostgreSQL where an address is given (its database is made and dropped)."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = _pair(Path(folder), None, rounds, each)
    if postgres is not None:
        with tempfile.TemporaryDirectory() as folder, fresh_database(postgres) as url:
            migrate_as_owner(Path(folder) / "data", url, postgres)
            found["postgresql"] = _pair(Path(folder), url, rounds, each)
    return found


def _pair(folder: Path, url: str | None, rounds: int, each: int) -> Pair:
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    doors = (_FOLDER / "partners.toml").read_text()
    (data / "partners.toml").write_text(doors.replace("OUT", str(folder / "out")))
    agreements = data / "agreements"
    agreements.mkdir()
    for source in (_FOLDER.parent / "examples" / "agreements").glob("*.toml"):
        (agreements / source.name).write_text(source.read_text())
    hub = open_hub(Settings(data_dir=data, database_url=url, hold_minutes=0), create=url is None)
    hub.start()
    until = datetime.now(UTC) + timedelta(days=300)
    document.set_policy_document(hub.house, None, "LMH", until)
    document.record(hub.house, None, "LMH", NewDocument(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, None, None, until))
    drafts = [seen.paper.reference for seen in agree.list_agreements(hub.house, None) if seen.landlord == "LMH"]
    agree.take_here(hub.house, "LMH", drafts, agree.Step.APPROVED, [new_id(Prefix.PERSON), new_id(Prefix.PERSON)])
    officer = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None)
    actor = enrol.who_is(hub.house, officer.token)
    rows = _rows_of_one(hub.house, actor)
    pair = measure(lambda: _refer(hub.house, actor), lambda: _insert(hub.house, rows), rounds=rounds, each=each)
    hub.house.store.close()
    return pair


def _refer(house: House, actor: Actor) -> str:
    given = copy.deepcopy(_REFERRAL)
    given["record"]["case"]["reference"] = f"LMH/{secrets.token_hex(6)}"
    accepted = refer(house, actor, json.dumps(given).encode(), secrets.token_hex(12))
    if not accepted.is_new:
        raise RuntimeError("the referral was not new; the measurement would be of something else")
    return accepted.referral_id


def _rows_of_one(house: House, actor: Actor) -> list[tuple[Table, list[dict[str, Any]]]]:
    """The rows that one referral inserts, as they are handed to the database."""
    rows: list[tuple[Table, list[dict[str, Any]]]] = []

    def note(_c: Connection, _k: object, _s: str, _p: object, context: ExecutionContext, _m: bool) -> None:
        statement = getattr(context.compiled, "statement", None)
        if isinstance(statement, Insert):
            rows.append((statement.table, [dict(given) for given in context.compiled_parameters]))  # type: ignore[attr-defined,arg-type]

    _refer(house, actor)  # the first one also makes the keys of its landlord
    event.listen(house.store.engine, "before_cursor_execute", note)
    referral = _refer(house, actor)
    event.remove(house.store.engine, "before_cursor_execute", note)
    with house.store.read(EVERY) as tx:
        states = [row.state for row in outbox.of_referral(tx, referral)]
    if states != [outbox.State.QUEUED] * 4:
        raise RuntimeError("not all four were allowed; the measurement would be of refusals")
    return rows


_NUMBERED = {"audit_entry": 0, "audit_node": 0}
_next_number = 10_000_000


def _insert(house: House, rows: list[tuple[Table, list[dict[str, Any]]]]) -> None:
    """The same rows again under new ids, far from the log's own numbers."""
    global _next_number  # noqa: PLW0603 - one growing number for a whole run
    names: dict[str, str] = {}
    with house.store.write(EVERY) as tx:  # the rows say whose they are; nothing is narrowed
        for table, given in rows:
            fresh = [_renamed(row, names) for row in given]
            for row in fresh if table.name in _NUMBERED else ():
                _next_number += 1
                row["number"] = _next_number
            tx.connection.execute(insert(table), fresh)


def _renamed(row: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    def fresh(match: re.Match[str]) -> str:
        old = match.group(0)
        if old not in names:
            names[old] = (match.group(1) or "") + secrets.token_hex(32)[: len(old) - len(match.group(1) or "")]
        return names[old]

    return {name: _RANDOM.sub(fresh, value) if isinstance(value, str) else value for name, value in row.items()}


_REFERRAL: dict[str, Any] = json.loads((_FOLDER / "referral.json").read_text())
