"""Erasure, retention and legal holds over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.access.roles import Role
from hub.flow import enrol
from hub.store.scope import EVERY
from hub.store.tables import credential
from tests.cases import JAG, Case
from tests.hub.api.served import Api

LATER = (datetime.now(UTC) + timedelta(days=60)).isoformat()


def dpo(api: Api) -> dict[str, str]:
    """A data protection officer who proved just now who they are."""
    token = enrol.enrol(api.hub.house, None, role=Role.DPO, landlord="LMH", agency=None).token
    return {"Authorization": f"Bearer {token}"}


def test_a_person_is_erased_and_who_may_hold_something_is_told(api: Api) -> None:
    referral = api.sent(Case(asks=[JAG]))["id"]
    path = f"/v1/referrals/{referral}/erasures"
    done = api.client.post(path, headers=dpo(api), json={"person": "p1", "ground": "objection"})
    assert done.status_code == 200, done.text
    told = done.json()
    assert told["erasure"].startswith("era_")
    assert len(told["cancelled"]) == 1
    assert told["told_before"] == []
    assert api.ask("GET", f"/v1/referrals/{referral}", "officer").status_code == 404
    again = api.client.post(path, headers=dpo(api), json={"person": "p1", "ground": "objection"})
    assert (again.status_code, again.json()["title"]) == (404, "NOT_FOUND")


def test_a_hold_is_set_listed_named_in_the_refusal_and_lifted(api: Api) -> None:
    referral = api.sent(Case(asks=[JAG]))["id"]
    who = dpo(api)
    made = api.client.post(
        f"/v1/referrals/{referral}/legal-holds", headers=who, json={"ground": "complaint", "review_by": LATER}
    )  # fmt: skip
    assert made.status_code == 201, made.text
    hold = made.json()
    assert hold in api.client.get("/v1/legal-holds", headers=who).json()["holds"]
    body = {"person": "p1", "ground": "unlawful"}
    refused = api.client.post(f"/v1/referrals/{referral}/erasures", headers=who, json=body)
    assert (refused.status_code, refused.json()["title"]) == (409, "LEGAL_HOLD")
    assert "complaint" in refused.json()["detail"]
    assert LATER[:10] in refused.json()["detail"]
    stranger = {"Authorization": f"Bearer {api.strangers['dpo']}"}
    assert hold not in api.client.get("/v1/legal-holds", headers=stranger).json()["holds"]
    assert api.client.delete(f"/v1/legal-holds/{hold['hold']}", headers=stranger).status_code in (403, 404)
    assert api.client.delete(f"/v1/legal-holds/{hold['hold']}", headers=who).status_code == 204
    assert api.client.post(f"/v1/referrals/{referral}/erasures", headers=who, json=body).status_code == 200


def test_a_stranger_finds_nobody_to_erase_and_nothing_to_keep(api: Api) -> None:
    referral = api.sent(Case(asks=[JAG]))["id"]
    token = enrol.enrol(api.hub.house, None, role=Role.DPO, landlord="OHG", agency=None).token
    for path, body in (("erasures", {"person": "p1", "ground": "objection"}),
                       ("legal-holds", {"ground": "complaint", "review_by": LATER})):  # fmt: skip
        answer = api.client.post(
            f"/v1/referrals/{referral}/{path}", headers={"Authorization": f"Bearer {token}"}, json=body
        )
        assert (answer.status_code, answer.json()["title"]) == (404, "NOT_FOUND")


def test_a_schedule_is_set_and_read_for_the_own_landlord_alone(api: Api) -> None:
    who = dpo(api)
    days = {"normal": 900, "special": 600, "sealed": 90}
    assert api.client.put("/v1/landlords/LMH/retention", headers=who, json=days).status_code == 204
    assert api.client.get("/v1/landlords/LMH/retention", headers=who).json() == days
    assert api.client.put("/v1/landlords/OHG/retention", headers=who, json=days).status_code == 404
    assert api.client.get("/v1/landlords/OHG/retention", headers=who).status_code == 404


@pytest.mark.parametrize(
    ("change", "code"),
    [({"sealed": 901}, "RETENTION_OUT_OF_BOUNDS"), ({"sealed": 29}, "FIELD_WRONG"), ({"sealed": True}, "FIELD_WRONG"),
     ({"sealed": None}, "FIELD_WRONG"), ({"other": 90}, "FIELD_UNKNOWN")],
)  # fmt: skip
def test_a_schedule_out_of_bounds_is_refused(api: Api, change: dict[str, object], code: str) -> None:
    days = {"normal": 900, "special": 600, "sealed": 90}
    refused = api.client.put("/v1/landlords/LMH/retention", headers=dpo(api), json=days | change)
    assert (refused.status_code, refused.json()["title"]) == (422, code)


def test_an_old_proof_of_who_one_is_does_not_do(api: Api) -> None:
    referral = api.sent(Case(asks=[JAG]))["id"]
    made = enrol.enrol(api.hub.house, None, role=Role.DPO, landlord="LMH", agency=None)
    with api.hub.house.store.write(EVERY) as tx:
        long_ago = api.hub.house.clock.now() - timedelta(hours=1)
        tx.connection.execute(credential.update().where(credential.c.id == made.id).values(issued_at=long_ago))
    refused = api.client.post(
        f"/v1/referrals/{referral}/erasures", headers={"Authorization": f"Bearer {made.token}"},
        json={"person": "p1", "ground": "objection"},
    )  # fmt: skip
    assert (refused.status_code, refused.json()["title"]) == (403, "STEP_UP_NEEDED")
