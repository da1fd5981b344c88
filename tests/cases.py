"""Fictional cases and the agreements they are told under, as they go into a hub."""

import copy
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from protocols.agreement import Agreement
from protocols.parse import write_agreement
from protocols.vocabulary import DataCategory

POLICE, SOCIAL, HELPLINE, JAG, FIRE, REFUSING, ADVICE = (
    ("agy_police", "crime_investigation"),
    ("agy_social", "safeguarding_adult"),
    ("agy_helpline", "victim_support"),
    ("agy_jag", "crime_prevention"),
    ("agy_fire", "target_hardening"),
    ("agy_refusing", "crime_investigation"),
    ("agy_advice", "victim_support"),
)
"""Agency and purpose of each ask. Helpline, advice line and fire service are told on the strength of consent alone."""

Ask = tuple[str, str]

KINDS = {
    "agy_police": "police", "agy_social": "social_care_adults", "agy_helpline": "stop_hate_uk", "agy_jag": "jag",
    "agy_fire": "fire", "agy_refusing": "police", "agy_advice": "stop_hate_uk",
}  # fmt: skip
_PURPOSES = dict((POLICE, SOCIAL, HELPLINE, JAG, FIRE, REFUSING, ADVICE))


TRANSPORTS = ["carried", "collection", "secure_email", "sftp", "webhook"]
"""Every way in which the partners of these tests are reached."""

IN_FORCE = tuple(f"agr_{agency.removeprefix('agy_')}_example@1" for agency in KINDS)
"""The agreements, as a landlord approves them."""


def agreement(agency: str) -> Agreement:
    """An agreement in force between the landlord LMH and that agency, for its purpose and every category."""
    landlord, partner = "Harbour Example Homes", f"Harbour Example {agency.removeprefix('agy_').title()}"
    categories, purposes = sorted(category.value for category in DataCategory), [_PURPOSES[agency]]
    signed = {"role": "chief executive", "signed_on": date(2026, 1, 1), "evidence_sha256": "ab" * 32}
    return Agreement.model_validate({
        "id": f"agr_{agency.removeprefix('agy_')}_example", "version": 1, "title": "Fictional agreement",
        "state": "in_force", "in_force_from": date(2026, 1, 1), "in_force_to": date(2089, 12, 31),
        "review_by": date(2089, 12, 31), "purposes": purposes, "categories": categories, "gateways": [],
        "security": {"transports": TRANSPORTS, "rule": "Encrypted on the way."},
        "retention": {"days": 365, "rule": "Deleted within a year."},
        "onward_sharing": {"allowed": "ask_first", "rule": "Ask first."},
        "controllers": [{"landlord": "LMH", "name": landlord}],
        "recipients": [{"agency": agency, "kind": KINDS[agency], "name": partner}],
        "clauses": [{"number": "1", "heading": "All", "text": "All of it.", "purposes": purposes,
                     "categories": categories}],
        "signatories": [{"organisation": landlord, **signed}, {"organisation": partner, **signed}],
        "contacts": [{"organisation": landlord, "role": "DPO", "mailbox": "dpo@homes.harbour.example"}],
    }, strict=False)  # fmt: skip


def write_agreements(folder: Path, agencies: Sequence[str] = tuple(KINDS)) -> None:
    """The agreements of these agencies, as files that a hub reads at its start."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for agency in agencies:
        (folder / f"{agency}.toml").write_text(write_agreement(agreement(agency)), encoding="utf-8")


_CIRCUMSTANCES = {
    "capacity": "presumed", "gillick": "n_a", "coercion_suspected": False, "child_at_risk": False,
    "adult_at_risk": True, "others_at_risk": False, "serious_crime": False, "asking_would_prejudice": False,
    "prejudice_if_informed": False, "informed_already": True, "certificate_known": False,
    "allegation_validated": True, "objection_received": False, "necessary": True, "proportionate": True,
    "authoriser_available": True, "subject_living": True, "subject_is_customer": True, "victim_wishes": "refer",
    "reporter_type": "customer",
}  # fmt: skip
_COVERS = ["identity", "contact", "hate_strand", "incident_narrative", "health", "race_ethnicity", "risk_marker"]


@dataclass
class Case:
    """One case of a victim, a neighbour who is alleged to have done it, and a witness, with every secret a token.

    Not one of `secrets` is a word: wherever one turns up, it came from this case.
    """

    asks: Sequence[Ask] = (POLICE, SOCIAL, HELPLINE, JAG)
    routine: bool = True
    circumstances: dict[str, Any] = field(default_factory=dict)
    number: str = field(default_factory=lambda: f"LMH/{secrets.token_hex(8)}")
    tag: str = field(default_factory=lambda: secrets.token_hex(5))

    def token(self, name: str) -> str:
        """The secret of that name, in this case and no other."""
        return f"{name.title()}qz{self.tag}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every personal value in it."""
        return (*(self.token(name) for name in _NAMES), self.number)

    def raw(self) -> bytes:
        """The referral as an officer's system sends it."""
        return json.dumps(self.referral()).encode()

    def referral(self) -> dict[str, Any]:
        """The referral, free to be changed."""
        token = self.token
        asthma = f"I have {token('illness')}."
        return copy.deepcopy({
            "landlord": "LMH", "subject": "p1", "reply_to": "Community Safety, 0151 496 0100",
            "record": {
                "case": {
                    "reference": self.number, "kind": "hate_crime",
                    "strands": [{"value": "race_or_ethnicity", "basis": "victim_perceives", "words": token("slur")}],
                    "summary": {
                        "text": f"Paint on the door, {token('story')}. {asthma}", "screened": True,
                        "marks": [{"quote": asthma, "categories": ["health"]}],
                    },
                },
                "people": [
                    {
                        "id": "p1", "role": "victim", "name": token("victim"), "date_of_birth": "1990-01-01",
                        "address": {"lines": [token("street")], "postcode": "L1 1AA"},
                        "contacts": [{"channel": "mobile", "value": token("phone")}],
                        "safe_contact": {"may_call": True, "may_leave_message": False, "may_write": False,
                                         "never_tell": token("nevertell")},
                        "care_needs": token("care"),
                        "statements": [{"category": "health", "value": token("asthma"), "said_by": "self"}],
                    },
                    {"id": "p2", "role": "alleged_perpetrator", "name": token("neighbour"),
                     "address": {"lines": [token("opposite")]}, "relationship": token("relation")},
                    {"id": "p3", "role": "witness", "name": token("witness")},
                ],
                "risk": {"level": "medium"},
                "incidents": [{
                    "when": {"start": "2026-11-01T10:00:00Z"}, "conduct": ["graffiti"], "place": token("place"),
                    "narrative": {"text": f"Seen with a can: {token('account')}.", "screened": True},
                }],
            },
            "circumstances": _CIRCUMSTANCES | self.circumstances,
            "consents": [
                {
                    "subject": "p1", "recipient": KINDS[agency], "purpose": purpose, "answer": "given_explicit",
                    "covers": _COVERS, "freely_given": True, "how": "in_person",
                    "claimed_at": datetime(2026, 11, 1, 12, tzinfo=UTC).isoformat(),
                }
                for agency, purpose in self.asks
            ],
            "asks": [{"agency": agency, "purpose": purpose, "routine": self.routine} for agency, purpose in self.asks],
        })  # fmt: skip


_NAMES = (
    "victim", "street", "phone", "nevertell", "care", "asthma", "illness", "slur", "story", "neighbour", "opposite",
    "relation", "witness", "place", "account",
)  # fmt: skip
