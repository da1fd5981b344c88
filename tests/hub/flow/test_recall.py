"""A recall that breaks off: the pack is out of its folder, and the record of it is not written."""

import os
from multiprocessing import get_context

import pytest
from sqlalchemy.exc import OperationalError

from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import outbox
from hub.delivery.doors import Doors
from hub.errors import Unavailable
from hub.flow import recall as recalling
from hub.flow.recall import recall
from hub.store.unit_of_work import Writing
from tests.cases import HELPLINE
from tests.hub.flow.correcting import Desk
from tests.hub.flow.test_register import sent
from tests.hub.flow.test_register_truth import shown
from tests.hubs import LMH


def prepared(desk: Desk) -> tuple[str, str]:
    """A referral whose pack lies in the outgoing folder, and its disclosure."""
    _, referral = sent(desk, asks=[HELPLINE])
    (row,) = desk.rows(referral)
    assert len(desk.packs(row.id)) == 1
    desk.clock.move(minutes=1)
    return referral, row.id


def left(desk: Desk, disclosure: str) -> list[bytes]:
    """What is left of a disclosure in the folder, hidden or not."""
    folder = desk.hub.settings.data_dir.parent / "out"
    return [path.read_bytes() for path in folder.iterdir() if disclosure in path.name]


def check_nobody_carries_it(desk: Desk, referral: str, disclosure: str) -> None:
    assert [facts["found"] for facts in desk.entries(EntryKind.PACK_RECALLED, disclosure)] == [True]
    assert desk.row(disclosure).state.value == "cancelled"
    assert shown(desk, referral) == [], "nobody had it, so the register tells of no disclosure"
    assert left(desk, disclosure) == []


def test_a_pack_that_was_taken_back_counts_as_taken_back_though_the_record_had_to_be_written_twice(
    on_each: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = on_each
    referral, disclosure = prepared(desk)
    append = recalling.log.append

    def broken(tx: Writing, entries: list[Entry]) -> None:
        append(tx, entries)
        if any(entry.kind is EntryKind.PACK_RECALLED for entry in entries):
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

    with monkeypatch.context() as patched:
        patched.setattr("hub.flow.recall.log.append", broken)
        with pytest.raises(Unavailable):
            desk.withdraw(desk.row(disclosure))
    assert desk.packs(disclosure) == []
    assert left(desk, disclosure) == [b""], "nothing of the content stays under a hidden name"
    assert desk.entries(EntryKind.PACK_RECALLED, disclosure) == []
    recall(desk.hub.house)
    check_nobody_carries_it(desk, referral, disclosure)


@pytest.mark.parametrize("after", ["taken", "written"])
def test_a_process_that_dies_in_a_recall_leaves_no_word_that_somebody_carries_the_pack(
    on_each: Desk, after: str
) -> None:
    """Right after the pack is out of its folder; and right after that is on record, before the door forgets it."""
    desk = on_each
    referral, disclosure = prepared(desk)
    with desk.hub.house.store.write(LMH) as tx:
        outbox.ask_recall(tx, disclosure)
        outbox.stop(tx, disclosure)
        outbox.change(tx, disclosure, outbox.State.CANCELLED)
    desk.hub.house.store.engine.dispose()  # a child of ours shares no connection with us
    dying = get_context("fork").Process(target=_die, args=(desk, after))
    dying.start()
    dying.join(60)
    assert dying.exitcode == 9
    assert desk.packs(disclosure) == []
    assert left(desk, disclosure) == [b""]
    recall(desk.hub.house)
    if after == "taken":
        check_nobody_carries_it(desk, referral, disclosure)
    else:
        assert [facts["found"] for facts in desk.entries(EntryKind.PACK_RECALLED, disclosure)] == [True]
        assert shown(desk, referral) == []


def _die(desk: Desk, after: str) -> None:
    take = Doors.recall

    def dying(doors: Doors, agency: str, filename: str) -> bool:
        if after == "taken":
            take(doors, agency, filename)
        os._exit(9)

    setattr(Doors, "recall" if after == "taken" else "forget", dying)
    recall(desk.hub.house)


def test_a_pack_that_somebody_carries_is_not_found_and_the_register_tells_of_it(on_each: Desk) -> None:
    desk = on_each
    referral, disclosure = prepared(desk)
    for pack in desk.packs(disclosure):
        pack.unlink()
    desk.withdraw(desk.row(disclosure))
    assert [facts["found"] for facts in desk.entries(EntryKind.PACK_RECALLED, disclosure)] == [False]
    assert len(shown(desk, referral)) == 1


def test_a_door_that_cannot_forget_keeps_nothing_from_being_done(
    on_each: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = on_each
    referral, disclosure = prepared(desk)

    def refused(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr("connectors.transports.carried.Carried.forget", refused)
        desk.withdraw(desk.row(disclosure))
    assert "recall_not_forgotten" in caplog.text
    assert shown(desk, referral) == []
    assert left(desk, disclosure) == [b""]
