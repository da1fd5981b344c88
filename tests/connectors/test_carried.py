import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from stat import S_IMODE

import pytest

from connectors.contract import Message, Refused, Rung, TryLater
from connectors.transports.carried import Carried, CarriedSettings
from connectors.transports.collection import Collection
from tests.connectors.conftest import KEY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outgoing"


@pytest.fixture
def carrier(folder: Path) -> Carried:
    return Carried(CarriedSettings(folder=folder))


def test_a_pack_is_left_for_a_person_and_no_more_is_claimed(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    receipt = carrier.deliver(message, KEY, now)
    assert receipt.rung is Rung.PREPARED
    assert receipt.evidence == message.filename == "CC-7K2M-94TX-Q_dsc_0123456789abcdefghjkmnpqrs.json"
    assert (folder / message.filename).read_bytes() == message.body


def test_a_pack_can_be_read_by_the_hubs_owner_alone(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    carrier.deliver(message, KEY, now)
    assert S_IMODE(folder.stat().st_mode) == 0o700
    assert [S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_preparing_twice_leaves_one_pack(carrier: Carried, folder: Path, message: Message, now: datetime) -> None:
    assert carrier.deliver(message, KEY, now) == carrier.deliver(message, KEY, now)
    assert [path.name for path in folder.iterdir()] == [message.filename]


def test_a_half_written_pack_of_a_crash_is_replaced(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    folder.mkdir(mode=0o700)
    (folder / f".{message.filename}.part").write_bytes(b"half")
    carrier.deliver(message, KEY, now)
    assert [path.name for path in folder.iterdir()] == [message.filename]
    assert (folder / message.filename).read_bytes() == message.body


def test_another_pack_of_the_same_name_is_not_overwritten(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    carrier.deliver(message, KEY, now)
    with pytest.raises(Refused) as refused:
        carrier.deliver(replace(message, body=b"other"), KEY, now)
    assert refused.value.code == "name_taken"
    assert (folder / message.filename).read_bytes() == message.body


def test_a_folder_that_others_can_read_is_not_used(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    folder.mkdir(mode=0o755)
    with pytest.raises(TryLater) as later:
        carrier.deliver(message, KEY, now)
    assert later.value.code == "folder_open_to_others"
    assert list(folder.iterdir()) == []
    assert carrier.check().proven == ()


def test_a_folder_that_cannot_be_made_is_tried_later(tmp_path: Path, message: Message, now: datetime) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TryLater) as later:
        Carried(CarriedSettings(folder=tmp_path / "file" / "outgoing")).deliver(message, KEY, now)
    assert later.value.code == "folder_unusable"


@pytest.mark.parametrize("name", ["../elsewhere.json", "/abs.json", "a/b.json", ".."])
def test_a_name_that_would_leave_the_folder_is_refused(
    name: str, carrier: Carried, tmp_path: Path, message: Message, now: datetime
) -> None:
    with pytest.raises(Refused):
        carrier.deliver(replace(message, filename=name), KEY, now)
    assert list(tmp_path.iterdir()) == []


def test_a_check_makes_the_folder_and_says_what_it_could_not_prove(carrier: Carried, folder: Path) -> None:
    checked = carrier.check()
    assert checked.proven == ("the outgoing folder is the hub's alone",)
    assert checked.not_proven == ("that a person will take the pack",)
    assert list(folder.iterdir()) == []


def test_nothing_is_ever_sent_to_a_partner_who_collects(message: Message, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        Collection().deliver(message, KEY, now)
    assert refused.value.code == "collected"
    assert Collection().check().proven == ()


def test_a_prepared_pack_can_be_taken_back_once(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    carrier.deliver(message, KEY, now)
    assert carrier.recall(message.filename) is True
    carrier.forget(message.filename)
    assert list(folder.iterdir()) == []
    assert carrier.recall(message.filename) is False


def test_what_was_taken_back_is_found_again_until_it_is_on_record_and_nothing_of_it_is_left_there(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    carrier.deliver(message, KEY, now)
    for _ in range(3):
        assert carrier.recall(message.filename) is True
        (left,) = folder.iterdir()
        assert left.name.startswith(".")
        assert left.read_bytes() == b""
        assert S_IMODE(left.stat().st_mode) == 0o600


def test_a_pack_written_anew_and_carried_is_not_found_because_an_earlier_one_was_taken_back(
    carrier: Carried, folder: Path, message: Message, now: datetime
) -> None:
    carrier.deliver(message, KEY, now)
    carrier.recall(message.filename)
    carrier.deliver(message, KEY, now)
    assert [path.name for path in folder.iterdir()] == [message.filename]
    (folder / message.filename).unlink()  # somebody carries it
    assert carrier.recall(message.filename) is False
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("stops", ["rename", "replace"])
def test_a_recall_that_is_cut_off_anywhere_is_ended_by_the_next_one(
    carrier: Carried, folder: Path, message: Message, now: datetime, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    carrier.deliver(message, KEY, now)

    def stopped(*_: object) -> None:
        raise OSError("the power goes")

    with monkeypatch.context() as patched:
        patched.setattr(Path, stops, stopped)
        with pytest.raises(OSError, match="the power goes"):
            carrier.recall(message.filename)
    assert carrier.recall(message.filename) is True
    assert [path.read_bytes() for path in folder.iterdir()] == [b""]


def test_where_there_is_no_room_to_remember_it_a_pack_stays_where_it_is(
    carrier: Carried, folder: Path, message: Message, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier.deliver(message, KEY, now)

    def full(*_: object) -> int:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(OSError, match="no space"):
            carrier.recall(message.filename)
    assert (folder / message.filename).read_bytes() == message.body


def test_taking_back_never_reaches_beyond_the_outgoing_folder(carrier: Carried, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    outside = folder.parent / "kept"
    outside.write_text("stays", encoding="utf-8")
    assert carrier.recall("../kept") is False
    assert outside.read_text(encoding="utf-8") == "stays"
