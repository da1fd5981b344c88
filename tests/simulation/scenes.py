"""The scenes: what was told before a history begins, and what may be told while it goes on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.contract import Idempotency
from tests.cases import ADVICE, FIRE, HELPLINE, JAG, POLICE, SOCIAL, Case

BEGINS = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEASE = timedelta(seconds=60)
HOLD = timedelta(minutes=10)
_EXPIRES = timedelta(minutes=20)

WAYS = {
    "agy_helpline": ("secure_email", Idempotency.NONE), "agy_advice": ("webhook", Idempotency.BY_REFERENCE),
    "agy_police": ("webhook", Idempotency.BY_REFERENCE), "agy_jag": ("carried", Idempotency.NATIVE),
    "agy_fire": ("collection", Idempotency.BY_REFERENCE), "agy_social": ("webhook", Idempotency.BY_REFERENCE),
}  # fmt: skip
"""The doors."""

CANNOT_NOTICE = frozenset(agency for agency, (_, repeats) in WAYS.items() if repeats is Idempotency.NONE)
CARRIED, COLLECTED, STRANGER = "agy_jag", "agy_fire", "agy_social"
"""Who has its packs carried, who fetches them, and whom no agreement covers and nobody ever wrote to."""
BY_OVERRIDE = "agy_police"
"""Told in danger alone in these scenes."""
NOT_BY_CONSENT = frozenset({STRANGER, BY_OVERRIDE})
"""Everybody else is told nothing that the person it is about does not agree to."""


@dataclass(frozen=True)
class Told:
    """A referral as it went in: what the oracle knows of it without asking the hub."""

    key: str
    raw: bytes
    agencies: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True)
class Plan:
    """What a scene is made of, before any of it is told."""

    name: str
    told: tuple[Told, ...]
    later: tuple[Told, ...]
    hold: timedelta = timedelta(0)


@dataclass(frozen=True)
class Scene(Plan):
    """Where histories of a kind begin: its plan, a database in which that much was told, and what came of it."""

    database: bytes = b""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """The referral of each key that was told."""


def plans() -> tuple[Plan, ...]:
    """Every scene, in the order in which seeds choose them."""
    one, two, again = Case((HELPLINE, ADVICE)), Case((HELPLINE,)), Case((ADVICE,))
    danger, doubt, stranger = Case((POLICE,)), Case((HELPLINE,)), Case((SOCIAL,))
    danger.circumstances = {"capacity": "doubted"}
    return (
        Plan("consent", (_told(one, "a"),), (_told(two, "b"),)),
        Plan("order", (_told(again, "a"), _told(again, "b")), (_told(again, "c"),)),
        Plan("danger", (_told(danger, "a"),), ()),
        Plan("expiry", (_told(Case((ADVICE, HELPLINE)), "a", expires_at=BEGINS + _EXPIRES),), ()),
        Plan("refusal", (_told(doubt, "a"),), (_told(doubt, "b", answer="refused"),)),
        Plan("fetched", (_told(Case((FIRE,)), "a"),), ()),
        Plan("carried", (_told(Case((JAG,)), "a"),), ()),
        Plan("empty", (), (_told(two, "a"), _told(one, "b"))),
        Plan("held", (_told(one, "a"),), (_told(Case((JAG,)), "b"),), HOLD),
        Plan("stranger", (_told(stranger, "a"),), (_told(stranger, "b"), _told(two, "c"))),
    )


def _told(case: Case, key: str, expires_at: datetime | None = None, answer: str = "given_explicit") -> Told:
    said = case.referral()
    for consent in said["consents"]:
        consent["expires_at"], consent["answer"] = expires_at.isoformat() if expires_at else None, answer
    agencies = tuple(agency for agency, _ in case.asks)
    return Told(f"key-{key}", json.dumps(said).encode(), agencies, expires_at)
