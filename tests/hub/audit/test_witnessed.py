"""Two processes hear the same word at once: it is kept once, one of them alone writes it down, and neither fails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select

from hub.audit import witnessed
from hub.audit.witnessed import LOG_BEHIND, OTHER_HISTORY, Dispute
from hub.bootstrap import Hub
from hub.store.scope import NOBODY
from hub.store.tables import audit_cosignature, audit_dispute, audit_witnessed
from hub.store.unit_of_work import Writing
from tests.conftest import OpenHub

AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here()


def at_once(hub: Hub, act: Callable[[Writing], bool | None]) -> list[bool | None]:
    """What each of three is told who do the same at once, as three processes would, in order."""
    together = Barrier(3)

    def one(_: int) -> bool | None:
        together.wait(30)
        with hub.house.store.write(NOBODY) as tx:
            told = act(tx)
            if not tx.is_sqlite:  # where they do not take turns
                tx.connection.execute(select(func.pg_sleep(0.05)))
        return told

    with ThreadPoolExecutor(3) as threads:
        return sorted(threads.map(one, range(3)), key=bool)


def count(hub: Hub, table: object) -> int:
    with hub.house.store.read(NOBODY) as tx:
        return int(tx.connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_cosignature_that_several_are_given_is_kept_once_and_new_to_one(hub: Hub) -> None:
    before = count(hub, audit_cosignature)
    told = at_once(hub, lambda tx: witnessed.keep(tx, 1_000, "police.example/w+00", "line\n", at=AT, heard=AT))
    assert told == [False, False, True]
    assert count(hub, audit_cosignature) == before + 1
    with hub.house.store.write(NOBODY) as tx:
        assert not witnessed.keep(tx, 1_000, "police.example/w+00", "later\n", at=AT, heard=AT)
        assert witnessed.with_lines(tx, 1_000, "") == "later\n"


def test_a_checkpoint_is_marked_once_as_witnessed(hub: Hub) -> None:
    at_once(hub, lambda tx: witnessed.mark(tx, 1_000, AT))
    assert count(hub, audit_witnessed) == 1


def test_a_dispute_that_several_hear_of_is_written_down_by_one_and_so_is_what_changes_in_it(hub: Hub) -> None:
    for found in (Dispute("police", LOG_BEHIND, 9, None), Dispute("police", OTHER_HISTORY, 9, None)):
        told = at_once(hub, lambda tx, found=found: witnessed.dispute(tx, "hub", found, AT))  # type: ignore[misc]
        assert told == [False, False, True]
        with hub.house.store.read(NOBODY) as tx:
            assert list(witnessed.disputes(tx, "hub")) == [found]
    with hub.house.store.write(NOBODY) as tx:  # under another name it is another log
        assert witnessed.dispute(tx, "hub2", Dispute("police", OTHER_HISTORY, 9, None), AT)
    assert count(hub, audit_dispute) == 1
