"""What waits for people is listed most urgent first, and no other team's backlog takes the place of one's own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from time import perf_counter

import pytest
from sqlalchemy import insert, select, update

from hub.access.cases import sees_case
from hub.access.roles import Actor, Role
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow
from hub.flow.assign import assign
from hub.flow.consult import waiting_for_review
from hub.flow.introduce import list_new_recipients
from hub.flow.overdue import list_late
from hub.flow.parked import list_parked
from hub.ids import Prefix, new_id, new_reference
from hub.intake import teams
from hub.intake.seen import is_seen
from hub.store.scope import EVERY
from hub.store.tables import case_file, disclosure, referral
from hub.store.tables import outbox as outbox_table
from tests.cases import JAG
from tests.hub.flow.correcting import Change, Desk
from tests.hubs import LMH, somebody

PAGE = 3
"""What one page holds in these tests; what of other teams is older is more than that."""


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.delivery.outbox._MOST", PAGE)


@pytest.fixture(autouse=True)
def _nothing_from_before(on_each: Desk) -> Iterator[None]:
    yield
    _put(on_each, [], state="cancelled", cause=None)


def _officer(here: Desk, team: str | None) -> Actor:
    return replace(somebody(here.hub, Role.OFFICER), team=team)


def _risk(level: str) -> Change:
    def change(document: dict[str, object]) -> None:
        document["record"]["risk"]["level"] = level  # type: ignore[index]

    return change


def _send(here: Desk, officer: Actor, risk: str = "medium") -> DisclosureRow:
    return replace(here, officer=officer).send(JAG, _risk(risk))[1]


def _put(here: Desk, only: list[str], **columns: object) -> None:
    """Have these stand as said; all of them where none are named."""
    with here.hub.house.store.write(LMH) as tx:
        its = update(disclosure).values(**columns)
        tx.connection.execute(its.where(disclosure.c.id.in_(only)) if only else its)


def _parked(here: Desk, actor: Actor) -> list[str]:
    return [entry.row.id for entry in list_parked(here.hub.house, actor)]


def _late(here: Desk, actor: Actor) -> list[str]:
    return [row.id for row in list_late(here.hub.house, actor)]


def test_a_team_sees_its_own_parked_danger_behind_a_page_of_another_teams(on_each: Desk) -> None:
    north, south = _officer(on_each, "north"), _officer(on_each, "south")
    theirs = [_send(on_each, north).id for _ in range(PAGE + 2)]
    routine, danger = _send(on_each, south).id, _send(on_each, south, "immediate_danger").id
    _put(on_each, [*theirs, routine, danger], state="parked", cause="GAVE_UP")
    assert _parked(on_each, south) == [danger, routine]
    assert _parked(on_each, north) == theirs[:PAGE]


def test_what_is_parked_is_listed_most_urgent_first_and_then_oldest(on_each: Desk) -> None:
    officer = _officer(on_each, "north")
    sent = [_send(on_each, officer, risk).id for risk in ("medium", "high", "immediate_danger", "medium", "high")]
    _put(on_each, sent, state="parked", cause="GAVE_UP")
    assert _parked(on_each, officer) == [sent[2], sent[1], sent[4]]
    assert _parked(on_each, somebody(on_each.hub, Role.SUPERVISOR)) == [sent[2], sent[1], sent[4]]


def test_a_late_answer_to_ones_own_danger_is_not_hidden_behind_a_page_of_another_teams(on_each: Desk) -> None:
    north, south = _officer(on_each, "north"), _officer(on_each, "south")
    theirs = [_send(on_each, north).id for _ in range(PAGE + 1)]
    routine, danger = _send(on_each, south).id, _send(on_each, south, "immediate_danger").id
    now = on_each.clock.now()
    for age, one in enumerate([danger, routine, *theirs]):
        _put(on_each, [one], state="sent", answer_due_at=now - timedelta(hours=age), answer_late_at=now)
    assert _late(on_each, south) == [danger, routine]
    assert _late(on_each, north) == list(reversed(theirs))[:PAGE]


def test_the_danger_that_went_to_a_new_recipient_is_confirmed_before_a_page_of_what_waits(on_each: Desk) -> None:
    officer, supervisor = _officer(on_each, None), somebody(on_each.hub, Role.SUPERVISOR)
    waiting = [_send(on_each, officer, "high").id for _ in range(PAGE + 1)]
    danger = _send(on_each, officer, "immediate_danger").id
    _put(on_each, [*waiting, danger], state="held", cause="FIRST_TIME_RECIPIENT")
    found = [row.id for row in list_new_recipients(on_each.hub.house, supervisor)]
    assert found == [danger, *waiting[: PAGE - 1]]


def test_held_danger_comes_before_a_page_of_what_is_due_sooner(on_each: Desk) -> None:
    officer, authoriser = _officer(on_each, None), somebody(on_each.hub, Role.AUTHORISER)
    now = on_each.clock.now()
    older = [_send(on_each, officer).id for _ in range(PAGE + 1)]
    danger = _send(on_each, officer, "immediate_danger").id
    for late, one in enumerate([danger, *older]):
        _put(on_each, [one], state="held", cause="CAPACITY", review_due_at=now - timedelta(hours=late))
    found = [row.id for row in waiting_for_review(on_each.hub.house, authoriser)]
    assert found == [danger, *reversed(older)][:PAGE]


def test_the_criterion_of_lists_is_the_rule_of_sight(on_each: Desk) -> None:
    written = [_officer(on_each, team) for team in ("north", "south", None)]
    sent = {_send(on_each, officer).case_id: officer for officer in written}
    moved, supervisor = _send(on_each, written[0]), somebody(on_each.hub, Role.SUPERVISOR)
    assign(on_each.hub.house, supervisor, moved.referral_id, "south")  # its author is of another team now
    cases = [*sent, moved.case_id]
    with on_each.hub.house.store.read(EVERY) as tx:
        standings = teams.standings(tx, cases)
        for actor, case_id in product([*written, _officer(on_each, "north"), _officer(on_each, None)], cases):
            its = is_seen(case_file.c.id, team=actor.team, person=actor.person)
            found = tx.connection.execute(select(case_file.c.id).where(case_file.c.id == case_id, its)).first()
            standing = standings[case_id]
            assert (found is not None) == sees_case(actor, standing.landlord, standing.team, standing.authors)


def test_looking_past_ten_thousand_parked_rows_of_other_teams_takes_less_than_a_second(on_each: Desk) -> None:
    south = _officer(on_each, "south")
    _pile_up(on_each, _send(on_each, south), 10_000)
    mine = _send(on_each, south, "immediate_danger")
    _put(on_each, [mine.id], state="parked", cause="GAVE_UP")
    began = perf_counter()
    assert _parked(on_each, south) == [mine.id]
    assert perf_counter() - began < 1


def _pile_up(here: Desk, like: DisclosureRow, number: int) -> None:
    """So many parked rows of another team, each of a case of its own."""
    now = here.clock.now()
    cases: list[dict[str, object]] = []
    asked: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    waiting: list[dict[str, object]] = []
    same = {name: getattr(like, name) for name in DisclosureRow.__slots__ if name != "seq"}
    for _ in range(number):
        case_id, asked_by, its = new_id(Prefix.CASE), new_id(Prefix.REFERRAL), new_id(Prefix.DISCLOSURE)
        cases.append({"id": case_id, "landlord": "LMH", "reference_index": case_id, "opened_at": now, "team": "north"})
        asked.append({"id": asked_by, "case_id": case_id, "landlord": "LMH", "reference": new_reference(),
                      "subject": "p1", "author": new_id(Prefix.PERSON), "accepted_at": now})  # fmt: skip
        rows.append(same | {"id": its, "case_id": case_id, "referral_id": asked_by, "reference": new_reference(),
                            "state": "parked", "cause": "GAVE_UP"})  # fmt: skip
        waiting.append({"landlord": "LMH", "disclosure_id": its, "case_id": case_id, "agency": like.agency, "lane": 0,
                        "ready": False, "due_at": now, "attempts": 0, "fence": 0})  # fmt: skip
    with here.hub.house.store.write(LMH) as tx:
        for table, values in ((case_file, cases), (referral, asked), (disclosure, rows), (outbox_table, waiting)):
            tx.connection.execute(insert(table), values)


def test_a_page_is_as_long_for_whoever_sees_every_case(on_each: Desk) -> None:
    sent = [_send(on_each, _officer(on_each, team)).id for team in ("north", "south", None, "north")]
    _put(on_each, sent, state="parked", cause="GAVE_UP")
    assert _parked(on_each, somebody(on_each.hub, Role.SUPERVISOR)) == sent[:PAGE]
    with on_each.hub.house.store.read(EVERY) as tx:
        assert [row.id for row in outbox.parked(tx, "LMH", None)] == sent[:PAGE]
        assert outbox.parked(tx, "OHG", None) == ()
