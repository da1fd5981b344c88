"""What was put right: there is always a reference for it, it never arrives before the wrong one, and replaces it."""

import pytest

from hub.access.roles import Role
from hub.delivery import follow_ups
from hub.delivery.outbox import State
from hub.errors import Conflict
from hub.flow.acknowledge import hand_over
from hub.flow.collect import collect
from hub.flow.follow import look
from hub.flow.recall import recall
from hub.flow.review import review
from tests.cases import FIRE, HELPLINE
from tests.delivering import claim_one
from tests.hub.flow.correcting import Change, Desk, account, conditional
from tests.hubs import proved, somebody


def _danger(document: dict[str, object]) -> None:
    document["record"]["risk"]["level"] = "immediate_danger"  # type: ignore[index]


def test_when_the_signs_are_used_up_there_are_two_and_a_consent_is_withdrawn_all_the_same(
    on_each: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_ups, "_SIGNS", "23")
    case, row = on_each.send(HELPLINE, account("a red van"))
    on_each.deliver()
    hand_over(on_each.hub.house, on_each.officer, row.id, None)
    for number in range(6):
        made = on_each.correct(case, row, account(f"van {number}"), key=f"correct-{number}")
        on_each.deliver()
        for new, _, _ in made.replaced:
            hand_over(on_each.hub.house, on_each.officer, new, None)
    (notice, *_) = on_each.withdraw(row).notices
    signs = [one.reference.partition("/")[2] for one in on_each.rows(row.referral_id)]
    assert signs[:9] == ["", "2", "3", "22", "23", "32", "33", "222", "223"]
    assert notice in [one.id for one in on_each.rows(row.referral_id)]


@pytest.mark.parametrize("changes", [(), (_danger,)], ids=["usual", "danger"])
def test_a_corrected_one_that_was_authorised_waits_until_it_shows_whether_the_wrong_one_came(
    on_each: Desk, changes: tuple[Change, ...]
) -> None:
    here, house = on_each, on_each.hub.house
    case, row = here.send(HELPLINE, account("a red van"), conditional, *changes)
    authoriser = somebody(here.hub, Role.AUTHORISER)
    review(house, proved(here.hub, authoriser), row.id, authorise=True)
    assert claim_one(house, "test", row.id) is not None
    ((new, _, state),) = here.correct(case, row, account("a white van"), conditional, *changes).replaced
    assert state is State.HELD
    assert review(house, proved(here.hub, authoriser), new, authorise=True) is State.QUEUED
    here.deliver()
    assert here.row(new).state is State.QUEUED
    assert claim_one(house, "test", new) is None
    here.clock.move(seconds=house.lease.total_seconds() + 1)
    for _ in range(3):  # the attempt was a dead worker's: another one is made, and its pack taken back
        here.deliver()
        look(house)
        recall(house)
        here.clock.move(seconds=6)
    here.deliver()
    assert here.row(new).state is State.PREPARED


def test_what_was_fetched_and_put_right_is_not_fetched_again_and_the_newer_one_is(on_each: Desk) -> None:
    fire = somebody(on_each.hub, Role.PARTNER, "agy_fire")
    case, row = on_each.send(FIRE, _living_at("Oldstreet"))
    first = collect(on_each.hub.house, fire, row.id).body
    assert collect(on_each.hub.house, fire, row.id).body == first  # an answer can be lost
    ((new, _, _),) = on_each.correct(case, row, _living_at("Newstreet")).replaced
    with pytest.raises(Conflict) as refused:
        collect(on_each.hub.house, fire, row.id)
    assert refused.value.code == "REPLACED"
    assert b"Newstreet" in collect(on_each.hub.house, fire, new).body


def _living_at(street: str) -> Change:
    def change(document: dict[str, object]) -> None:
        document["record"]["people"][0]["address"]["lines"] = [street]  # type: ignore[index]

    return change
