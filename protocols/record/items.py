"""A record as items of data: each with its canonical path, whom it is about, its categories and its words.

Decisions are made over categories; disclosures are made of items; nothing else of a record can leave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pydantic import BaseModel

from protocols.record.case import Strand, When
from protocols.record.labels import Holds, Strict, labels_of
from protocols.record.paths import PARTS, PREFIX, PROTECTED_ADDRESS
from protocols.record.people import Address, Contact, Person, PersonRole, SafeContact
from protocols.record.referral import Referral
from protocols.record.text import FreeText
from protocols.vocabulary import DataCategory as D

GUARDED = frozenset({
    D.RACE_ETHNICITY, D.RELIGION, D.HEALTH, D.MENTAL_HEALTH, D.DISABILITY, D.SEXUAL_ORIENTATION, D.TRANS_STATUS,
    D.GRA_PROTECTED, D.IMMIGRATION_STATUS, D.COUNSELLING_RECORD, D.FINANCIAL, D.LEGAL_PRIVILEGED,
    D.SEXUAL_OFFENCE_VICTIM_IDENTITY, D.SAFE_ADDRESS, D.HATE_STRAND, D.CRIMINAL_ALLEGATION, D.COURT_OUTCOME,
    D.ALLEGED_PERPETRATOR_IDENTITY, D.CHILD_DETAILS, D.REPORTER_IDENTITY, D.VICTIM_IDENTITY, D.WITNESS_IDENTITY,
})  # fmt: skip
"""Categories that a free text could repeat and that some recipients may not have (docs/referral.md, "Free text")."""

_IDENTITY_OF_OTHERS = {
    PersonRole.VICTIM: D.VICTIM_IDENTITY, PersonRole.WITNESS: D.WITNESS_IDENTITY,
    PersonRole.REPORTER: D.REPORTER_IDENTITY, PersonRole.ALLEGED_PERPETRATOR: D.ALLEGED_PERPETRATOR_IDENTITY,
    PersonRole.PROVEN_PERPETRATOR: D.ALLEGED_PERPETRATOR_IDENTITY, PersonRole.CHILD: D.CHILD_DETAILS,
    PersonRole.PARENT: D.HOUSEHOLD, PersonRole.HOUSEHOLD_MEMBER: D.HOUSEHOLD,
    PersonRole.STAFF: D.THIRD_PARTY_DATA, PersonRole.PROFESSIONAL: D.THIRD_PARTY_DATA,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text and what it reveals beyond the item's own categories."""

    text: str
    categories: frozenset[D] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """One item of data.

    `path` is the canonical path ("alleged.name"), `of` which one ("p2", "incident 1" or ""), `about` the person it is
    about or None for the case, `categories` what must all be allowed for it to go, `spans` its words in order.
    """

    path: str
    title: str
    of: str
    about: str | None
    categories: frozenset[D]
    spans: tuple[Span, ...]

    @property
    def value(self) -> str:
        """The words in full."""
        return "".join(span.text for span in self.spans)


def items(referral: Referral) -> tuple[Item, ...]:
    """Every item of the referral's record that has a value, in a stable order.

    Categories are relative to the referral's subject: the name of anyone else is `alleged_perpetrator_identity`,
    `witness_identity` and so on. An unscreened free text carries every guarded category flagged anywhere in the record.
    """
    record = referral.record
    flagged = flagged_categories(referral)
    parts: list[tuple[str, str, Strict]] = [("case", "", record.case)]
    parts += [("incident", f"incident {number}", incident) for number, incident in enumerate(record.incidents, start=1)]
    parts += [("risk", "", record.risk)]
    parts += [("fire", "", record.fire)] if record.fire else []
    parts += [("housing", "", record.housing)] if record.housing else []
    parts += [("evidence", f"evidence {number}", entry) for number, entry in enumerate(record.evidence, start=1)]
    found = [item for prefix, of, part in parts for item in _part_items(prefix, of, part, flagged)]
    for person in record.people:
        found += _person_items(person, person.id == referral.subject, flagged)
    found += [
        Item("summary", "summary", summary.written_for.value, None,
             frozenset({D.INCIDENT_NARRATIVE, *summary.reveals}), (Span(summary.text),))
        for summary in record.summaries
    ]  # fmt: skip
    return tuple(found)


def flagged_categories(referral: Referral) -> frozenset[D]:
    """Guarded categories that anything in the record holds, and who else is in it: what an unread text may repeat."""
    record = referral.record
    flagged = {statement.category for person in record.people for statement in person.statements}
    for person in record.people:
        flagged |= {D.DISABILITY} if person.communication_needs else set()
        flagged |= {D.HEALTH} if person.care_needs else set()
        flagged |= {D.SAFE_ADDRESS} if person.address and person.address.protected else set()
        flagged |= {_IDENTITY_OF_OTHERS[person.role]} if person.id != referral.subject else set()
    flagged |= {D.HATE_STRAND} if record.case.strands else set()
    for incident in record.incidents:
        flagged |= {D.HEALTH} if incident.injuries else set()
        flagged |= {D.CRIMINAL_ALLEGATION} if incident.weapon or incident.believed_criminal == "yes" else set()
    return GUARDED & flagged


