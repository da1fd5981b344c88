"""Erase: a person's key goes, and with it everything the hub kept of them; the log stays whole."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.errors import NotFound
from hub.flow.checkpoint import export, verifier_key
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.refer import refer
from hub.intake import referrals
from hub.store import content
from hub.store.tables import data_key, sealed
from tests.cases import HELPLINE, JAG, POLICE, Case
from tests.conftest import OpenHub
from tests.hubs import somebody
from tests.journeys.people import verify


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here()


@pytest.fixture
def officer(hub: Hub) -> Actor:
    return somebody(hub, Role.OFFICER)


def told(hub: Hub, officer: Actor) -> tuple[str, str]:
    """A referral that was delivered to three, and its case."""
    case = Case((POLICE, HELPLINE, JAG))
    referral = refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    assert deliver_due(hub.house, "w1", 10) == 3
    with hub.house.store.read() as tx:
        return referral, referrals.landlord_and_case(tx, referral)[1]


def erase(hub: Hub, case_id: str, subject: str) -> int:
    with hub.house.store.write() as tx:
        return content.erase(tx, case_id, subject)


def kept_of(hub: Hub, case_id: str, subject: str) -> int:
    with hub.house.store.read() as tx:
        return sum(
            tx.connection.execute(
                select(func.count()).select_from(table).where(table.c.case_id == case_id, table.c.subject == subject)
            ).scalar_one()
            for table in (sealed, data_key)
        )


def test_when_the_subject_is_erased_nothing_of_them_is_kept_and_the_referral_is_not_found(
    hub: Hub, officer: Actor, tmp_path: Path
) -> None:
    referral, case_id = told(hub, officer)
    assert kept_of(hub, case_id, "p1") > 1

    assert erase(hub, case_id, "p1") > 0

    assert kept_of(hub, case_id, "p1") == 0
    with pytest.raises(NotFound):
        read_referral(hub.house, officer, referral)
    verified = verify(export(hub.house, None), verifier_key(hub.house), tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_when_a_neighbour_is_erased_the_subject_and_the_referral_remain(hub: Hub, officer: Actor) -> None:
    referral, case_id = told(hub, officer)

    erase(hub, case_id, "p2")

    assert kept_of(hub, case_id, "p2") == 0
    assert read_referral(hub.house, officer, referral).id == referral
    with hub.house.store.read() as tx:
        left = referrals.get(tx, referral).content.record.people
    assert [person.id for person in left] == ["p1", "p3"]


def test_erasing_somebody_of_one_case_leaves_the_other_cases_alone(hub: Hub, officer: Actor) -> None:
    _, gone = told(hub, officer)
    other, kept = told(hub, officer)

    erase(hub, gone, "p1")

    assert read_referral(hub.house, officer, other).id == other
    assert kept_of(hub, kept, "p1") > 1


def test_a_key_that_is_gone_opens_nothing_that_a_copy_still_holds(hub: Hub, officer: Actor) -> None:
    referral, case_id = told(hub, officer)
    with hub.house.store.write() as tx:
        copies = tx.connection.execute(
            select(sealed).where(sealed.c.case_id == case_id, sealed.c.subject == "p1")
        ).mappings().all()  # fmt: skip
    erase(hub, case_id, "p1")
    with hub.house.store.write() as tx:
        tx.connection.execute(sealed.insert(), [dict(row) for row in copies])

    with hub.house.store.read() as tx:
        assert "p1" not in content.read(tx, case_id, referral, "referral")
