"""The partner's own side: its feed, what it collects, what it acknowledges; and packs that a person carries."""

from typing import Any

from tests.cases import FIRE, JAG, POLICE, Case
from tests.journeys.people import Landlord, Person


def whole_feed(partner: Person, after: int = 0, limit: int = 2) -> tuple[list[dict[str, Any]], int]:
    """Every event after a position, a small page at a time, and the cursor to ask after next time."""
    events: list[dict[str, Any]] = []
    while True:
        page = partner.get(f"/v1/feed?after={after}&limit={limit}")
        if not page["events"]:
            return events, after
        events += page["events"]
        assert page["cursor"] > after
        after = page["cursor"]


def test_a_feed_read_page_by_page_tells_each_event_once_and_only_what_is_new_after_its_cursor(hub: Landlord) -> None:
    first = hub.settled(hub.refer(Case((POLICE,))))["agy_police"]
    events, cursor = whole_feed(hub.police)
    positions = [event["position"] for event in events]
    assert positions == sorted(set(positions))
    assert first.id in {event["disclosure"] for event in events}

    second = hub.settled(hub.refer(Case((POLICE,))))["agy_police"]

    assert {event["disclosure"] for event in whole_feed(hub.police, cursor)[0]} == {second.id}


def test_an_acknowledgement_with_the_partners_reference_reaches_the_officer(hub: Landlord) -> None:
    referral = hub.refer(Case((POLICE,)))
    disclosure = hub.settled(referral)["agy_police"]
    _, cursor = whole_feed(hub.police)

    answer = hub.police.ask("POST", f"/v1/feed/{disclosure.id}/acknowledgement", {"partner_reference": "CRN 26/001234"})

    assert answer.status_code == 200, answer.text
    after = hub.course(referral)["agy_police"]
    assert after.rung == "referenced"
    assert "CRN 26/001234" in {receipt["partner_reference"] for receipt in after.told["receipts"]}
    assert {event["disclosure"] for event in whole_feed(hub.police, cursor)[0]} == {disclosure.id}


def test_a_partner_sees_and_acknowledges_nothing_of_another_partners(hub: Landlord) -> None:
    disclosure = hub.settled(hub.refer(Case((POLICE,))))["agy_police"]

    acknowledged = hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/acknowledgement", {})
    collected = hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection")

    assert (acknowledged.status_code, collected.status_code) == (404, 404)
    assert disclosure.id not in {event["disclosure"] for event in whole_feed(hub.fire)[0]}


def test_a_collecting_partner_fetches_exactly_what_was_decided(hub: Landlord) -> None:
    case = Case((FIRE,))
    previewed = hub.officer.ask("POST", "/v1/previews", case.raw()).json()["previews"][0]["items"]
    referral = hub.refer(case)
    disclosure = hub.course(referral)["agy_fire"]
    assert disclosure.state == "queued"

    fetched = hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection")

    assert fetched.status_code == 200, fetched.text
    sections = fetched.json()["data"]["sections"]
    told = {(item["path"], item["of"], item["value"]) for section in sections for item in section["items"]}
    assert told == {(item["path"], item["of"], item["value"]) for item in previewed}
    assert {token for token in case.secrets if token in fetched.text} == {
        case.token(name) for name in ("victim", "street", "phone", "nevertell")
    }
    assert hub.course(referral)["agy_fire"].state == "receipted"


def test_what_was_collected_may_be_fetched_again_until_it_is_acknowledged(hub: Landlord) -> None:
    disclosure = hub.course(hub.refer(Case((FIRE,))))["agy_fire"]
    first, again = (hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection") for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["data"]["sections"] == again.json()["data"]["sections"]

    acknowledged = hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/acknowledgement", {})

    assert acknowledged.status_code == 200, acknowledged.text
    assert hub.fire.ask("POST", f"/v1/feed/{disclosure.id}/collection").status_code == 409


def test_a_carried_pack_waits_in_its_folder_until_a_person_says_it_was_handed_over(hub: Landlord) -> None:
    referral = hub.refer(Case((JAG,)))
    pack = hub.settled(referral)["agy_jag"]
    assert (pack.state, pack.rung) == ("prepared", "prepared")
    assert hub.partners.ledger("agy_jag")[pack.id] == 1

    handed = hub.officer.ask("POST", f"/v1/disclosures/{pack.id}/handover", {"partner_reference": "JAG 12"})

    assert handed.status_code == 200, handed.text
    after = hub.course(referral)["agy_jag"]
    assert (after.state, after.rung) == ("receipted", "referenced")
    again = hub.officer.ask("POST", f"/v1/disclosures/{pack.id}/handover", {})
    assert again.status_code == 409
