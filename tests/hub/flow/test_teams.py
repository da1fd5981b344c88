"""Teams: which officer sees which case; and why it is read."""

from dataclasses import replace

import pytest
from sqlalchemy import Update, update

from hub.access.cases import ReadFor
from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.decision.told import Voice
from hub.errors import NotAllowed, NotFound
from hub.flow.acknowledge import hand_over
from hub.flow.assign import assign
from hub.flow.consult import ReferralView, explain_decision, read_referral
from hub.flow.deliver import deliver_due
from hub.flow.parked import list_parked
from hub.flow.refer import preview, refer
from hub.flow.resume import resume
from hub.flow.withdraw import withdraw
from hub.store.tables import disclosure
from tests import logs
from tests.cases import HELPLINE, JAG, Case
from tests.conftest import OpenHub
from tests.hubs import LMH, somebody


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    """A started hub, on each kind of database."""
    return open_hub_here()


def _officer(hub: Hub, team: str | None) -> Actor:
    return replace(somebody(hub, Role.OFFICER), team=team)


def _sent(hub: Hub, officer: Actor, case: Case) -> ReferralView:
    return read_referral(hub.house, officer, refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id)


def test_an_officer_sees_the_cases_of_the_own_team_and_of_no_team_and_nobody_elses(hub: Hub) -> None:
    north, colleague, south, roaming = (_officer(hub, team) for team in ("north", "north", "south", None))
    of_north, of_nobody = _sent(hub, north, Case()), _sent(hub, roaming, Case())
    for officer in (north, colleague, south, roaming):
        assert read_referral(hub.house, officer, of_nobody.id).id == of_nobody.id
    assert read_referral(hub.house, colleague, of_north.id).id == of_north.id
    for officer in (south, roaming):
        with pytest.raises(NotFound) as refused:
            read_referral(hub.house, officer, of_north.id)
        assert refused.value.code == "NOT_FOUND"
    for role in (Role.SUPERVISOR, Role.AUTHORISER, Role.DPO):
        assert read_referral(hub.house, somebody(hub, role), of_north.id).id == of_north.id


def test_another_teams_case_is_as_if_it_were_not_there_for_every_act_and_in_every_list(hub: Hub) -> None:
    north, south = _officer(hub, "north"), _officer(hub, "south")
    case = Case((JAG, HELPLINE))
    sent = _sent(hub, north, case)
    deliver_due(hub.house, "test", 10)
    rows = {view.row.agency: view.row.id for view in read_referral(hub.house, north, sent.id).disclosures}
    again = Case((JAG,), number=case.number)
    acts = (
        lambda: explain_decision(hub.house, south, rows["agy_jag"], Voice.OFFICER),
        lambda: hand_over(hub.house, south, rows["agy_jag"], None),
        lambda: resume(hub.house, south, rows["agy_jag"]),
        lambda: withdraw(hub.house, south, sent.consents[0].id),
        lambda: refer(hub.house, south, again.raw(), f"key-{again.tag}"),
        lambda: preview(hub.house, south, again.raw()),
    )
    for act in acts:
        with pytest.raises(NotFound) as refused:
            act()
        assert refused.value.code == "NOT_FOUND"
    with hub.house.store.write(LMH) as tx:
        tx.connection.execute(_parked(rows["agy_jag"]))
    assert [found.row.id for found in list_parked(hub.house, north)] == [rows["agy_jag"]]
    assert list_parked(hub.house, south) == ()
    assert len(list_parked(hub.house, somebody(hub, Role.SUPERVISOR))) == 1


def test_a_supervisor_gives_a_case_to_another_team_and_its_author_still_sees_it(hub: Hub) -> None:
    north, colleague, south = (_officer(hub, team) for team in ("north", "north", "south"))
    sent = _sent(hub, north, Case())
    for role in (Role.OFFICER, Role.AUTHORISER, Role.DPO, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            assign(hub.house, somebody(hub, role), sent.id, "south")
    stranger = replace(somebody(hub, Role.SUPERVISOR), landlord="OHG")
    with pytest.raises(NotFound):
        assign(hub.house, stranger, sent.id, "south")
    assign(hub.house, somebody(hub, Role.SUPERVISOR), sent.id, "south")
    for officer in (north, south):
        assert read_referral(hub.house, officer, sent.id).id == sent.id
    with pytest.raises(NotFound):
        read_referral(hub.house, colleague, sent.id)
    assign(hub.house, somebody(hub, Role.SUPERVISOR), sent.id, None)
    assert read_referral(hub.house, colleague, sent.id).id == sent.id


@pytest.mark.parametrize("purpose", ReadFor)
@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.AUTHORISER, Role.DPO])
def test_a_case_is_read_for_a_purpose_of_the_role_which_stands_in_the_log(
    embedded_hub: Hub, role: Role, purpose: ReadFor
) -> None:
    hub, allowed = embedded_hub, {
        Role.OFFICER: {"case_work", "subject_request"}, Role.SUPERVISOR: {"case_work", "review", "complaint"},
        Role.AUTHORISER: {"case_work", "review"}, Role.DPO: {"audit", "review", "subject_request", "complaint"},
    }  # fmt: skip
    officer = _officer(hub, None)
    sent = _sent(hub, officer, Case())
    actor = somebody(hub, role)
    if purpose in allowed[role]:
        read_referral(hub.house, actor, sent.id, purpose)
        assert _last_reading(hub) == {"purpose": purpose.value, "role": role.value, "strength": "token"}
        return
    with pytest.raises(NotAllowed) as refused:
        read_referral(hub.house, actor, sent.id, purpose)
    assert refused.value.code == "PURPOSE_MAY_NOT"


def _last_reading(hub: Hub) -> dict[str, str]:
    facts = next(entry.facts for entry in reversed(logs.entries(hub.house.store)) if entry.kind is EntryKind.CASE_READ)
    return {name: facts[name] for name in ("purpose", "role", "strength")}


def _parked(disclosure_id: str) -> Update:
    return update(disclosure).where(disclosure.c.id == disclosure_id).values(state="parked", cause="GAVE_UP")
