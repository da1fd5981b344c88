"""The canonical referral: what a case officer hands over, field by field with its data category.

Sources: `docs/referral.md`; UK GDPR Art 5(1)(c) (only what is needed), Art 9 and 10 (which kinds need a condition).
"""

from protocols.record.case import Case, Evidence, FireRisk, HousingNeed, Incident, RiskAssessment, Strand, When
from protocols.record.items import Item, Span, categories_of, flagged_categories, items
from protocols.record.labels import Holds, Strict
from protocols.record.paths import PREFIX, known_paths
from protocols.record.people import Address, Contact, Person, PersonRole, SafeContact, Statement
from protocols.record.referral import Ask, Circumstances, ConsentFact, Record, Referral
from protocols.record.text import FreeText, Mark, Summary

__all__ = [
    "PREFIX", "Address", "Ask", "Case", "Circumstances", "ConsentFact", "Contact", "Evidence", "FireRisk", "FreeText",
    "Holds", "HousingNeed", "Incident", "Item", "Mark", "Person", "PersonRole", "Record", "Referral", "RiskAssessment",
    "SafeContact", "Span", "Statement", "Strand", "Strict", "Summary", "When", "categories_of", "flagged_categories",
    "items", "known_paths",
]  # fmt: skip
