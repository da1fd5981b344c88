"""What decisions rely on is remembered between transactions, and is never older than the one that asks."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, update

from hub.bootstrap import Hub
from hub.flow import agree
from hub.ids import Prefix, new_id
from hub.register import agreements, documents, landlords
from hub.register.documents import Kind
from hub.register.relied_on import ReliedOn, relied_on
from hub.register.standing import Step, Taken
from hub.store.tables import landlord
from hub.store.unit_of_work import Reading, Writing
from tests.cases import IN_FORCE, write_agreements
from tests.conftest import OpenHub
from tests.hubs import LMH


@pytest.fixture
def hub(open_hub_here: OpenHub, tmp_path: Path) -> Hub:
    write_agreements(tmp_path / "data" / "agreements", ("agy_police",))
    return open_hub_here()


def anew(tx: Reading) -> ReliedOn:
    return ReliedOn(landlords.get(tx, "LMH"), agreements.counting(tx, "LMH"), documents.listed(tx))


def of_now(hub: Hub) -> ReliedOn:
    """What is relied on now, held against what the registers say."""
    with hub.house.store.read(LMH) as tx:
        assert relied_on(tx, "LMH") == anew(tx)
        return relied_on(tx, "LMH")


def test_whatever_changes_it_is_relied_on_by_the_next_transaction(hub: Hub) -> None:
    store, now = hub.house.store, hub.house.clock.now()
    seen = [of_now(hub)]
    with store.write(LMH) as tx:
        made = documents.record(tx, Kind.CONFIDENTIALITY_AGREEMENT, "agy_police", digest=None, in_force_from=now,
                                review_by=now + timedelta(days=9), by="usr_x", now=now)  # fmt: skip
    seen.append(of_now(hub))
    with store.write(LMH) as tx:
        documents.withdraw(tx, made.id, now)
    seen.append(of_now(hub))
    agree.take_here(hub.house, "LMH", [IN_FORCE[0]], agree.Step.SUSPENDED, [new_id(Prefix.PERSON)])
    seen.append(of_now(hub))
    with store.write(LMH) as tx:
        tx.connection.execute(update(landlord).where(landlord.c.code == "LMH").values(public_authority=True))
    seen.append(of_now(hub))
    assert all(before != after for before, after in pairwise(seen))


def test_what_is_undone_was_never_relied_on_by_anybody_else(hub: Hub) -> None:
    """Also where afterwards there are as many rows again, and other ones."""
    store, now = hub.house.store, hub.house.clock.now()

    def suspend(tx: Writing) -> None:
        entry = agreements.get(tx, IN_FORCE[0], "LMH")
        agreements.take(tx, entry, "LMH", Taken(Step.SUSPENDED, "usr_x", now))

    def suspend_and_fail() -> None:
        with store.write(LMH) as tx:
            suspend(tx)
            assert relied_on(tx, "LMH") == anew(tx)
            raise ZeroDivisionError

    before = of_now(hub)
    with pytest.raises(ZeroDivisionError):
        suspend_and_fail()
    assert of_now(hub) == before
    with store.write(LMH) as tx:
        entry = agreements.get(tx, IN_FORCE[0], "LMH")
        agreements.take(tx, entry, "LMH", Taken(Step.WITHDRAWN, "usr_x", now))
    assert of_now(hub) != before


def test_while_nothing_changes_it_is_asked_for_by_one_query(hub: Hub) -> None:
    of_now(hub)
    asked: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with hub.house.store.read(LMH) as tx:
        event.listen(hub.house.store.engine, "before_cursor_execute", note)
        relied_on(tx, "LMH")
        event.remove(hub.house.store.engine, "before_cursor_execute", note)
    assert len(asked) == 1
