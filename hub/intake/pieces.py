"""A referral taken apart to be kept: by person, and by class of data as each field's label says; and joined again.

The normal piece is the record without what is guarded; the others are lists of what belongs where. A class that was
erased reads as if its fields had never been given. Consents are facts of the register and are not kept twice.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from hub.store.classes import DataClass, class_of
from hub.store.content import CASE, Pieces
from protocols.record import (
    Address,
    Ask,
    Case,
    Circumstances,
    Evidence,
    FireRisk,
    FreeText,
    HousingNeed,
    Incident,
    Person,
    PersonRole,
    Record,
    Referral,
    RiskAssessment,
    Summary,
    flagged_categories,
)
from protocols.record.labels import Strict, labels_of
from protocols.vocabulary import DataCategory as D

_Path = tuple[str | int, ...]
_Part = TypeVar("_Part", bound=Strict)

_INFORMANTS = {PersonRole.REPORTER: D.REPORTER_IDENTITY, PersonRole.WITNESS: D.WITNESS_IDENTITY}
"""Whoever told is kept apart, with every way to find them."""
_IDENTIFIES = frozenset({D.IDENTITY, D.CONTACT, D.HOUSEHOLD})

CIRCUMSTANCES: Mapping[str, D] = {
    "capacity": D.HEALTH, "adult_at_risk": D.HEALTH, "certificate_known": D.GRA_PROTECTED,
    "serious_crime": D.CRIMINAL_ALLEGATION, "allegation_validated": D.CRIMINAL_ALLEGATION,
}  # fmt: skip
"""What an answer of the officer tells about the person, where it tells special data; the others are normal."""


def split(given: Referral) -> Pieces:
    """Everything of a referral but its consents, by person (or `CASE`) and class."""
    whole = given.model_dump(mode="json", exclude={"consents"})
    people = whole["record"].pop("people")
    whole["record"]["order"] = [person["id"] for person in people]
    flagged = flagged_categories(given)
    pieces = {CASE: _classed(whole, _of_case(given, flagged))}
    for person, document in zip(given.record.people, people, strict=True):
        pieces[person.id] = _classed(document, _of_person(person, person.id == given.subject, flagged))
    return pieces


def join(pieces: Pieces) -> Referral:
    """The referral that was split, without the people and classes that were erased since."""
    whole = _joined(pieces[CASE])
    order = whole["record"].pop("order")
    whole["record"]["people"] = [_joined(pieces[who]) for who in order if DataClass.NORMAL in pieces.get(who, {})]
    return Referral.model_validate_json(json.dumps(whole))


def of_person(pieces: Mapping[DataClass, bytes]) -> dict[str, Any] | None:
    """What is kept of one person, as JSON; None where they were erased."""
    return _joined(pieces) if DataClass.NORMAL in pieces else None


def class_of_identity(role: PersonRole, *, is_subject: bool) -> DataClass:
    """The class in which a person's name and contacts are kept: whoever informed is kept apart."""
    informs = None if is_subject else _INFORMANTS.get(role)
    return class_of(_IDENTIFIES | {informs}) if informs else class_of(_IDENTIFIES)


def split_again(pieces: Pieces) -> Pieces:
    """The pieces of a referral of version 0001, which knew no classes; also where its subject was erased since."""
    whole = _joined(pieces[CASE]) if CASE in pieces else None
    people = {who: Person.model_validate_json(each[DataClass.NORMAL]) for who, each in pieces.items() if who != CASE}
    if whole is None:  # nothing is left by which to tell what a text repeats
        return {who: {DataClass.SEALED: each[DataClass.NORMAL]} for who, each in pieces.items()}
    order = whole["record"].pop("order")
    given = Referral.model_construct(
        **{name: whole[name] for name in ("schema_version", "landlord", "subject", "reply_to")},
        asks=tuple(_model(Ask, one) for one in whole["asks"]),
        record=_record(whole["record"], tuple(people[who] for who in order if who in people)),
        circumstances=_model(Circumstances, whole["circumstances"]),
    )  # fmt: skip
    again = split(given)
    document = json.loads(again[CASE][DataClass.NORMAL])
    document["record"]["order"] = order
    again[CASE][DataClass.NORMAL] = json.dumps(document).encode()
    return again


