"""New keys for a hub at work: everything opens, the log verifies before and after, and no stop in between harms."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, open_hub
from hub.errors import NotFound, NotTrusted
from hub.flow import rotate
from hub.flow.checkpoint import verifier_key
from hub.flow.deliver import deliver_due
from hub.flow.export import export
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.settings import Settings
from hub.store import content, rekeying
from hub.store.classes import DataClass
from hub.store.scope import EVERY
from hub.store.tables import data_key, sealed
from protocols.record import Referral
from tests import logs
from tests.cases import HELPLINE, JAG, POLICE, Case
from tests.conftest import OpenHub
from tests.hub.store.conftest import add_case
from tests.hub.store.first_version import FirstVersion
from tests.hubs import LMH, open_test_hub, somebody
from tests.journeys.people import verify
from tests.servers import owning

Everything = dict[tuple[str, str, str, str], bytes]


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    """A hub with two cases, told to three agencies each."""
    hub = open_hub_here()
    officer = somebody(hub, Role.OFFICER)
    for _ in range(2):
        case = Case((POLICE, HELPLINE, JAG))
        refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    assert deliver_due(hub.house, "w1", 10) == 6
    return hub


@pytest.fixture
def log_verifies(tmp_path: Path) -> Callable[[Hub], None]:
    """The export of a hub's log is put before the verifier that comes with it."""

    def verifies(hub: Hub) -> None:
        done = verify(export(hub.house, None), verifier_key(hub.house), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    return verifies


def everything(hub: Hub) -> Everything:
    """Every piece of content there is, opened."""
    with hub.house.store.read(EVERY) as tx:
        places = tx.connection.execute(select(sealed.c.case_id, sealed.c.owner, sealed.c.part).distinct()).all()
        found: Everything = {}
        for place in places:
            for who, each in content.read_classes(tx, place.case_id, [place.owner], place.part)[place.owner].items():
                found |= {(place.owner, place.part, who, kind): piece for kind, piece in each.items()}
        assert len(found) == tx.connection.execute(select(func.count()).select_from(sealed)).scalar_one()
    return found


def test_a_new_root_key_changes_nothing_of_what_is_read(
    hub: Hub, open_hub_here: OpenHub, log_verifies: Callable[[Hub], None]
) -> None:
    running, before = open_hub_here(create=False), everything(hub)
    assert len(before) > 20
    log_verifies(hub)
    old = hub.house.keys.roots.current.id

    new, wrapped = rotate.rotate_root(hub.house)

    assert new != old
    assert wrapped == len(rotate.status(hub.house).keys) == 3  # LMH has two, and the hub one
    assert rotate.status(hub.house).roots_needed == {new}
    for each in (hub, running, open_hub_here(create=False)):
        assert everything(each) == before
    log_verifies(hub)
    assert rotate.prune(hub.house) == (old,)
    assert everything(open_hub_here(create=False)) == before
    log_verifies(hub)


@pytest.mark.parametrize("dies", ["before the entry is committed", "before the file is gone"])
def test_a_root_key_is_never_destroyed_without_an_entry_and_one_left_over_goes_the_next_time(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    old = hub.house.keys.roots.current.id
    rotate.rotate_root(hub.house)
    files, size = set(hub.house.keys.roots.kept()), logs.size(hub.house.store)
    assert files == {old}
    where = "hub.flow.rotate.log.append" if "entry" in dies else "hub.keys.roots.Roots.forget"
    with monkeypatch.context() as patched:
        patched.setattr(where, stopped)
        with pytest.raises(KeyboardInterrupt):
            rotate.prune(hub.house)
    assert set(hub.house.keys.roots.kept()) == files
    assert destroyed(hub, size) == ([] if "entry" in dies else [old])
    assert rotate.prune(hub.house) == (old,)
    assert hub.house.keys.roots.kept() == {}
    assert set(destroyed(hub, size)) == {old}


def test_a_root_key_that_something_was_put_under_since_the_entry_stays(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = hub.house.keys.roots.current.id
    rotate.rotate_root(hub.house)
    answers = iter([(old,), ()])
    monkeypatch.setattr(rotate, "_needless", lambda *_: next(answers))
    assert rotate.prune(hub.house) == ()
    assert set(hub.house.keys.roots.kept()) == {old}


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def destroyed(hub: Hub, since: int) -> list[object]:
    told = logs.entries(hub.house.store)[since:]
    return [entry.facts["key"] for entry in told if entry.kind is EntryKind.KEY_DESTROYED]


def test_a_new_key_of_a_landlord_changes_nothing_of_what_is_read_and_the_old_one_is_gone(
    hub: Hub, open_hub_here: OpenHub, log_verifies: Callable[[Hub], None]
) -> None:
    running, before = open_hub_here(create=False), everything(hub)
    log_verifies(hub)

    version, wrapped = rotate.rotate_landlord(hub.house, "LMH", at_once=3)

    status = rotate.status(hub.house)
    assert version == 2
    assert status.data_keys == {("LMH", 2): wrapped}
    assert [key.is_destroyed for key in status.keys if key.opens_data_of("LMH")] == [True, False]
    assert status.left_to_do() == ()
    for each in (hub, running, open_hub_here(create=False)):
        assert everything(each) == before
    log_verifies(hub)
    assert rotate.rotate_landlord(hub.house, "LMH") == (3, wrapped)
    assert everything(hub) == before


def test_what_is_kept_while_keys_change_is_kept_under_the_new_ones(hub: Hub, open_hub_here: OpenHub) -> None:
    running = open_hub_here(create=False)
    officer, case = somebody(running, Role.OFFICER), Case((POLICE,))
    rotate.rotate_root(hub.house)
    rotate.rotate_landlord(hub.house, "LMH")

    refer(running.house, officer, case.raw(), f"key-{case.tag}")

    assert set(rotate.status(hub.house).data_keys) == {("LMH", 2)}
    assert everything(open_hub_here(create=False)) == everything(running)
    with hub.house.store.read(EVERY) as tx:
        assert referrals.find_case(tx, "LMH", case.number) is not None


def test_a_rotation_that_stops_between_two_batches_is_gone_on_with(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, log_verifies: Callable[[Hub], None]
) -> None:
    before, wrap_anew, batches = everything(hub), rekeying.wrap_anew, iter(range(2))

    def stops(*given: object) -> int:
        if next(batches, None) is None:
            raise KeyboardInterrupt
        return wrap_anew(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(rekeying, "wrap_anew", stops)
        with pytest.raises(KeyboardInterrupt):
            rotate.rotate_landlord(hub.house, "LMH", at_once=3)

    assert rotate.status(hub.house).data_keys[("LMH", 2)] == 6
    assert rotate.status(hub.house).left_to_do() == ("keys rotate --landlord LMH",)
    assert everything(hub) == before
    log_verifies(hub)

    assert rotate.rotate_landlord(hub.house, "LMH")[0] == 2
    assert rotate.status(hub.house).left_to_do() == ()
    assert everything(hub) == before
    log_verifies(hub)


def test_a_new_root_key_whose_transaction_failed_is_gone_on_with_and_no_second_is_made(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, open_hub_here: OpenHub
) -> None:
    before = everything(hub)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("hub.flow.rotate.log.append", fails)
        with pytest.raises(KeyboardInterrupt):
            rotate.rotate_root(hub.house)

    after = open_hub_here(create=False)
    made = after.house.keys.roots.current.id
    assert rotate.status(after.house).left_to_do() == ("keys rotate --root",)
    assert rotate.prune(after.house) == ()
    assert everything(after) == everything(hub) == before
    assert rotate.rotate_root(after.house)[0] == made
    assert rotate.status(after.house).left_to_do() == ()
    assert everything(after) == everything(hub) == before


KILLED = """
import sys
from hub.bootstrap import open_hub
from hub.flow import rotate
from hub.settings import Settings
rotate.rotate_landlord(open_hub(Settings(), create=False).house, "LMH", at_once=4)
"""


def _many_data_keys(hub: Hub, cases: int) -> None:
    for _ in range(cases):
        case_id = add_case(hub.house.store)
        with hub.house.store.write(LMH) as tx:
            pieces = {f"p{number}": b"hers" for number in range(1, 101)}
            content.keep(tx, case_id, new_id(Prefix.REFERRAL), "note", pieces, hub.house.clock.now())


def test_a_process_killed_in_the_middle_of_a_rotation_leaves_a_hub_that_opens_everything(
    hub: Hub, migrated_url: str, tmp_path: Path, log_verifies: Callable[[Hub], None]
) -> None:
    _many_data_keys(hub, 8)
    before = everything(hub)
    environment = os.environ | {"CONCORDAT_DATA_DIR": str(tmp_path / "data"), "CONCORDAT_DATABASE_URL": migrated_url}
    process = subprocess.Popen([sys.executable, "-c", KILLED], env=environment, cwd=Path(__file__).parents[3])
    try:
        until = time.monotonic() + 60
        while rotate.status(hub.house).data_keys.get(("LMH", 2), 0) < 50 and time.monotonic() < until:
            assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()

    left = rotate.status(hub.house).data_keys
    assert set(left) == {("LMH", 1), ("LMH", 2)}, "it was through before it was killed; make it longer"
    assert everything(hub) == before
    log_verifies(hub)

    rotate.rotate_landlord(hub.house, "LMH")
    assert set(rotate.status(hub.house).data_keys) == {("LMH", 2)}
    assert everything(hub) == before
    log_verifies(hub)


def test_a_landlord_that_is_not_on_the_register_gets_no_key(hub: Hub) -> None:
    with pytest.raises(NotFound):
        rotate.rotate_landlord(hub.house, "NOBODY")


# A database of version 0001.


@pytest.fixture
def first(database_url: str, tmp_path: Path) -> Iterator[tuple[FirstVersion, list[tuple[str, str, Case]]]]:
    """Three cases, as version 0001 kept them, and its key file."""
    with owning(database_url) as owner:
        written = FirstVersion(owner)
        written.begin()
        written.make_key_files(tmp_path / "data" / "keys")
        cases = [Case((POLICE,)) for _ in range(3)]
        yield written, [(*written.refer(_whole(case)), case) for case in cases]


def _whole(case: Case) -> dict[str, object]:
    loaded: dict[str, object] = Referral.model_validate_json(case.raw()).model_dump(mode="json")
    return loaded


def _read_again(hub: Hub, kept: list[tuple[str, str, Case]]) -> None:
    for referral_id, case_id, case in kept:
        given = Referral.model_validate_json(case.raw()).model_copy(update={"consents": ()})
        with hub.house.store.read(EVERY) as tx:
            assert referrals.get(tx, referral_id).content == given
            assert content.read(tx, case_id, referral_id, "salt") == {"p1": b"salt" * 8}
            assert referrals.find_case(tx, "LMH", case.number) == case_id


def test_what_version_0001_kept_is_read_and_found_and_sealed_again_class_by_class(
    first: tuple[FirstVersion, list[tuple[str, str, Case]]], database_url: str, tmp_path: Path,
    log_verifies: Callable[[Hub], None],
) -> None:  # fmt: skip
    _, kept = first
    hub = open_test_hub(tmp_path / "data", database_url)
    _read_again(hub, kept)
    officer = somebody(hub, Role.OFFICER)
    refer(hub.house, officer, kept[0][2].raw(), "another-key-of-that-case")  # mixed: old keys, new values
    log_verifies(hub)
    status = rotate.status(hub.house)
    assert set(status.values) == {1, 2}
    assert status.left_to_do() == ("keys rotate --root", "keys reseal")

    assert rotate.reseal(hub.house, at_once=2)[0] == 3

    _read_again(hub, kept)
    status = rotate.status(hub.house)
    assert set(status.values) == {2}
    assert set(status.data_keys) == {("LMH", 1)}
    assert [key.is_destroyed for key in status.keys if key.opens_data_of("LMH")] == [True, False]
    with hub.house.store.read(EVERY) as tx:
        assert {kind for _, kind in content.keys_of(tx, kept[1][1])} >= {DataClass.NORMAL, DataClass.SPECIAL}
    log_verifies(hub)
    assert rotate.reseal(hub.house) == (0, 0)
    hub.house.store.close()


def test_a_root_key_made_before_sealing_again_takes_the_first_one_into_the_tree(
    first: tuple[FirstVersion, list[tuple[str, str, Case]]], database_url: str, tmp_path: Path
) -> None:
    _, kept = first
    hub = open_test_hub(tmp_path / "data", database_url)
    for _ in range(2):
        rotate.rotate_root(hub.house)
    assert len(rotate.prune(hub.house)) == 2  # the first key file is not needed any more: it is wrapped like any other
    again = open_hub(Settings(data_dir=tmp_path / "data", database_url=database_url), create=False)
    for each in (hub, again):
        _read_again(each, kept)
    rotate.reseal(again.house)
    _read_again(again, kept)
    for each in (hub, again):
        each.house.store.close()


def test_sealing_again_that_stops_between_cases_is_gone_on_with(
    first: tuple[FirstVersion, list[tuple[str, str, Case]]], database_url: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    _, kept = first
    hub = open_test_hub(tmp_path / "data", database_url)
    taken_out, cases = rekeying.taken_out, iter(range(1))

    def stops(*given: object) -> object:
        found = taken_out(*given)  # type: ignore[arg-type]
        if next(cases, None) is None:
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patched:
        patched.setattr(rekeying, "taken_out", stops)
        with pytest.raises(KeyboardInterrupt):
            rotate.reseal(hub.house, at_once=1)

    _read_again(hub, kept)
    assert rotate.reseal(hub.house)[0] == 2
    _read_again(hub, kept)
    hub.house.store.close()


def test_somebody_erased_before_stays_erased_when_the_rest_is_sealed_again(
    first: tuple[FirstVersion, list[tuple[str, str, Case]]], database_url: str, tmp_path: Path
) -> None:
    _, kept = first
    hub = open_test_hub(tmp_path / "data", database_url)
    for (_, case_id, _), gone in zip(kept, ("p1", "p2", content.CASE), strict=True):
        with hub.house.store.write(LMH) as tx:
            content.erase(tx, case_id, gone)
    rotate.reseal(hub.house)
    assert set(rotate.status(hub.house).values) == {2}
    for (referral_id, case_id, _), gone in zip(kept, ("p1", "p2", content.CASE), strict=True):
        with hub.house.store.read(EVERY) as tx:
            pieces = content.read_classes(tx, case_id, [referral_id], "referral")[referral_id]
            assert set(pieces) == {"p1", "p2", "p3", content.CASE} - {gone}
    with hub.house.store.read(EVERY) as tx:
        assert [one.id for one in referrals.get(tx, kept[1][0]).content.record.people] == ["p1", "p3"]
    hub.house.store.close()


def test_an_erased_person_s_old_key_opens_nothing_that_was_sealed_again(
    first: tuple[FirstVersion, list[tuple[str, str, Case]]], database_url: str, tmp_path: Path
) -> None:
    """A copy of the database from before holds the old data keys; what is under today's keys is beyond them."""
    _, kept = first
    hub = open_test_hub(tmp_path / "data", database_url)
    case_id = kept[0][1]
    with hub.house.store.read(EVERY) as tx:
        old = tx.connection.execute(select(data_key).where(data_key.c.case_id == case_id)).mappings().all()
    rotate.reseal(hub.house)
    with hub.house.store.write(LMH) as tx:
        tx.connection.execute(data_key.delete().where(data_key.c.case_id == case_id))
        tx.connection.execute(data_key.insert(), [dict(row) for row in old])
    with hub.house.store.read(EVERY) as tx, pytest.raises(NotTrusted):
        content.read(tx, case_id, kept[0][0], "referral")
    hub.house.store.close()


def test_every_key_change_is_in_the_log_by_version_and_fingerprint(hub: Hub) -> None:
    root, _ = rotate.rotate_root(hub.house)
    rotate.rotate_landlord(hub.house, "LMH")
    entries = logs.entries(hub.house.store)
    changes = {entry.kind: dict(entry.facts) for entry in entries if entry.kind.value.startswith("key.")}
    assert [entry.kind for entry in entries[-3:]] == [
        EntryKind.KEY_ROTATED,
        EntryKind.KEY_ROTATED,
        EntryKind.KEY_DESTROYED,
    ]
    assert dict(entries[-3].facts) == {"of": "root", "key": root, "keys": 3}
    assert changes[EntryKind.KEY_ROTATED] == {"of": "landlord", "landlord": "lmh", "version": 2}
    assert changes[EntryKind.KEY_DESTROYED] == {"of": "landlord", "landlord": "lmh", "version": 1}
