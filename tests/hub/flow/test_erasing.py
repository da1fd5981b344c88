"""Erase: a person's keys go, and with them everything the hub kept of them; the log stays whole. On a populated hub."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connectors.kit.decode import everything_said
from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.errors import Conflict, NotAllowed, NotFound
from hub.flow.attach import Announced, begin, finish, list_attachments, take
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.erase import Erased, erase
from hub.flow.export import export
from hub.flow.preserve import lift, preserve
from hub.flow.refer import refer
from hub.intake import referrals
from hub.register.erasures import ErasureGround
from hub.register.holds import HoldGround
from hub.store import content
from hub.store.classes import DataClass
from hub.store.scope import EVERY
from hub.store.tables import (
    attachment,
    attachment_chunk,
    case_file,
    data_key,
    disclosure,
    erasure,
    idempotency,
    sealed,
    unsafe_contact,
)
from tests import logs
from tests.cases import FIRE, HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.delivering import claim_one
from tests.hubs import LMH, HandClock, somebody
from tests.journeys.people import entries_of, verify

GROUND = ErasureGround.CONSENT_WITHDRAWN


class Told:
    """A referral on file, and its case."""

    def __init__(self, hub: Hub, officer: Actor, case: Case) -> None:
        """Send it."""
        self.case, self.referral = case, refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
        with hub.house.store.read(EVERY) as tx:
            self.case_id = referrals.landlord_and_case(tx, self.referral)[1]


def rows_of(hub: Hub, case_id: str, subject: str) -> int:
    """How many pieces and keys there are of somebody."""
    with hub.house.store.read(EVERY) as tx:
        return sum(
            tx.connection.execute(
                select(func.count()).select_from(table).where(table.c.case_id == case_id, table.c.subject == subject)
            ).scalar_one()
            for table in (sealed, data_key)
        )


def count(hub: Hub, table: object, **where: object) -> int:
    with hub.house.store.read(EVERY) as tx:
        asked = select(func.count()).select_from(table)  # type: ignore[arg-type]
        for name, value in where.items():
            asked = asked.where(table.c[name] == value)  # type: ignore[attr-defined]
        return int(tx.connection.execute(asked).scalar_one())


def verified(hub: Hub, folder: Path) -> list[dict[str, object]]:
    """The entries of the log, once a stranger's program has found it whole."""
    checkpoint(hub.house)
    packed = export(hub.house, None)
    done = verify(packed, verifier_key(hub.house), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return list(entries_of(packed))


def attached(hub: Hub, officer: Actor, told: Told, person: str, words: str) -> str:
    said = Announced("text/plain")
    upload = begin(hub.house, officer, told.referral, person=person, data_class=DataClass.SPECIAL, announced=said)
    take(hub.house, upload, words.encode())
    return finish(hub.house, upload).id


def test_on_a_populated_hub_a_victim_is_erased_for_good_and_everybody_else_is_there_as_before(
    hub: Hub, officer: Actor, dpo: Actor, tmp_path: Path
) -> None:
    others = [Told(hub, officer, Case((POLICE, SOCIAL, HELPLINE, JAG, FIRE))) for _ in range(6)]
    told = Told(hub, officer, Case((POLICE, HELPLINE, JAG, FIRE)))
    attached(hub, officer, told, "p1", told.case.token("illness"))
    attached(hub, officer, others[0], "p1", others[0].case.token("illness"))
    while deliver_due(hub.house, "w1", 100):
        pass
    before = verified(hub, tmp_path)
    assert rows_of(hub, told.case_id, "p1") > 10
    assert count(hub, idempotency, referral_id=told.referral) == 1
    courses = [read_referral(hub.house, officer, other.referral) for other in others]

    done = erase(hub.house, dpo, told.referral, "p1", GROUND)

    assert rows_of(hub, told.case_id, "p1") == 0
    assert count(hub, attachment, case_id=told.case_id) == 0
    assert count(hub, attachment_chunk) == 1
    assert count(hub, idempotency, referral_id=told.referral) == 0
    assert count(hub, erasure, id=done.id, case_id=told.case_id, subject="p1") == 1
    with pytest.raises(NotFound):
        read_referral(hub.house, officer, told.referral)
    assert list_attachments(hub.house, officer, told.referral) == ()
    with hub.house.store.read(EVERY) as tx:
        left = content.read_classes(tx, told.case_id, [told.referral], referrals.PART)[told.referral]
    assert set(left) == {"p2", "p3"}  # and nothing that is about several of them
    assert [read_referral(hub.house, officer, other.referral) for other in others] == courses
    assert len(list_attachments(hub.house, officer, others[0].referral)) == 1
    after = verified(hub, tmp_path)
    assert after[: len(before)] == before
    (entry,) = (entry for entry in after if entry["kind"] == EntryKind.SUBJECT_ERASED)
    assert set(entry["facts"]) == {"subject", "keys_destroyed", "reason", "landlord"}  # type: ignore[call-overload]
    assert entry["facts"]["subject"] == done.id  # type: ignore[index]
    assert "p1" not in entry["facts"].values()  # type: ignore[attr-defined]
    assert told.case_id not in str(entry)


def test_what_waited_to_go_about_them_goes_to_nobody_and_packs_are_taken_back(
    hub: Hub, officer: Actor, dpo: Actor, tmp_path: Path
) -> None:
    told = Told(hub, officer, Case((JAG, FIRE)))
    deliver_due(hub.house, "w1", 10)
    assert told.case.token("victim") in said_in_packs(tmp_path)

    done = erase(hub.house, dpo, told.referral, "p1", GROUND)

    assert told.case.token("victim") not in said_in_packs(tmp_path)
    assert len(done.cancelled) == 2
    assert done.told_before == ()
    assert deliver_due(hub.house, "w1", 10) == 0
    with hub.house.store.read(EVERY) as tx:
        rows = tx.connection.execute(select(disclosure.c.state, disclosure.c.cause)).all()
    assert set(rows) == {("cancelled", "SUBJECT_ERASED")}
    cancelled = [entry for entry in logs.entries(hub.house.store) if entry.kind is EntryKind.DISCLOSURE_CANCELLED]
    assert {entry.facts["reason"] for entry in cancelled} == {"abandoned.other"}, "the log never says of whose it was"


def said_in_packs(folder: Path) -> str:
    return "".join(everything_said(path.read_bytes()) for path in (folder / "out").glob("[!.]*"))


def test_whoever_carried_a_pack_is_named_as_somebody_to_tell(
    hub: Hub, officer: Actor, dpo: Actor, tmp_path: Path
) -> None:
    told = Told(hub, officer, Case((JAG, POLICE)))
    deliver_due(hub.house, "w1", 10)
    with hub.house.store.read(EVERY) as tx:
        asked = select(disclosure.c.id).where(disclosure.c.agency == "agy_police")
        of_police = tx.connection.execute(asked).scalar_one()
    for pack in (tmp_path / "out").glob("[!.]*"):
        if of_police in everything_said(pack.read_bytes()):
            pack.unlink()

    done = erase(hub.house, dpo, told.referral, "p1", GROUND)

    assert [row.agency for row in done.told_before] == ["agy_police"]


def test_when_a_neighbour_is_erased_the_referral_remains_and_its_pack_is_made_anew_without_them(
    hub: Hub, officer: Actor, dpo: Actor, tmp_path: Path
) -> None:
    told = Told(hub, officer, Case((POLICE,)))
    deliver_due(hub.house, "w1", 10)
    assert told.case.token("neighbour") in said_in_packs(tmp_path)
    assert count(hub, unsafe_contact, case_id=told.case_id, person="p2") > 0

    done = erase(hub.house, dpo, told.referral, "p2", GROUND)
    deliver_due(hub.house, "w1", 10)

    assert done.cancelled == ()
    assert rows_of(hub, told.case_id, "p2") == 0
    assert count(hub, unsafe_contact, case_id=told.case_id, person="p2") == 0
    assert told.case.token("victim") in said_in_packs(tmp_path)
    assert told.case.token("neighbour") not in said_in_packs(tmp_path)
    assert read_referral(hub.house, officer, told.referral).id == told.referral
    with hub.house.store.read(EVERY) as tx:
        left = referrals.get(tx, told.referral).content.record.people
    assert [person.id for person in left] == ["p1", "p3"]


def test_another_referral_of_the_same_case_about_somebody_else_still_reads(
    hub: Hub, officer: Actor, dpo: Actor
) -> None:
    first = Case((JAG,))
    told = Told(hub, officer, first)
    second = first.referral() | {"subject": "p3", "consents": []}
    other = refer(hub.house, officer, json.dumps(second).encode(), "key-of-the-second").referral_id

    erase(hub.house, dpo, told.referral, "p1", GROUND)

    assert read_referral(hub.house, officer, other).id == other
    with pytest.raises(NotFound):
        read_referral(hub.house, officer, told.referral)
    with hub.house.store.read(EVERY) as tx:
        shared = content.read_classes(tx, told.case_id, [told.referral, other], referrals.PART)
    assert content.CASE in shared[other]
    assert content.CASE not in shared[told.referral]


def test_once_nobody_of_a_case_is_left_its_number_finds_nothing(hub: Hub, officer: Actor, dpo: Actor) -> None:
    told = Told(hub, officer, Case((JAG,)))
    for person in ("p1", "p2", "p3"):
        with hub.house.store.read(LMH) as tx:
            assert referrals.find_case(tx, "LMH", told.case.number) == told.case_id
        erase(hub.house, dpo, told.referral, person, GROUND)

    with hub.house.store.read(LMH) as tx:
        assert referrals.find_case(tx, "LMH", told.case.number) is None
    assert count(hub, case_file, id=told.case_id) == 1
    assert count(hub, data_key, case_id=told.case_id) == 0
    assert count(hub, sealed, case_id=told.case_id) == 0


def test_a_key_that_is_gone_opens_nothing_that_a_copy_still_holds(hub: Hub, officer: Actor, dpo: Actor) -> None:
    told = Told(hub, officer, Case((JAG,)))
    with hub.house.store.write(LMH) as tx:
        copies = tx.connection.execute(select(sealed).where(sealed.c.case_id == told.case_id)).mappings().all()
    erase(hub.house, dpo, told.referral, "p1", GROUND)
    with hub.house.store.write(LMH) as tx:
        tx.connection.execute(sealed.insert(), [dict(row) for row in copies if row["subject"] in ("p1", "case")])

    with hub.house.store.read(EVERY) as tx:
        assert set(content.read(tx, told.case_id, told.referral, referrals.PART)) == {"p2", "p3"}
        assert not content.read(tx, told.case_id, told.referral, "salt")


@pytest.mark.parametrize("person", ["p1", None])
def test_a_legal_hold_keeps_them_and_says_why_and_until_when_until_it_is_lifted(
    hub: Hub, officer: Actor, dpo: Actor, person: str | None
) -> None:
    told = Told(hub, officer, Case((JAG,)))
    until = hub.house.clock.now() + timedelta(days=90)
    hold = preserve(hub.house, dpo, told.referral, person, HoldGround.LEGAL_CLAIM, until)
    before = rows_of(hub, told.case_id, "p1")

    with pytest.raises(Conflict) as refused:
        erase(hub.house, dpo, told.referral, "p1", GROUND)
    assert refused.value.code == "LEGAL_HOLD"
    assert "legal claim" in refused.value.says
    assert f"{until:%Y-%m-%d}" in refused.value.says
    assert rows_of(hub, told.case_id, "p1") == before
    assert count(hub, disclosure, state="cancelled") == 0

    lift(hub.house, dpo, hold.id)
    erase(hub.house, dpo, told.referral, "p1", GROUND)
    assert rows_of(hub, told.case_id, "p1") == 0


def test_a_hold_on_somebody_else_of_the_case_keeps_nobody_but_them(hub: Hub, officer: Actor, dpo: Actor) -> None:
    told = Told(hub, officer, Case((JAG,)))
    preserve(hub.house, dpo, told.referral, "p2", HoldGround.POLICE_REQUEST, hub.house.clock.now() + timedelta(days=9))

    erase(hub.house, dpo, told.referral, "p3", GROUND)

    with pytest.raises(Conflict):
        erase(hub.house, dpo, told.referral, "p2", GROUND)


def test_while_something_is_leaving_it_is_refused_and_once_its_worker_is_dead_it_is_done(
    hub: Hub, officer: Actor, dpo: Actor, clock: HandClock
) -> None:
    told = Told(hub, officer, Case((JAG,)))
    with hub.house.store.read(EVERY) as tx:
        going = tx.connection.execute(select(disclosure.c.id)).scalar_one()
    assert claim_one(hub.house, "w1", going) is not None

    with pytest.raises(Conflict) as refused:
        erase(hub.house, dpo, told.referral, "p1", GROUND)
    assert refused.value.code == "TRY_AGAIN"

    clock.move(seconds=hub.house.lease.total_seconds() + 1)
    done = erase(hub.house, dpo, told.referral, "p1", GROUND)
    assert done.cancelled == (going,)
    assert [row.id for row in done.told_before] == [going]


def test_an_upload_under_way_when_its_person_is_erased_is_not_published(hub: Hub, officer: Actor, dpo: Actor) -> None:
    told = Told(hub, officer, Case((JAG,)))
    upload = begin(hub.house, officer, told.referral, person="p1", data_class=DataClass.SPECIAL,
                   announced=Announced(""))  # fmt: skip
    take(hub.house, upload, b"words")
    erase(hub.house, dpo, told.referral, "p1", GROUND)

    with pytest.raises(NotFound):
        finish(hub.house, upload)
    assert rows_of(hub, told.case_id, "p1") == 0
    assert count(hub, attachment) == count(hub, attachment_chunk) == 0


@pytest.mark.parametrize("person", ["p9", "case"])
def test_nobody_of_that_number_is_nobody_to_erase(hub: Hub, officer: Actor, dpo: Actor, person: str) -> None:
    told = Told(hub, officer, Case((JAG,)))
    with pytest.raises(NotFound):
        erase(hub.house, dpo, told.referral, person, GROUND)


def test_a_second_time_there_is_nobody_to_erase(hub: Hub, officer: Actor, dpo: Actor) -> None:
    told = Told(hub, officer, Case((JAG,)))
    erase(hub.house, dpo, told.referral, "p1", GROUND)
    with pytest.raises(NotFound):
        erase(hub.house, dpo, told.referral, "p1", GROUND)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.DPO, Role.PARTNER)])
