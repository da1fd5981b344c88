"""What went by several decisions is told whole, or not at all."""

from sqlalchemy import select, update

from hub.access.roles import Role
from hub.flow.collect import collect
from hub.flow.mark import mark_unsafe
from hub.flow.register import Asked
from hub.store.scope import of_landlord
from hub.store.tables import attempt, sealed
from tests.cases import FIRE
from tests.hub.flow.correcting import Desk
from tests.hub.flow.test_register import a_name, named, reached, search, sent, threatened
from tests.hub.flow.test_register_truth import shown
from tests.hubs import somebody


def test_a_part_of_what_went_is_never_told_as_all_of_it(on_each: Desk) -> None:
    """It was fetched twice, the second time without the telephone number; the first decision does not open any more."""
    desk, house = on_each, on_each.hub.house
    name, phone = a_name(), f"07700 9{desk.clock.at:%f}"[:12]
    _, referral = sent(desk, named(name), reached(phone), threatened, asks=[FIRE])
    (row,) = desk.rows(referral)
    fire = somebody(desk.hub, Role.PARTNER, "agy_fire")
    assert phone.encode() in collect(house, fire, row.id).body
    _, other = sent(desk, asks=[FIRE], deliver=False)
    mark_unsafe(house, desk.officer, other, "p2", contact=phone, address=None)
    desk.clock.move(minutes=1)
    assert phone.encode() not in collect(house, fire, row.id).body
    (one,) = shown(desk, referral)
    assert one.went is not None
    assert "victim.contacts" in one.went.paths
    with house.store.write(of_landlord("LMH")) as tx:
        tried = select(attempt.c.decision_id).where(attempt.c.disclosure_id == row.id).order_by(attempt.c.number)
        first = tx.connection.execute(tried.limit(1)).scalar_one()
        tx.connection.execute(update(sealed).where(sealed.c.owner == first).values(content=b"no" * 40))
    assert [one.went for one in shown(desk, referral)] == [None]
    assert shown(desk, referral, Asked(path="victim.name")) == [], "of what nobody can tell no filter says that it fits"
    (match,) = search(desk, name).matches
    assert (match.disclosures, match.unopened) == ((), 1)
