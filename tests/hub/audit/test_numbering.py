"""Entries come by their numbers: once each, in order, however many write and number at once. On both databases."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from hub.audit import log, nodes, numbering, tree
from hub.audit.entry import Entry, parse
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.errors import NotTrusted
from hub.flow.checkpoint import checkpoint
from hub.store.scope import NOBODY
from tests import logs
from tests.conftest import OpenHub
from tests.hubs import HandClock


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here(HandClock())


def entry(number: int, at: datetime | None = None) -> Entry:
    """One that says which it is."""
    at = at or datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    return Entry(EntryKind.HUB_STARTED, at, "hub", {"release": "test", "mode": "test", "size": number, "rules": None})


def append(hub: Hub, *entries: Entry) -> None:
    with hub.house.store.write(NOBODY) as tx:
        log.append(tx, entries)


def said(leaves: Sequence[bytes]) -> list[object]:
    return [parse(leaf).facts["size"] for leaf in leaves if parse(leaf).facts.get("mode") == "test"]


def waiting(hub: Hub) -> int:
    with hub.house.store.read(NOBODY) as tx:
        return numbering.waiting(tx)


def test_entries_are_durable_with_their_act_and_numbered_in_the_order_of_the_acts(hub: Hub) -> None:
    before = logs.size(hub.house.store)
    for number in range(5):
        append(hub, entry(2 * number), entry(2 * number + 1))
    assert waiting(hub) == (0 if hub.settings.is_embedded else 10)
    assert said(logs.leaves(hub.house.store)) == list(range(10))
    assert waiting(hub) == 0
    assert logs.size(hub.house.store) == before + 10


def test_of_an_act_that_came_to_nothing_there_is_no_entry(hub: Hub) -> None:
    def numbers_and_fails() -> None:
        with hub.house.store.write(NOBODY) as tx:
            log.append(tx, [entry(2)])
            log.gather(tx)
            raise ZeroDivisionError

    append(hub, entry(1))
    with pytest.raises(ZeroDivisionError):
        numbers_and_fails()
    append(hub, entry(3))
    assert said(logs.leaves(hub.house.store)) == [1, 3]


def test_what_has_no_number_yet_counts_as_unsigned_and_a_checkpoint_covers_it(hub: Hub) -> None:
    checkpoint(hub.house)
    append(hub, entry(1), entry(2))
    with hub.house.store.read(NOBODY) as tx:
        before = log.standing(tx)
    assert before.unsigned == 2
    text = checkpoint(hub.house)
    with hub.house.store.read(NOBODY) as tx:
        after = log.standing(tx)
    assert (after.unsigned, after.size) == (0, before.size)
    assert text.splitlines()[1] == str(after.size)


def test_a_long_inbox_is_numbered_a_part_at_a_time_and_whole_by_one_checkpoint(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbering, "_AT_ONCE", 7)
    monkeypatch.setattr(numbering, "_FIRST", numbering._FIRST.limit(7))
    for number in range(30):
        append(hub, entry(number))
    checkpoint(hub.house)
    assert waiting(hub) == 0
    with hub.house.store.read(NOBODY) as tx:
        assert said(list(log.leaves(tx, log.size(tx)))) == list(range(30))


def test_many_who_write_and_several_who_number_at_once_lose_none_and_number_none_twice(hub: Hub) -> None:
    def write(worker: int) -> None:
        for number in range(25):
            append(hub, entry(1_000 * worker + number))

    def number(_worker: int) -> None:
        for _ in range(12):
            checkpoint(hub.house)

    with ThreadPoolExecutor(9) as threads:
        writing, signing = list(range(6)), list(range(3))
        for done in [*(threads.submit(write, one) for one in writing), *(threads.submit(number, n) for n in signing)]:
            done.result(timeout=120)
    found = [int(str(one)) for one in said(logs.leaves(hub.house.store))]
    assert sorted(found) == [1_000 * worker + number for worker in range(6) for number in range(25)]
    for worker in range(6):  # of each its own order
        mine = [one for one in found if one // 1_000 == worker]
        assert mine == sorted(mine)
    with hub.house.store.read(NOBODY) as tx:
        log.check_head(tx)
        leaves = list(log.leaves(tx, log.size(tx)))
        root = log.root_at(tx, len(leaves))
    frontier: tree.Frontier = ()
    for leaf in leaves:
        frontier, _ = tree.append(frontier, tree.leaf_hash(leaf))
    assert root == tree.root(frontier)


def test_a_clock_that_was_put_back_meanwhile_makes_no_entry_earlier_than_the_last(hub: Hub) -> None:
    now = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
    append(hub, entry(1, now))
    logs.size(hub.house.store)
    append(hub, entry(2, now - timedelta(minutes=20)), entry(3, now - timedelta(seconds=2)))
    append(hub, entry(4, now - timedelta(hours=3)))
    times = [one.at for one in logs.entries(hub.house.store) if one.facts.get("mode") == "test"]
    assert times == [now, now, now - timedelta(seconds=2), now - timedelta(hours=3)]


def test_nor_among_entries_that_are_numbered_together(hub: Hub) -> None:
    now = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
    back = [timedelta(), timedelta(minutes=20), timedelta(seconds=2), timedelta(minutes=30), timedelta(hours=3),
            timedelta(hours=2, minutes=50), timedelta(hours=2, minutes=55), timedelta(hours=-1)]  # fmt: skip
    append(hub, *[entry(number, now - by) for number, by in enumerate(back)])
    times = [one.at for one in logs.entries(hub.house.store) if one.facts.get("mode") == "test"]
    ahead = now - timedelta(hours=2, minutes=50)
    assert times == [now, now, now - timedelta(seconds=2), now, now - timedelta(hours=3), ahead, ahead,
                     now + timedelta(hours=1)]  # fmt: skip


def test_proofs_from_memory_are_those_of_the_store_however_the_log_grows(hub: Hub) -> None:
    for least in (1, 2, 255, 256, 257, 300, 520):
        with hub.house.store.write(NOBODY) as tx:
            there = log.gather(tx)
            log.append(tx, [entry(number) for number in range(max(0, least - there))])
            size = log.gather(tx)
        with hub.house.store.read(NOBODY) as tx:
            for index in {0, size // 3, size - 1}:
                for _ in range(2):
                    remembered = log.inclusion(tx, index, size)
                    assert remembered == tree.inclusion_proof(index, size, lambda *at, tx=tx: nodes.stored(tx, *at))
            assert log.consistency(tx, size // 2, size) == tree.consistency_proof(
                size // 2, size, lambda *at, tx=tx: nodes.stored(tx, *at)
            )


def test_a_tree_that_lacks_a_part_gives_no_proof(hub: Hub) -> None:
    size = logs.size(hub.house.store)
    with hub.house.store.read(NOBODY) as tx, pytest.raises(NotTrusted):
        log.inclusion(tx, 0, size + 300)
