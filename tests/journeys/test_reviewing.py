"""Review: a held disclosure goes when another person lets it, and not when its author or nobody does."""

from tests.cases import HELPLINE, JAG, Case
from tests.journeys.people import Landlord

HELD = {"capacity": "doubted"}
"""Whether she can decide for herself is in doubt: a person must judge."""


def test_a_held_disclosure_goes_nowhere_until_somebody_else_lets_it(hub: Landlord) -> None:
    referral = hub.refer(Case((JAG,), circumstances=HELD))
    held = hub.settled(referral)["agy_jag"]
    waiting = {entry["disclosure"] for entry in hub.authoriser.get("/v1/reviews")["held"]}
    assert (held.state, held.outcome) == ("held", "needs_authoriser")
    assert held.id in waiting
    assert hub.partners.ledger("agy_jag")[held.id] == 0

    let = hub.authoriser.ask("POST", f"/v1/disclosures/{held.id}/review", {"authorise": True})

    assert let.status_code == 200, let.text
    hub.reaches(referral, "agy_jag", "prepared")
    assert hub.partners.ledger("agy_jag")[held.id] == 1


def test_the_author_of_a_referral_cannot_authorise_it_by_another_credential(hub: Landlord) -> None:
    referral = hub.refer(Case((JAG,), circumstances=HELD))
    held = hub.course(referral)["agy_jag"]

    answer = hub.author_as_authoriser.ask("POST", f"/v1/disclosures/{held.id}/review", {"authorise": True})

    assert (answer.status_code, answer.json()["title"]) == (403, "AUTHOR_IS_AUTHORISER")
    assert hub.course(referral)["agy_jag"].state == "held"


def test_an_officer_cannot_authorise_at_all(hub: Landlord) -> None:
    held = hub.course(hub.refer(Case((JAG,), circumstances=HELD)))["agy_jag"]

    answer = hub.officer.ask("POST", f"/v1/disclosures/{held.id}/review", {"authorise": True})

    assert answer.status_code == 403


def test_what_an_authoriser_refused_never_goes(hub: Landlord) -> None:
    referral = hub.refer(Case((HELPLINE,), circumstances=HELD))
    held = hub.course(referral)["agy_helpline"]

    refused = hub.authoriser.ask("POST", f"/v1/disclosures/{held.id}/review", {"authorise": False})
    again = hub.authoriser.ask("POST", f"/v1/disclosures/{held.id}/review", {"authorise": True})

    assert refused.json()["state"] == "refused"
    assert again.status_code == 409
    # Another case goes to the same helpline meanwhile: the way was open, and the refused one did not take it.
    assert hub.settled(hub.refer(Case((HELPLINE,))))["agy_helpline"].state == "sent"
    assert hub.partners.emails_of(held.id) == 0