def _record(whole: Mapping[str, Any], people: tuple[Person, ...]) -> Record:
    """A record read part by part: it may lack the people that a whole one must have."""
    return Record.model_construct(
        case=_model(Case, whole["case"]), people=people, risk=_model(RiskAssessment, whole["risk"]),
        incidents=tuple(_model(Incident, one) for one in whole["incidents"]),
        fire=_model(FireRisk, whole["fire"]) if whole["fire"] else None,
        housing=_model(HousingNeed, whole["housing"]) if whole["housing"] else None,
        evidence=tuple(_model(Evidence, one) for one in whole["evidence"]),
        summaries=tuple(_model(Summary, one) for one in whole["summaries"]),
    )  # fmt: skip


def _model(model: type[_Part], document: object) -> _Part:
    return model.model_validate_json(json.dumps(document))


def _of_case(given: Referral, flagged: frozenset[D]) -> Iterator[tuple[_Path, DataClass]]:
    """Where the case's own content is guarded, and how."""
    record = given.record
    parts: list[tuple[_Path, Strict | None]] = [(("case",), record.case), (("risk",), record.risk)]
    parts += [(("fire",), record.fire), (("housing",), record.housing)]
    parts += [(("incidents", number), one) for number, one in enumerate(record.incidents)]
    parts += [(("evidence", number), one) for number, one in enumerate(record.evidence)]
    for path, part in parts:
        for name, label, value in _fields(part):
            yield ("record", *path, name), class_of({*_held(label, value, flagged)})
    for number, summary in enumerate(record.summaries):
        yield ("record", "summaries", number), class_of(summary.reveals)
    for name, category in CIRCUMSTANCES.items():
        yield ("circumstances", name), class_of({category})


def _of_person(person: Person, is_subject: bool, flagged: frozenset[D]) -> Iterator[tuple[_Path, DataClass]]:
    """Where a person's content is guarded, and how."""
    informs = None if is_subject else _INFORMANTS.get(person.role)
    for name, label, value in _fields(person):
        held = {*_held(label, value, flagged)}
        yield (name,), class_of(held | {informs} if informs and held & _IDENTIFIES else held)
    for number, statement in enumerate(person.statements):
        yield ("statements", number), class_of({statement.category})


def _fields(part: Strict | None) -> Iterator[tuple[str, D | None, object]]:
    """The fields of a part that may be missing: what must be there is normal, or nothing of it could be read."""
    if part is None:
        return
    for name, label in labels_of(type(part)):
        if not type(part).model_fields[name].is_required():
            yield name, label.category, getattr(part, name)


def _held(label: D | None, value: object, flagged: frozenset[D]) -> Iterator[D]:
    if label is not None:
        yield label
    if isinstance(value, Address) and value.protected:
        yield D.SAFE_ADDRESS
    if isinstance(value, FreeText):  # unread, it may repeat anything that the record holds
        yield from (category for mark in value.marks for category in mark.categories) if value.screened else flagged


def _classed(document: dict[str, Any], guarded: Iterator[tuple[_Path, DataClass]]) -> dict[DataClass, bytes]:
    """The document without what is guarded, and that apart by class. A number at the end is a place in a list."""
    apart: dict[DataClass, list[tuple[_Path, Any]]] = {}
    for path, kind in guarded:
        value = _parent(document, path)[path[-1]]
        if kind is not DataClass.NORMAL and value not in (None, [], "unknown"):
            apart.setdefault(kind, []).append((path, value))
    for path, _ in sorted(
        (one for each in apart.values() for one in each), key=lambda one: _rank(one[0]), reverse=True
    ):
        del _parent(document, path)[path[-1]]
    return {
        DataClass.NORMAL: json.dumps(document).encode(),
        **{kind: json.dumps(each).encode() for kind, each in apart.items()},
    }


def _joined(pieces: Mapping[DataClass, bytes]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(pieces[DataClass.NORMAL])
    apart = [one for kind, piece in pieces.items() if kind is not DataClass.NORMAL for one in json.loads(piece)]
    for path, value in sorted(apart, key=lambda one: _rank(one[0])):
        parent = _parent(document, path)
        if isinstance(parent, list):
            parent.insert(path[-1], value)
        else:
            parent[path[-1]] = value
    return document


def _parent(document: Any, path: _Path) -> Any:  # noqa: ANN401 - JSON
    for step in path[:-1]:
        document = document[step]
    return document


def _rank(path: _Path) -> int:
    """Elements of a list go in by their place, the first one first, and come out the last one first."""
    return path[-1] if isinstance(path[-1], int) else -1
