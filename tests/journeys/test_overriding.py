"""An override in the life of a landlord: what cannot wait goes at once, and a DPO sees that it went."""

from tests.cases import JAG, POLICE, Case
from tests.journeys.people import Landlord


def test_what_is_held_goes_under_an_override_and_stands_in_the_log(hub: Landlord) -> None:
    case = Case((POLICE, JAG), circumstances={"capacity": "doubted"})
    referral = hub.refer(case)
    held = hub.settled(referral)
    assert {held["agy_police"].state, held["agy_jag"].state} == {"held"}

    declared = hub.officer.ask("POST", f"/v1/referrals/{referral}/overrides", {
        "category": "immediate_danger", "reason": f"She rang about {case.token('neighbour')}: he is at the door.",
    })  # fmt: skip

    assert declared.status_code == 201, declared.text
    assert declared.json()["released"] == [held["agy_police"].id]
    hub.reaches(referral, "agy_police", "prepared", "sent", "receipted")
    assert hub.course(referral)["agy_jag"].state == "held"
    seen = hub.dpo.get("/v1/overrides")["overrides"]
    assert declared.json()["override"] in {entry["override"] for entry in seen}
    assert not [secret for secret in case.secrets if secret in str(seen)]
