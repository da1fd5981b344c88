"""Disclosures in which every value is a token found nowhere else, so that a leak can be told from chance."""

from dataclasses import dataclass
from datetime import UTC, datetime

from protocols.disclosure import DisclosedItem, Disclosure
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Purpose

PATHS = (
    "summary", "case.strands", "case.kind", "case.requested_actions", "case.actions_taken", "incident.when",
    "incident.place", "incident.area", "incident.conduct", "incident.narrative", "incident.injuries", "risk.level",
    "risk.visit_hazards", "fire.threat", "housing.reason", "evidence.description", "victim.name", "victim.contacts",
    "victim.address", "victim.safe_contact", "victim.care_needs", "victim.health", "alleged.name", "alleged.address",
    "witness.name", "reporter.contacts", "child.name", "child.address", "parent.name", "later_version.unheard_of",
)  # fmt: skip
"""Canonical paths of every kind, and one that no connector can know."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A path, and the token that stands in its value."""

    path: str
    token: str


def canary(path: str) -> Canary:
    """The token of a path: letters and digits only, so that no encoding of a format changes it."""
    return Canary(path, "CANARY" + "".join(letter for letter in path.upper() if letter.isalnum()) + "END")


def disclosure_with_canaries(recipient: AgencyKind, paths: tuple[str, ...] = PATHS) -> Disclosure:
    """A disclosure to `recipient` with one item for each path, its value the path's token in awkward company."""
    return Disclosure(
        id="dsc_0123456789abcdefghjkmnpqrs",
        decision_id="dec_0123456789abcdefghjkmnpqrs",
        reference="CC-7K2M-94TX-Q",
        controller="LMH",
        agency="Merton Vale Agency",
        recipient=recipient,
        purpose=Purpose.VICTIM_SUPPORT,
        urgent=False,
        basis=(Basis.A6_CONSENT,),
        agreement=None,
        handling=("Do not pass on without asking.",),
        reply_to="hate-crime-team@lmh.example",
        decided_at=datetime(2026, 11, 20, 21, 0, tzinfo=UTC),
        valid_until=datetime(2026, 12, 20, 21, 0, tzinfo=UTC),
        items=tuple(_item(path) for path in paths),
    )


def _item(path: str) -> DisclosedItem:
    role = path.partition(".")[0]
    return DisclosedItem(
        path=path,
        title=path.rpartition(".")[2].replace("_", " "),
        of={"incident": "incident 1", "evidence": "evidence 1"}.get(role, f"p-{role}"),
        about=None,
        categories=(DataCategory.INCIDENT_NARRATIVE,),
        value=f"Zoë “<b>&\"\\ {canary(path).token}\nשרה 🙂 O'Néill",
    )
