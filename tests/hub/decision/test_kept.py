"""Decisions on file: read back as they were made, sealed, and gone with the person."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.decision import kept, rulebook
from hub.errors import NotFound
from hub.flow.judge import judge, read_registers
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.register import agencies
from hub.store import content
from hub.store.scope import EVERY
from hub.store.tables import decision, disclosure
from protocols.record import Referral
from tests.cases import ADVICE, FIRE, HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.hubs import LMH, open_test_hub, somebody

ALL = (POLICE, SOCIAL, HELPLINE, JAG, FIRE, ADVICE)
MIXES: tuple[dict[str, object], ...] = (
    {}, {"necessary": None}, {"proportionate": False}, {"capacity": "doubted"}, {"objection_received": True},
    {"coercion_suspected": True},
)  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A started hub."""
    folder: Path = tmp_path_factory.mktemp("kept")
    found = open_test_hub(folder / "data", f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}")
    yield found
    found.house.store.close()


@pytest.fixture(scope="module")
def officer(hub: Hub) -> Actor:
    """An officer of LMH."""
    return somebody(hub, Role.OFFICER)


@pytest.mark.parametrize("circumstances", MIXES)
@pytest.mark.parametrize("routine", [True, False])
def test_a_kept_decision_is_the_decision_that_was_made(
    hub: Hub,
    officer: Actor,
    circumstances: dict[str, object],
    routine: bool,
) -> None:
    case = Case(asks=ALL, routine=routine, circumstances=circumstances)
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    given = Referral.model_validate_json(case.raw())
    with hub.house.store.read(EVERY) as tx:
        case_id = referrals.landlord_and_case(tx, accepted.referral_id)[1]
        registers = read_registers(tx, given, case_id, hub.house.clock.now())
        rows = tx.connection.execute(select(disclosure).where(disclosure.c.referral_id == accepted.referral_id)).all()
        assert len(rows) == len(ALL)
        for row, ask in zip(rows, given.asks, strict=True):
            found = kept.read(tx, row.decision_id, case_id)
            again = judge(
                registers, hub.house.rulebook, given, ask, agencies.get(tx, ask.agency), disclosure_id=row.id,
                decision_id=row.decision_id, reference=row.reference, now=found.decided_at,
            ).verdict  # fmt: skip
            # How long a decision stands is part of its terms, and is not kept with it.
            assert found.decision == dataclasses.replace(again.decision, valid_until=None)
            assert found.withheld == again.withheld
            assert found.facts == again.facts.as_dict()
            told = again.disclosure.items if again.disclosure else ()
            assert set(found.sent_paths) == {item.path for item in told}
            assert kept.first(tx, row.id, case_id) == found


def test_reasons_and_facts_stand_nowhere_in_the_clear(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[HELPLINE])
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    with hub.house.store.read(EVERY) as tx:
        rows = tx.connection.execute(select(decision).where(decision.c.referral_id == accepted.referral_id)).all()
    assert {type(value).__name__ for row in rows for value in row} <= {"str", "int", "bool", "datetime"}
    assert not [row for row in rows if "health" in str(row) or "identity" in str(row)]


def test_a_decision_is_gone_with_the_person_it_is_about(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[JAG])
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    with hub.house.store.write(LMH) as tx:
        case_id = referrals.landlord_and_case(tx, accepted.referral_id)[1]
        made = tx.connection.execute(
            select(decision.c.id).where(decision.c.referral_id == accepted.referral_id)
        ).scalar_one()
        content.erase(tx, case_id, "p1")
    with hub.house.store.read(EVERY) as tx, pytest.raises(NotFound):
        kept.read(tx, made, case_id)


def test_a_decision_of_another_case_does_not_open(hub: Hub, officer: Actor) -> None:
    cases = [Case(asks=[JAG]), Case(asks=[JAG])]
    accepted = [refer(hub.house, officer, case.raw(), f"key-{case.tag}") for case in cases]
    with hub.house.store.read(EVERY) as tx:
        ids = [referrals.landlord_and_case(tx, one.referral_id)[1] for one in accepted]
        made = tx.connection.execute(
            select(decision.c.id).where(decision.c.referral_id == accepted[0].referral_id)
        ).scalar_one()
        assert kept.read(tx, made, ids[0]).id == made
        with pytest.raises(NotFound):
            kept.read(tx, made, ids[1])
        with pytest.raises(NotFound):
            kept.read(tx, new_id(Prefix.DECISION), ids[0])


def test_the_rules_have_the_same_digest_each_time_they_are_read() -> None:
    assert rulebook.read_rules().digest == rulebook.read_rules().digest == rulebook.read().rules.digest