def categories_of(path: str, subject: PersonRole = PersonRole.VICTIM) -> frozenset[D]:
    """What an item of a canonical path holds, where the referral is about that person and every text was screened."""
    prefix, _, name = path.partition(".")
    if path == "summary":
        return frozenset({D.INCIDENT_NARRATIVE})
    if prefix in PARTS:
        category = dict(labels_of(PARTS[prefix]))[name].category
        return frozenset({category} if category else set())
    label = dict(labels_of(Person)).get(name)
    held = D.SAFE_ADDRESS if name == PROTECTED_ADDRESS else label.category if label else D(name)
    role = next(role for role, begins in PREFIX.items() if begins == prefix)
    found = frozenset({held} if held else set())
    if prefix == PREFIX[subject]:
        return found
    return (found - {D.IDENTITY, D.CONTACT, D.HOUSEHOLD}) | {_IDENTITY_OF_OTHERS[role]}


def _part_items(prefix: str, of: str, part: Strict, flagged: frozenset[D]) -> Iterator[Item]:
    for name, holds, value in _labelled(part):
        categories = frozenset({holds.category} if holds.category else set())
        if isinstance(value, FreeText):
            categories |= frozenset() if value.screened else flagged
        yield Item(f"{prefix}.{name}", holds.title, of, None, categories, _spans(value))


def _person_items(person: Person, is_subject: bool, flagged: frozenset[D]) -> Iterator[Item]:
    prefix = PREFIX[person.role]
    whose: frozenset[D] = frozenset() if is_subject else frozenset({_IDENTITY_OF_OTHERS[person.role]})
    for name, holds, value in _labelled(person):
        if holds.category is None:
            continue
        categories = {holds.category} | whose
        path = name
        if isinstance(value, Address) and value.protected:
            path, categories = PROTECTED_ADDRESS, {D.SAFE_ADDRESS} | whose
        elif not is_subject:
            # Another person's name or number is that person's identity, not the subject's.
            categories = ({holds.category} - {D.IDENTITY, D.CONTACT, D.HOUSEHOLD}) | whose
        if isinstance(value, FreeText) and not value.screened:
            categories |= flagged
        yield Item(f"{prefix}.{path}", holds.title, person.id, person.id, frozenset(categories), _spans(value))
    for statement in person.statements:
        title = statement.category.value.replace("_", " ")
        yield Item(
            f"{prefix}.{statement.category.value}", title, person.id, person.id,
            frozenset({statement.category}) | whose, (Span(statement.value),),
        )  # fmt: skip


def _labelled(part: Strict) -> Iterator[tuple[str, Holds, object]]:
    for name, label in labels_of(type(part)):
        value = getattr(part, name)
        if value not in (None, (), "unknown"):
            yield name, label, value


def _spans(value: object) -> tuple[Span, ...]:
    if isinstance(value, FreeText):
        return _marked(value)
    if isinstance(value, tuple) and all(isinstance(part, Contact) for part in value):  # each may stay by itself
        return tuple(Span(("; " if number else "") + _words(part)) for number, part in enumerate(value))
    return (Span(_words(value)),)


def _marked(text: FreeText) -> tuple[Span, ...]:
    """Cut a screened text at its marks; where two marks touch the same words, each letter carries both."""
    reveals: list[frozenset[D]] = [frozenset()] * len(text.text)
    for mark in text.marks:
        start, done = text.text.find(mark.quote), 0
        while start >= 0:
            for position in range(max(start, done), start + len(mark.quote)):
                reveals[position] |= frozenset(mark.categories)
            done = start + len(mark.quote)
            start = text.text.find(mark.quote, start + 1)
    spans: list[Span] = []
    begin = 0
    for position in range(1, len(text.text) + 1):
        if position == len(text.text) or reveals[position] != reveals[begin]:
            spans.append(Span(text.text[begin:position], reveals[begin]))
            begin = position
    return tuple(spans)


def _words(value: object) -> str:
    match value:
        case When():
            start = f"{value.start:%d %B %Y %H:%M} UTC" if value.precision == "instant" else f"{value.start:%d %B %Y}"
            until = f" to {value.end:%d %B %Y}" if value.end else ""
            return f"{start}{until}" if value.precision == "instant" else f"{start}{until} ({value.precision})"
        case Strand():
            words = f': "{value.words}"' if value.words else ""
            return f"{value.value.replace('_', ' ')} ({value.basis.replace('_', ' ')}){words}"
        case Address():
            uprn = (f"UPRN {value.uprn}",) if value.uprn else ()
            return ", ".join((*value.lines, *((value.postcode,) if value.postcode else ()), *uprn))
        case Contact():
            return f"{value.channel}: {value.value}"
        case SafeContact():
            return _safe_contact(value)
        case tuple():
            return "; ".join(_words(part) for part in value)
        case StrEnum():
            return value.value.replace("_", " ")
        case date():
            return value.isoformat()
        case BaseModel():
            raise TypeError(f"{type(value).__name__} has no rendering; give it one here")
        case _:
            return str(value)


def _safe_contact(safe: SafeContact) -> str:
    allowed = {"call": safe.may_call, "leave a message": safe.may_leave_message, "write": safe.may_write}
    parts = [f"{'may' if yes else 'DO NOT'} {act}" for act, yes in allowed.items()]
    parts += [f"when: {safe.times}"] if safe.times else []
    parts += [f"must never know: {safe.never_tell}"] if safe.never_tell else []
    return "; ".join(parts)
