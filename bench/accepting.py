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

from sqlalchemy import Connection, Insert, Table, create_engine, event, insert, text
from sqlalchemy.engine.interfaces import ExecutionContext

from bench.pairing import Pair, measure
from hub.access.roles import Actor, Role
from hub.bootstrap import open_hub
from hub.delivery import outbox
from hub.flow import enrol
from hub.flow.house import House
from hub.flow.refer import refer
from hub.settings import Settings

_FOLDER = Path(__file__).parent
_RANDOM = re.compile(r"([a-z]{3}_)[0-9a-z]{26}|CC-[0-9A-Z-]{11}|[0-9a-f]{64}")


def run(rounds: int, each: int, postgres: str | None) -> dict[str, Pair]:
    """Pairs by database: SQLite always, PostgreSQL where an address is given (its database is made and dropped)."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = _pair(Path(folder), None, rounds, each)
    if postgres is not None:
        name = f"concordat_bench_{secrets.token_hex(4)}"
        server = create_engine(postgres, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            with tempfile.TemporaryDirectory() as folder:
                url = server.url.set(database=name).render_as_string(hide_password=False)
                found["postgresql"] = _pair(Path(folder), url, rounds, each)
        finally:
            with server.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    return found


def _pair(folder: Path, url: str | None, rounds: int, each: int) -> Pair:
    data = folder / "data"
    data.mkdir(mode=0o700)
    (data / "partners.toml").write_text((_FOLDER / "partners.toml").read_text())
    agreements = data / "agreements"
    agreements.mkdir()
    for source in (_FOLDER.parent / "examples" / "agreements").glob("*.toml"):
        (agreements / source.name).write_text(source.read_text())
    hub = open_hub(Settings(data_dir=data, database_url=url), create=True)
    hub.start()
    enrol.set_policy_document(hub.house, None, "LMH", datetime.now(UTC) + timedelta(days=300))
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

    event.listen(house.store.engine, "before_cursor_execute", note)
    referral = _refer(house, actor)
    event.remove(house.store.engine, "before_cursor_execute", note)
    with house.store.read() as tx:
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
    with house.store.write() as tx:
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
