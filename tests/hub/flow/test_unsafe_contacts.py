"""A way to reach somebody that is linked to an alleged perpetrator is never told as anybody else's, to anybody."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.minimise import NOT_FOR_CONTACT
from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import DisclosureRow, State
from hub.errors import BadInput, Conflict, NotAllowed, NotFound
from hub.flow.deliver import deliver_due
from hub.flow.mark import lift, list_unsafe, mark_unsafe
from hub.flow.refer import Previewed, preview, refer
from hub.register.spellings import of_contact, of_home
from hub.store.scope import EVERY
from protocols.record import Address
from tests.cases import FIRE, HELPLINE, POLICE, SOCIAL, Ask, Case
from tests.delivering import claim_one
from tests.hubs import HandClock, proved, somebody

ALL = (POLICE, SOCIAL, HELPLINE, FIRE)
HIS = "07700 900666"
HOME = {"lines": ["4 Shared Road", "Liverpool"], "postcode": "L4 4AA"}
SAFE = {"may_call": True, "may_leave_message": False, "may_write": False}


def _case(asks: Sequence[Ask] = ALL, *, hers: list[str], his: list[str], **victim: object) -> dict[str, Any]:
    document = Case(asks=asks).referral()
    one, two, _ = document["record"]["people"]
    one |= {"contacts": [{"channel": "phone", "value": value} for value in hers]} | victim
    two |= {"contacts": [{"channel": "phone", "value": value} for value in his]}
    return document


def _raw(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _send(hub: Hub, officer: Actor, document: dict[str, Any]) -> str:
    key = f"key-{document['record']['case']['reference']}"
    return refer(hub.house, officer, _raw(document), key).referral_id


def _told(previewed: Previewed, field: str, about: str = "p1") -> str | None:
    disclosure = previewed.judged.verdict.disclosure
    items = disclosure.items if disclosure else ()
    return next((item.value for item in items if item.about == about and item.path.endswith(f".{field}")), None)


def _previews(hub: Hub, officer: Actor, document: dict[str, Any]) -> dict[str, Previewed]:
    return {entry.agency.id: entry for entry in preview(hub.house, officer, _raw(document))[1]}


def _withheld(previewed: Previewed) -> set[str]:
    return {entry.path for entry in previewed.judged.verdict.withheld if entry.code == "UNSAFE_CONTACT"}


def _rows(hub: Hub, referral: str) -> list[DisclosureRow]:
    with hub.house.store.read(EVERY) as tx:
        return list(outbox.of_referral(tx, referral))


def test_a_number_of_the_accused_stays_behind_and_the_persons_own_goes(hub: Hub, officer: Actor) -> None:
    for entry in _previews(hub, officer, _case(hers=["0151 496 0123", "+44 7700 900666"], his=[HIS])).values():
        told = _told(entry, "contacts")
        if told is not None:
            assert "0151 496 0123" in told
            assert "900666" not in told
            assert _withheld(entry) == {"victim.contacts"}
    assert _told(_previews(hub, officer, _case(hers=["0151 496 0123"], his=[HIS]))["agy_police"], "contacts")


def test_it_stays_behind_in_every_other_case_of_the_landlord_too(hub: Hub, officer: Actor) -> None:
    first = _send(hub, officer, _case(hers=[], his=[HIS]))
    assert [mark.person for mark in list_unsafe(hub.house, officer, first)].count("p2") >= 1
    later = _previews(hub, officer, _case(hers=["(07700) 900-666"], his=[]))
    assert all(_told(entry, "contacts") is None for entry in later.values())
    assert "victim.contacts" in _withheld(later["agy_police"])


def test_a_shared_home_is_told_as_a_place_to_those_who_save_lives_there_and_to_nobody_else(
    hub: Hub, officer: Actor
) -> None:
    document = _case(hers=[], his=[], address=HOME, safe_contact=SAFE)
    document["record"]["people"][1]["address"] = {"lines": ["4, Shared Rd."], "postcode": "L4 4AA"}
    found = _previews(hub, officer, document)
    assert (_told(found["agy_police"], "address") or "").startswith(NOT_FOR_CONTACT)
    assert _told(found["agy_helpline"], "address") is None
    for entry in found.values():
        told = _told(entry, "address")
        assert told is None or told.startswith(NOT_FOR_CONTACT)


def test_whoever_was_accused_in_return_keeps_a_way_to_be_reached(hub: Hub, officer: Actor) -> None:
    first = _case(hers=["0151 496 0123"], his=[HIS])
    victim = first["record"]["people"][0]
    counter = _case(hers=[HIS], his=["0151 496 0123"])
    counter["record"]["people"][1]["name"] = victim["name"].upper()
    _send(hub, officer, counter)
    assert "0151 496 0123" in (_told(_previews(hub, officer, first)["agy_police"], "contacts") or "")


def test_a_way_to_call_that_is_written_into_the_safe_contact_instruction_is_looked_at_too(
    hub: Hub, officer: Actor
) -> None:
    document = _case(hers=["0151 496 0123"], his=[HIS], safe_contact=SAFE | {"times": f"mornings, on {HIS}"})
    entry = _previews(hub, officer, document)["agy_police"]
    assert (_told(entry, "safe_contact"), _told(entry, "contacts")) == (None, None)
    assert "victim.safe_contact" in _withheld(entry)


def test_what_an_officer_marks_later_stays_behind_at_the_door(hub: Hub, officer: Actor) -> None:
    document = _case((POLICE,), hers=["07700 900777"], his=[])
    referral = _send(hub, officer, document)
    assert mark_unsafe(hub.house, officer, referral, "p2", contact="07700900777", address=None) is not None
    assert mark_unsafe(hub.house, officer, referral, "p2", contact="+447700900777", address=None) is None
    (row,) = _rows(hub, referral)
    intent = claim_one(hub.house, "test", row.id)
    assert intent is not None
    assert b"900777" not in intent.message.body
    with pytest.raises(BadInput):
        mark_unsafe(hub.house, officer, referral, "p1", contact=HIS, address=None)
    with pytest.raises(BadInput):
        mark_unsafe(hub.house, officer, referral, "p2", contact=None, address=None)


def test_a_mark_that_was_a_mistake_is_lifted_by_another_role_with_a_fresh_proof_and_stays_lifted(
    hub: Hub, officer: Actor, clock: HandClock
) -> None:
    document = _case((POLICE,), hers=["07700 900777"], his=["07700 900777"])
    referral = _send(hub, officer, document)
    (mark,) = [mark for mark in list_unsafe(hub.house, officer, referral) if mark.kinds == ("phone",)]
    supervisor = somebody(hub, Role.SUPERVISOR)
    with pytest.raises(NotAllowed):
        lift(hub.house, officer, mark.id)
    clock.move(hours=1)
    with pytest.raises(NotAllowed):
        lift(hub.house, supervisor, mark.id)
    lift(hub.house, proved(hub, supervisor), mark.id)
    with pytest.raises(Conflict):
        lift(hub.house, proved(hub, supervisor), mark.id)
    with pytest.raises(NotFound):
        lift(hub.house, proved(hub, supervisor), f"uns_0{'0' * 25}")
    assert "900777" in (_told(_previews(hub, officer, document)["agy_police"], "contacts") or "")


def test_agencies_are_asked_to_answer_nowhere_that_is_linked_to_the_accused(hub: Hub, officer: Actor) -> None:
    document = _case(hers=[], his=[HIS])
    with pytest.raises(BadInput) as refused:
        _send(hub, officer, document | {"reply_to": f"Ring {HIS}"})
    assert (refused.value.code, refused.value.field) == ("UNSAFE_CONTACT", "reply_to")
    assert "900666" not in refused.value.says


def test_nothing_goes_by_a_door_that_leads_to_the_accused_until_a_person_has_looked(hub: Hub, officer: Actor) -> None:
    document = _case((("agy_advice", "victim_support"),), hers=[], his=["Cases@Advice.example"])
    referral = _send(hub, officer, document)
    deliver_due(hub.house, "test", 10)
    (row,) = _rows(hub, referral)
    assert (row.state, row.cause) == (State.PARKED, "unsafe_contact")


numbers = st.sampled_from(
    ["07700 900001", "+447700900001", "07700 900002", "a@b.example", "A+x@B.example", "0151 4960003"]
)  # fmt: skip
homes = st.sampled_from([
    {"lines": ["1 Road"], "postcode": "L1 1AA"}, {"lines": ["1, road"], "postcode": "L1 1AA"}, {"lines": ["2 Road"]},
    None,
])  # fmt: skip
people = st.tuples(st.lists(numbers, max_size=3), homes)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(people, people, people))
def test_no_recipient_is_told_a_contact_of_the_accused_as_anybody_elses(
    embedded_hub: Hub, given_: tuple[tuple[list[str], dict[str, object] | None], ...]
) -> None:
    officer = somebody(embedded_hub, Role.OFFICER)
    document = Case(asks=ALL).referral()
    for person, (contacts, home) in zip(document["record"]["people"], given_, strict=True):
        person["contacts"] = [{"channel": "way", "value": value} for value in contacts]
        person["address"] = home
    _send(embedded_hub, officer, document)
    (his, his_home) = given_[1]
    never = {one for value in his for one in of_contact(value)}
    places = of_home(Address.model_validate(his_home, strict=False)) if his_home else frozenset()
    for entry in _previews(embedded_hub, officer, document).values():
        disclosure = entry.judged.verdict.disclosure
        for item in disclosure.items if disclosure else ():
            if item.about in ("p1", "p3") and item.path.endswith(".contacts"):
                told = {one for part in item.value.split("; ") for one in of_contact(part.removeprefix("way: "))}
                assert not told & never
            if item.about in ("p1", "p3") and item.path.endswith(".address") and places:
                told = of_home(Address(lines=(item.value.removeprefix(NOT_FOR_CONTACT),)), looked_for=True)
                assert not told & places or item.value.startswith(NOT_FOR_CONTACT)


def test_a_mark_that_was_lifted_by_mistake_can_be_put_again_by_a_person(hub: Hub, officer: Actor) -> None:
    document = _case((POLICE,), hers=["07700 900777"], his=["07700 900777"])
    referral = _send(hub, officer, document)
    (mark,) = [mark for mark in list_unsafe(hub.house, officer, referral) if mark.kinds == ("phone",)]
    lift(hub.house, proved(hub, somebody(hub, Role.SUPERVISOR)), mark.id)
    assert _told(_previews(hub, officer, document)["agy_police"], "contacts") is not None
    assert mark_unsafe(hub.house, officer, referral, "p2", contact="07700 900777", address=None) is not None
    assert _told(_previews(hub, officer, document)["agy_police"], "contacts") is None
    assert mark_unsafe(hub.house, officer, referral, "p2", contact="07700 900777", address=None) is None


def test_a_mark_takes_back_a_pack_of_the_case_that_waits_to_be_carried_and_tells_the_contact(
    hub: Hub, officer: Actor
) -> None:
    referral = _send(hub, officer, _case((POLICE,), hers=["07700 900777"], his=[]))
    deliver_due(hub.house, "test", 10)
    assert _rows(hub, referral)[0].state is State.PREPARED
    (told,) = (hub.settings.data_dir.parent / "out").glob("[!.]*")
    mark_unsafe(hub.house, officer, referral, "p2", contact="07700 900777", address=None)
    assert not told.exists()
    deliver_due(hub.house, "test", 10)
    assert _rows(hub, referral)[0].state is State.PREPARED


def test_an_accuser_who_did_not_know_the_name_cuts_nobody_off_once_it_is_known(hub: Hub, officer: Actor) -> None:
    first = _case(hers=["0151 496 0123"], his=[HIS])
    counter = _case(hers=[HIS], his=["0151 496 0123"])
    accused = counter["record"]["people"][1]
    accused["name"] = accused["date_of_birth"] = None
    _send(hub, officer, counter)
    accused["name"] = first["record"]["people"][0]["name"]
    refer(hub.house, officer, _raw(counter), "key-name-known-now")
    assert "0151 496 0123" in (_told(_previews(hub, officer, first)["agy_police"], "contacts") or "")


def test_whoever_refers_is_told_to_telephone_where_the_door_leads_to_the_accused(hub: Hub, officer: Actor) -> None:
    _send(hub, officer, _case((POLICE,), hers=[], his=["cases@advice.example"]))
    later = _case((("agy_advice", "victim_support"),), hers=[], his=[])
    assert refer(hub.house, officer, _raw(later), "key-telephone-them").telephone == ("agy_advice",)
