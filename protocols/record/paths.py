"""The canonical paths: every name that an item of data can have. What a recipient needs is written in these names."""

from protocols.record.case import Case, Evidence, FireRisk, HousingNeed, Incident, RiskAssessment
from protocols.record.labels import Strict, labels_of
from protocols.record.people import Person, PersonRole
from protocols.vocabulary import DataCategory

PREFIX = {
    PersonRole.VICTIM: "victim", PersonRole.WITNESS: "witness", PersonRole.REPORTER: "reporter",
    PersonRole.ALLEGED_PERPETRATOR: "alleged", PersonRole.PROVEN_PERPETRATOR: "alleged", PersonRole.CHILD: "child",
    PersonRole.PARENT: "parent", PersonRole.HOUSEHOLD_MEMBER: "household", PersonRole.STAFF: "staff",
    PersonRole.PROFESSIONAL: "professional",
}  # fmt: skip
"""How the path of an item about a person begins. Alleged and proven perpetrators share one."""

PROTECTED_ADDRESS = "protected_address"
"""Path of an address marked protected, so that a need for an address is never a need for this one."""

PARTS: dict[str, type[Strict]] = {
    "case": Case, "incident": Incident, "risk": RiskAssessment, "fire": FireRisk, "housing": HousingNeed,
    "evidence": Evidence,
}  # fmt: skip
"""The parts of a record that are about no one person, by how their paths begin."""


def known_paths() -> frozenset[str]:
    """Every canonical path that `items` can produce, and no other (tests/protocols/test_items.py)."""
    paths = {f"{prefix}.{name}" for prefix, part in PARTS.items() for name, _ in labels_of(part)}
    held = {name for name, holds in labels_of(Person) if holds.category is not None}
    held |= {PROTECTED_ADDRESS, *(category.value for category in DataCategory)}
    return frozenset(paths | {f"{prefix}.{name}" for prefix in PREFIX.values() for name in held} | {"summary"})