def test_nobody_but_the_data_protection_officer_erases(hub: Hub, officer: Actor, role: Role) -> None:
    told = Told(hub, officer, Case((JAG,)))
    with pytest.raises(NotAllowed):
        erase(hub.house, somebody(hub, role), told.referral, "p1", GROUND)


def test_it_takes_a_recent_proof_of_who_one_is(hub: Hub, officer: Actor, dpo: Actor, clock: HandClock) -> None:
    told = Told(hub, officer, Case((JAG,)))
    clock.move(minutes=11)
    with pytest.raises(NotAllowed) as refused:
        erase(hub.house, dpo, told.referral, "p1", GROUND)
    assert refused.value.code == "STEP_UP_NEEDED"


@pytest.fixture
def sqlite_hub(embedded_hub: Hub) -> tuple[Hub, Path]:
    return embedded_hub, Path(embedded_hub.settings.database.removeprefix("sqlite:///"))


def test_on_sqlite_nothing_sealed_of_them_is_left_in_the_pages_or_beside_them(sqlite_hub: tuple[Hub, Path]) -> None:
    hub, file = sqlite_hub
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, Role.DPO)
    stay, go = Told(hub, officer, Case((JAG, FIRE))), Told(hub, officer, Case((JAG, FIRE)))
    deliver_due(hub.house, "w1", 10)

    def fragments(told: Told) -> list[bytes]:
        """The first bytes of each nonce and ciphertext: random, so found only where this very value is kept."""
        with hub.house.store.read(EVERY) as tx:
            kept = [
                bytes(value)
                for column in (sealed.c.content, data_key.c.wrapped)
                for value in tx.connection.execute(
                    select(column).where(column.table.c.case_id == told.case_id, column.table.c.subject == "p1")
                ).scalars()
            ]  # fmt: skip
        return [value[5:29] for value in kept]

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in file.parent.glob(file.name + "*"))

    gone, staying = fragments(go), fragments(stay)
    assert all(fragment in on_disk() for fragment in gone + staying)

    erased: Erased = erase(hub.house, dpo, go.referral, "p1", GROUND)

    assert erased.id
    assert not [fragment for fragment in gone if fragment in on_disk()]
    assert all(fragment in on_disk() for fragment in staying)
