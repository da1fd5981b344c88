"""Everything ever disclosed about a person: to whom, when, which fields, on what ground. Each search is an entry.

The name is looked for by its digest; what is found is told case by case, so that two people of one name are never
taken for one. What is looked for stands neither in the log nor in an address.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.access.cases import ReadFor, purpose_of
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import disclosed
from hub.delivery.disclosed import Disclosed
from hub.errors import NotTrusted
from hub.flow.house import House
from hub.flow.register import Shown, landlord_of, readings, show
from hub.intake import naming, referrals
from hub.intake.naming import Naming
from hub.logs import event
from hub.register import person_index
from hub.register.person_index import Namesakes, Sought
from hub.store.unit_of_work import Reading

_log = logging.getLogger(__name__)

_CASES: Final = 20
_DISCLOSURES: Final = 100
"""Told at once, but never less than one case whole."""
_PERSON: Final = re.compile(r"p[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class AboutPerson:
    """A disclosure that told of a person: the fields of theirs, and those of the case as a whole that went with them.

    Where it was the person whom the referral is about, what it says of the case is about them too.
    """

    shown: Shown
    own: tuple[str, ...]
    of_case: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One person of one case whom what was given fits, and what was disclosed of them.

    `person` is the number in the case; `known` is how the latest record that has them tells of them.
    `unopened` disclosures of the case may have told of them too: they were about somebody who was erased since.
    """

    case_id: str
    person: str
    known: Naming | None
    referrals: tuple[str, ...]
    disclosures: tuple[AboutPerson, ...]
    unopened: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Part of an answer; `following` is the last case of it where there are more.

    `is_whole`: whether every case on file is in the index; one of before may not be yet.
    """

    matches: tuple[Match, ...]
    namesakes: Namesakes
    following: str | None
    is_whole: bool


def search_person(
    house: House, actor: Actor, sought: Sought, *, after: str | None = None, purpose: ReadFor | None = None
) -> Answer:
    """What was disclosed about a person, at the actor's landlord. Raises BadInput, NotAllowed."""
    require(actor, Act.SEARCH_PERSON)
    return _search(house, actor, sought, after, "list", purpose)


def take_person(
    house: House, actor: Actor, sought: Sought, form: str, *, after: str | None = None, purpose: ReadFor | None = None
) -> Answer:
    """As `search_person`, to be taken away as that form: its name is in the entry."""
    require(actor, Act.SEARCH_PERSON)
    require(actor, Act.EXPORT_REGISTER)
    return _search(house, actor, sought, after, f"export.{form}", purpose)


def _search(
    house: House, actor: Actor, sought: Sought, after: str | None, view: str, purpose: ReadFor | None
) -> Answer:  # fmt: skip
    reads_for, landlord = purpose_of(actor, purpose), landlord_of(actor)
    with house.store.write(actor.scope) as tx:
        persons = person_index.find(tx, sought, after, _CASES + 1)
        went = disclosed.of_cases(tx, {case_id for case_id, _ in persons})
        cases, following = _cut(persons, went)
        told = {one.disclosed.row.id: one for one in show(tx, landlord, [row for case in cases for row in went[case]])}
        matches = [
            match for case_id in cases
            for match in _of_case(tx, case_id, [who for case, who in persons if case == case_id], went[case_id], told)
        ]  # fmt: skip
        answer = Answer(tuple(matches), person_index.namesakes(tx, sought), following, not person_index.due(tx, 1))
        log.append(tx, _entries(actor, sought, view, reads_for, answer, house.clock.now()))
    return answer


def _cut(
    persons: Sequence[tuple[str, str]], went: Mapping[str, Sequence[Disclosed]]
) -> tuple[tuple[str, ...], str | None]:
    """The cases that are told now, and the last of them where there are more."""
    cases = list(dict.fromkeys(case_id for case_id, _ in persons))
    many, told = 0, 0
    for case_id in cases[:_CASES]:
        many += len(went[case_id])
        if told and many > _DISCLOSURES:
            break
        told += 1
    return tuple(cases[:told]), cases[told - 1] if told < len(cases) else None


def _of_case(
    tx: Reading, case_id: str, persons: Sequence[str], went: Sequence[Disclosed], told: Mapping[str, Shown]
) -> list[Match]:
    subjects = referrals.of_case(tx, case_id)
    try:
        known = {one.person: one for people in naming.on_file(tx, case_id, {}).values() for one in people}
    except NotTrusted as problem:  # the person is in the index: what went is told without what is on file of them
        event(_log, "case_not_opened", logging.ERROR, case=case_id, code=problem.code)
        known = {}
    return [
        Match(case_id, person, known.get(person), tuple(subjects), tuple(
            about for row in went
            if (about := _about(told[row.row.id], person, subjects[row.row.referral_id])) is not None
        ), sum(told[row.row.id].went is None for row in went))
        for person in persons
    ]  # fmt: skip


def _about(shown: Shown, person: str, subject: str) -> AboutPerson | None:
    """What of a disclosure is about this person; None where nothing is."""
    going = shown.went.going if shown.went is not None else frozenset()
    own = sorted({path for path, of in going if of == person})
    of_case = sorted({path for path, of in going if _PERSON.fullmatch(of) is None})
    if not own and (person != subject or not of_case):
        return None
    return AboutPerson(shown, tuple(own), tuple(of_case))


def _entries(
    actor: Actor, sought: Sought, view: str, purpose: ReadFor, answer: Answer, now: datetime
) -> list[Entry]:  # fmt: skip
    found = answer.matches
    return readings(EntryKind.REGISTER_SEARCHED, actor, view, purpose, now, [
        referral for match in found for referral in match.referrals
    ], {
        "by": sought.by, "cases": len({match.case_id for match in found}),
        "disclosures": len({about.shown.disclosed.row.id for match in found for about in match.disclosures}),
    })  # fmt: skip
