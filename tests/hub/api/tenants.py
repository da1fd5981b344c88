"""Two landlords and their agencies on one hub, with something of every kind that has an id in an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, select

from hub.access import sessions
from hub.access.roles import Strength
from hub.flow.checkpoint import checkpoint
from hub.flow.deliver import deliver_due
from hub.store.narrowing import is_tenanted
from hub.store.scope import EVERY
from hub.store.tables import audit_entry, metadata
from tests import logs
from tests.cases import FIRE, HELPLINE, Case
from tests.hub.api.served import Api, served
from tests.servers import owning

REASON = "The caller says that somebody is at the door with a knife now."
HOUR = timedelta(hours=1)
LATER = (datetime.now(UTC) + timedelta(days=200)).isoformat()
BODIES: dict[str, Any] = {
    "abandon_disclosure": {"reason": "superseded"},
    "record_handover": {}, "acknowledge_disclosure": {}, "assign_case": {"team": None},
    "approve_agreement": {}, "suspend_agreement": {}, "resume_agreement": {}, "withdraw_agreement": {},
    "record_document": {"kind": "legitimate_interests_assessment", "about": "victim_support", "review_by": LATER},
    "review_disclosure": {"authorise": False}, "declare_override": {"category": "adult_at_risk", "reason": REASON},
    "review_override": {"justified": True, "reason": REASON},
    "erase_person": {"person": "p3", "ground": "unlawful"},
    "set_retention": {"normal": 400, "special": 400, "sealed": 400},
    "set_legal_hold": {"ground": "legal_claim", "review_by": LATER}, "store_attachment": b"%PDF-1.7\nnothing\n%%EOF\n",
    "record_consent": Case(asks=[HELPLINE]).referral()["consents"][0],
    "correct_referral": {"reason": "inaccurate", "referral": Case(asks=[FIRE]).referral()},
    "mark_unsafe_contact": {"person": "p2", "contact": "07700 900123"},
    "set_policy_document": {"review_by": LATER},
}  # fmt: skip
"""A body with which each operation on something that is one's own would do its work."""


@dataclass
class Tenants:
    """A served hub, whose landlords LMH and OHG have each a case told to the fire service."""

    api: Api
    owner: Engine
    objects: dict[str, str]
    """Of LMH, by the name of the parameter in an address."""
    before: dict[tuple[str, str], bytes]
    """What OHG was shown before LMH had anything."""

    def send(self, operation: str, method: str, address: str, token: str) -> httpx.Response:
        """Ask as somebody, with a body that would do."""
        body = BODIES.get(operation, {})
        given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-of-somebody"}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/octet-stream"
        return self.api.client.request(method, address, headers=headers, **({} if method == "GET" else given))

    def rows(self, landlord: str) -> dict[str, list[tuple[Any, ...]]]:
        """All that the database holds of a landlord, by table."""
        with self.owner.connect() as connection:
            return {
                table.name: sorted(map(tuple, connection.execute(select(table).where(table.c.landlord == landlord))),
                                   key=repr)
                for table in metadata.tables.values() if is_tenanted(table)
            }  # fmt: skip

    def names(self, landlord: str) -> frozenset[str]:
        """Every id, reference and digest in the rows of a landlord that names something of its own."""
        found = {
            value for rows in self.rows(landlord).values() for row in rows for value in row
            if isinstance(value, str) and len(value) > 10 and any(sign.isdigit() for sign in value)
        }  # fmt: skip
        return frozenset(found)

    def log(self) -> list[dict[str, Any]]:
        """The facts of every entry of the log, with who acted."""
        return [{**entry.facts, "actor": entry.actor} for entry in logs.entries(self.api.hub.house.store)]


@contextmanager
def tenants(folder: Path, url: str) -> Iterator[Tenants]:
    """Both landlords, populated: OHG first, then LMH."""
    with served(folder, url) as api, owning(url) as owner:
        found = Tenants(api, owner, {}, {})
        populate(found, "OHG", api.strangers)
        yield found


def populate(there: Tenants, landlord: str, tokens: dict[str, str]) -> dict[str, str]:
    """Something of every kind for a landlord; returns ids by the name of the parameter that they fit."""
    api = there.api

    def made(operation: str, path: str, role: str, name: str = "id") -> str:
        answer = there.send(operation, "POST", path, tokens[role])
        assert answer.status_code == 201, (operation, answer.text)
        return str(answer.json()[name])

    case = Case(asks=[FIRE])
    sent = case.referral() | {"landlord": landlord}
    answer = api.client.post("/v1/referrals", json=sent, headers={
        "Authorization": f"Bearer {tokens['officer']}", "Idempotency-Key": f"key-{case.tag}"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    referral = answer.headers["Location"].rpartition("/")[2]
    deliver_due(api.hub.house, "test", 100)
    course = there.send("read_referral", "GET", f"/v1/referrals/{referral}", tokens["officer"]).json()
    invited = api.ask("POST", "/v1/people", "administrator", json={"role": "officer", "landlord": landlord})
    assert invited.status_code == 201, invited.text
    person = invited.json()["person"]
    house = api.hub.house
    with house.store.write(EVERY) as tx:
        session, _ = sessions.begin(tx, person, Strength.TWO_FACTORS, "198.51.100.7", house.clock.now(), HOUR)
    body = {"name": "case-system", "scope": "refer", "landlord": landlord}
    machine = api.ask("POST", "/v1/machines", "administrator", json=body).json()["id"]
    checkpoint(house)  # so that what was entered is published
    of_referral = f"/v1/referrals/{referral}"
    return {
        "referral": referral, "disclosure": course["disclosures"][0]["id"], "consent": course["consents"][0]["id"],
        "person": person, "session_id": session.id, "landlord": landlord, "agreement": "agr_fire_example@1",
        "machine": machine,
        "override": made("declare_override", f"{of_referral}/overrides", "officer", "override"),
        "hold": made("set_legal_hold", f"{of_referral}/legal-holds", "dpo", "hold"),
        "attachment": made("store_attachment", f"{of_referral}/attachments", "officer"),
        "mark": made("mark_unsafe_contact", f"{of_referral}/unsafe-contacts", "officer", "mark"),
        "document_id": made("record_document", f"/v1/landlords/{landlord}/documents", "dpo"),
        "number": str(_entry_about(there, referral)), "bundle": "000.p/1", "hashes": "0/000.p/1",
    }  # fmt: skip


def _entry_about(there: Tenants, referral: str) -> int:
    logs.size(there.api.hub.house.store)
    with there.owner.connect() as connection:
        return _first(connection, referral)


def _first(connection: Connection, about: str) -> int:
    found = select(audit_entry.c.number).where(audit_entry.c.about == about).limit(1)
    return int(connection.execute(found).scalar_one())
