"""The register says what left, when, and why: neither more nor less. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from connectors.contract import Connector, Refused, TryLater
from hub.access.roles import Role
from hub.decision import kept
from hub.decision.told import Voice
from hub.delivery.disclosed import counted
from hub.delivery.doors import Doors
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import Conflict, NotFound
from hub.flow.acknowledge import hand_over
from hub.flow.collect import collect
from hub.flow.consult import explain_decision
from hub.flow.deliver import deliver_due
from hub.flow.erase import erase
from hub.flow.house import House
from hub.flow.mark import lift, mark_unsafe
from hub.flow.register import Asked, Shown, read_register
from hub.register.erasures import ErasureGround
from hub.store.scope import EVERY, of_landlord
from hub.store.tables import sealed
from protocols.vocabulary import Basis
from tests.cases import FIRE, HELPLINE, JAG
from tests.hub.flow.correcting import Desk
from tests.hub.flow.test_doubtful_attempts import Line, accepting, door_of, raising
from tests.hub.flow.test_register import a_dpo, a_name, fetched, named, reached, search, sent, threatened
from tests.hubs import somebody

DAY = timedelta(days=1)


def shown(desk: Desk, referral: str, asked: Asked | None = None) -> list[Shown]:
    found = read_register(desk.hub.house, a_dpo(desk), asked or Asked()).shown
    return [one for one in found if one.disclosed.row.referral_id == referral]


def by(desk: Desk, line: Line) -> House:
    """The house of the desk with another door to the meeting."""
    door: dict[str, Connector] = {"agy_jag": door_of(line)}
    return replace(desk.hub.house, doors=Doors(door, {"agy_jag": desk.hub.house.doors.digest("agy_jag")}))


def test_what_was_withheld_first_is_not_told_of_as_gone_because_it_might_go_by_now(on_each: Desk) -> None:
    desk, house = on_each, on_each.hub.house
    name, phone = a_name(), f"07700 9{on_each.clock.at:%f}"[:12]
    _, earlier = sent(desk, asks=[FIRE], deliver=False)
    marked = mark_unsafe(house, desk.officer, earlier, "p2", contact=phone, address=None)
    _, referral = sent(desk, named(name), reached(phone), threatened, asks=[FIRE])
    (row,) = desk.rows(referral)
    lift(house, replace(somebody(desk.hub, Role.SUPERVISOR), proved_at=desk.clock.now()), marked or "")
    message = collect(house, somebody(desk.hub, Role.PARTNER, "agy_fire"), row.id)
    assert phone.encode() not in message.body
    (match,) = search(desk, name).matches
    (about,) = match.disclosures
    assert "victim.contacts" not in about.own
    with house.store.read(EVERY) as tx:
        withheld = kept.read(tx, desk.row(row.id).decision_id, row.case_id).withheld
    assert [(one.path, one.code) for one in withheld if one.path == "victim.contacts"] == [
        ("victim.contacts", "NOT_WIDENED")
    ]


def test_a_bare_notice_is_no_disclosure_also_when_its_person_is_erased(on_each: Desk) -> None:
    desk, other = on_each, a_name()
    _, referral = sent(desk, named(a_name()), named(other, 1), asks=[FIRE])
    fetched(desk, referral)
    desk.clock.move(minutes=1)
    desk.withdraw(desk.rows(referral)[0])
    row, notice = desk.rows(referral)
    collect(desk.hub.house, somebody(desk.hub, Role.PARTNER, "agy_fire"), notice.id)
    assert [one.disclosed.row.id for one in shown(desk, referral)] == [row.id]
    dpo = replace(a_dpo(desk), proved_at=desk.clock.now())
    erase(desk.hub.house, dpo, referral, "p1", ErasureGround.OBJECTION)
    assert [(one.disclosed.row.id, one.went) for one in shown(desk, referral)] == [(row.id, None)]
    (match,) = search(desk, other).matches
    assert match.unopened == 1


def test_the_explanation_is_of_the_decision_under_which_it_went(on_each: Desk) -> None:
    desk = on_each
    _, referral = sent(desk, asks=[HELPLINE])
    (row,) = desk.rows(referral)
    for pack in desk.packs(row.id):
        pack.unlink()  # somebody carries it
    desk.clock.move(minutes=1)
    desk.withdraw(row)
    (one,) = [each for each in shown(desk, referral) if each.disclosed.row.id == row.id]
    assert one.went is not None
    assert Basis.A6_CONSENT in one.went.basis
    dpo, (went,) = a_dpo(desk), one.disclosed.decisions
    assert "Outcome: permit" in explain_decision(desk.hub.house, dpo, row.id, Voice.DPO, decision_id=went)
    assert "Outcome: deny" in explain_decision(desk.hub.house, dpo, row.id, Voice.DPO)
    _, other = sent(desk, asks=[HELPLINE])
    with pytest.raises(NotFound):
        explain_decision(desk.hub.house, dpo, desk.rows(other)[0].id, Voice.DPO, decision_id=went)


def test_it_was_disclosed_when_it_could_arrive_and_not_when_it_was_first_tried(on_each: Desk) -> None:
    desk = on_each
    line = Line(raising(TryLater("no_connection", "the partner could not be reached; nothing was sent")))
    house = by(desk, line)
    _, referral = sent(desk, asks=[JAG], deliver=False)
    first = desk.clock.at.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    desk.clock.at = first + timedelta(hours=23, minutes=50)
    deliver_due(house, "test", 50)
    assert shown(desk, referral) == []
    line.answer = accepting
    desk.clock.at = first + DAY + timedelta(hours=6)
    deliver_due(house, "test", 50)
    assert shown(desk, referral, Asked(since=first, before=first + DAY)) == []
    (one,) = shown(desk, referral, Asked(since=first + DAY, before=first + 2 * DAY))
    assert one.disclosed.row.disclosed_at == desk.clock.at


def test_what_a_partner_was_handed_and_refused_was_disclosed(on_each: Desk) -> None:
    desk, name = on_each, a_name()
    house = by(desk, Line(raising(Refused("http_422", "the partner said no", reached=True))))
    _, referral = sent(desk, named(name), asks=[JAG], deliver=False)
    deliver_due(house, "test", 50)
    (one,) = shown(desk, referral)
    assert one.disclosed.row.state is State.PARKED
    assert [len(match.disclosures) for match in search(desk, name).matches] == [1]


def test_what_nobody_was_handed_was_not(on_each: Desk) -> None:
    house = by(on_each, Line(raising(Refused("no_such_mailbox", "the partner is not there"))))
    _, referral = sent(on_each, asks=[JAG], deliver=False)
    deliver_due(house, "test", 50)
    assert shown(on_each, referral) == []


def _told_and_taken_back(desk: Desk, name: str) -> DisclosureRow:
    _, referral = sent(desk, named(name), asks=[HELPLINE])
    (row,) = desk.rows(referral)
    desk.clock.move(minutes=1)
    desk.withdraw(row)  # which takes the pack out of its folder
    assert desk.row(row.id).state is State.CANCELLED
    return row


def test_what_was_told_by_telephone_before_its_pack_was_taken_back_is_told_of_as_gone(on_each: Desk) -> None:
    desk, name = on_each, a_name()
    row = _told_and_taken_back(desk, name)
    assert shown(desk, row.referral_id) == []
    hand_over(desk.hub.house, desk.officer, row.id, "HL-1")
    (one,) = [each for each in shown(desk, row.referral_id) if each.disclosed.row.id == row.id]
    assert one.went is not None
    assert "victim.name" in one.went.paths
    assert [len(match.disclosures) for match in search(desk, name).matches] == [1]
    told = {desk.row(one.disclosure_id).state: (one.notice, one.bare) for one in desk.follow_ups(row)}
    assert told == {State.CANCELLED: ("withdrawn", True), State.QUEUED: ("withdrawn", True)}
    with pytest.raises(Conflict):
        hand_over(desk.hub.house, desk.officer, row.id, None)


def test_what_was_never_prepared_cannot_have_been_carried(on_each: Desk) -> None:
    _, referral = sent(on_each, asks=[HELPLINE], deliver=False)
    (row,) = on_each.rows(referral)
    on_each.withdraw(row)
    with pytest.raises(Conflict):
        hand_over(on_each.hub.house, on_each.officer, row.id, None)


def test_a_decision_that_does_not_open_hides_no_other(on_each: Desk) -> None:
    name, referrals = a_name(), list[str]()
    for _ in range(3):
        referrals.append(sent(on_each, named(name))[1])
        on_each.clock.move(minutes=1)
    (row,) = on_each.rows(referrals[1])
    with on_each.hub.house.store.write(of_landlord("LMH")) as tx:
        tx.connection.execute(update(sealed).where(sealed.c.owner == row.decision_id).values(content=b"no" * 40))
    dpo, after, found = a_dpo(on_each), None, list[tuple[str, bool]]()
    for _ in range(3):
        page = read_register(on_each.hub.house, dpo, Asked(), after=after, at_most=1)
        found += [(one.disclosed.row.referral_id, one.went is not None) for one in page.shown]
        after = page.following
    assert found == [(referrals[2], True), (referrals[1], False), (referrals[0], True)]
    assert len(search(on_each, name).matches) == 3


def test_the_record_of_processing_counts_what_the_register_shows(on_each: Desk) -> None:
    _, referral = sent(on_each, asks=[JAG], deliver=False)
    house = on_each.hub.house

    def count() -> int:
        with house.store.read(of_landlord("LMH")) as tx:
            return sum(how_many for (agency, _), how_many in counted(tx).items() if agency == "agy_jag")

    before = count()
    deliver_due(by(on_each, Line(raising(TryLater("no_connection", "nothing was sent")))), "test", 50)
    assert count() == before
    on_each.clock.move(hours=2)
    deliver_due(by(on_each, Line(accepting)), "test", 50)
    assert (count(), len(shown(on_each, referral))) == (before + 1, 1)
