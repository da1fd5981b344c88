"""Danger while many routine disclosures wait: from the beginning of the request to the first byte at the partner.

What waits is real to the hub: real cases, every row with its own decision, sealed for itself. Each case holds many
rows, since making a hundred thousand cases is not what is measured; its rows go one after another, the cases beside
each other.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from bench.officers import one_recipient, send, wait_for
from bench.stage import Stage, kinds, stage
from hub.bootstrap import Hub
from hub.flow import enrol
from hub.flow.refer import refer
from hub.ids import Prefix, new_id, new_reference
from hub.store import content
from hub.store.scope import of_landlord
from hub.store.tables import decision, disclosure, outbox
from hub.store.unit_of_work import Writing

_IN_ONE_CASE = 500
_BATCH = 5_000
_PARTNERS = 8
_EMERGENCIES = 20


@dataclass(frozen=True, slots=True)
class Waited:
    """Milliseconds with so many waiting, and with none; how many of them had gone by the end."""

    waiting: int
    quiet: tuple[float, ...]
    loaded: tuple[float, ...]
    gone: int

    @property
    def medians(self) -> tuple[float, float]:
        """Of both."""
        return statistics.median(self.quiet), statistics.median(self.loaded)


def run(waiting: int, postgres: str | None) -> dict[str, Waited]:
    """By store."""
    return {kind: _measured(kind, waiting, postgres) for kind in kinds(postgres)}


def _measured(kind: str, waiting: int, postgres: str | None) -> Waited:
    with stage(kind, postgres, doors=_PARTNERS) as ours:
        quiet = _emergencies(ours)
        ours.processes.stop()
        hub = ours.open()
        fill(hub, ours, waiting)
        hub.house.store.close()
        before = ours.partners.count()
        loaded = _emergencies(ours)
        return Waited(waiting, quiet, loaded, ours.partners.count() - before - _EMERGENCIES)


def _emergencies(ours: Stage) -> tuple[float, ...]:
    """One after another, to each partner in turn, while the hub is at work on the rest."""
    address = ours.start()
    time.sleep(3)
    found = []
    for number in range(_EMERGENCIES):
        body = one_recipient(ours.agencies[number % _PARTNERS], "immediate_danger")
        (sent,) = send([address], ours.token, [body], at_once=1, per_second=None)
        found.append((_arrival(ours, sent.referral) - sent.began) * 1_000)
    return tuple(found)


def _arrival(ours: Stage, referral: str) -> float:
    its = _disclosure_of(ours, referral)
    wait_for(lambda: its in ours.partners.arrivals(), "it arrived", 120)
    return ours.partners.arrivals()[its][1]


def _disclosure_of(ours: Stage, referral: str) -> str:
    engine = ours.engine()
    with engine.connect() as connection:
        found = connection.execute(select(disclosure.c.id).where(disclosure.c.referral_id == referral)).scalar_one()
    engine.dispose()
    return str(found)


def fill(hub: Hub, ours: Stage, count: int) -> None:
    """Put so many routine disclosures on file that may go at once, spread over the partners."""
    actor = enrol.who_is(hub.house, ours.token)
    per_case = min(_IN_ONE_CASE, count)
    for number in range(-(-count // per_case)):
        body = one_recipient(ours.agencies[number % len(ours.agencies)])
        accepted = refer(hub.house, actor, body, new_id(Prefix.REFERRAL))
        for size in _batches(per_case - 1):
            with hub.house.store.write(of_landlord("LMH")) as tx:
                _copy(tx, accepted.ready[0], size, hub.house.clock.now())


def _copy(tx: Writing, model: str, count: int, now: datetime) -> None:
    """The same disclosure so many times again, under ids of its own, each with a decision of its own."""
    its = _row(tx, disclosure, disclosure.c.id == model)
    queued = _row(tx, outbox, outbox.c.disclosure_id == model)
    decided = _row(tx, decision, decision.c.disclosure_id == model)
    said = content.read(tx, its["case_id"], its["decision_id"], "decision")
    for _ in range(count):
        new, made = new_id(Prefix.DISCLOSURE), new_id(Prefix.DECISION)
        tx.connection.insert_with_others(
            disclosure, [{**its, "id": new, "decision_id": made, "reference": new_reference()}]
        )
        tx.connection.insert_with_others(outbox, [{**queued, "disclosure_id": new}])
        tx.connection.insert_with_others(decision, [{**decided, "id": made, "disclosure_id": new}])
        content.keep(tx, its["case_id"], made, "decision", said, now)


def _row(tx: Writing, table: Table, which: ColumnElement[bool]) -> dict[str, Any]:
    found = tx.connection.execute(select(table).where(which)).one()._asdict()
    return {name: value for name, value in found.items() if name != "seq"}


def _batches(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _BATCH)
        count -= _BATCH
