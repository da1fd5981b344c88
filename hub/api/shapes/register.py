"""The register of disclosures as it is shown and taken away."""

from collections.abc import Iterator
from datetime import date, datetime

from pydantic import BaseModel

from hub.api.shapes.sheets import Cell
from hub.delivery.disclosed import Place
from hub.flow.register import Page, Shown
from hub.flow.search_person import Answer, Match
from hub.register.small_counts import told
from protocols.vocabulary import Basis

_BASIS, _CONDITIONS, _GATEWAYS = ("a6_",), ("a9_", "a10_"), ("gw_",)


class GroundOut(BaseModel):
    """A ground and its provision."""

    ground: Basis
    citation: str


class DisclosedOut(BaseModel):
    """One disclosure. Of somebody who was erased, what went and on what ground is null: nobody can tell any more."""

    disclosure: str
    reference: str
    agency: str
    agency_name: str
    purpose: str
    state: str
    disclosed_at: datetime
    officer: str
    case: str
    referral: str
    agreements: list[str] | None
    clauses: list[str] | None
    lawful_basis: list[GroundOut] | None
    conditions: list[GroundOut] | None
    gateways: list[GroundOut] | None
    other_grounds: list[GroundOut] | None
    cites: list[str] | None
    fields: list[str] | None
    explanation: str


class DisclosureRegister(BaseModel):
    """Part of the register, the last released first. A page may be short and go on: ask again with `next`."""

    disclosures: list[DisclosedOut]
    next: str | None


class DisclosedAboutOut(DisclosedOut):
    """A disclosure that told of a person: `own_fields` of theirs, `case_fields` of the case as a whole."""

    own_fields: list[str]
    case_fields: list[str]


class MatchOut(BaseModel):
    """One person of one case, by number, with name and date of birth as the record has them now.

    `unopened` disclosures of that case were about somebody erased since, and may have told of this person too.
    """

    case: str
    person: str
    role: str | None
    name: str | None
    date_of_birth: date | None
    referrals: list[str]
    disclosures: list[DisclosedAboutOut]
    unopened: int | str


class PersonSearchOut(BaseModel):
    """Case by case. `whole` is false while cases of before are still being entered in the index.

    Where a date of birth was given: how many more persons have that name, born another day or on a day not on file.
    What is taken away hides small counts.
    """

    matches: list[MatchOut]
    same_name_born_another_day: int | str
    same_name_birth_unknown: int | str
    whole: bool
    next: str | None


COLUMNS = ("disclosure", "reference", "agency", "agency name", "purpose", "state", "disclosed at", "officer", "case",
           "referral", "agreements", "clauses", "lawful basis", "conditions", "gateways", "other grounds", "cites",
           "fields", "explanation")  # fmt: skip
PERSON_COLUMNS = ("case", "person", "role", "name", "date of birth", "own fields", "case fields", *COLUMNS,
                  "unopened", "same name born another day", "same name birth unknown", "index whole")  # fmt: skip


def register_out(page: Page) -> DisclosureRegister:
    """A part of the register as the API tells it."""
    shown = [DisclosedOut.model_validate(_values(one)) for one in page.shown]
    return DisclosureRegister(disclosures=shown, next=written(page.following))


def search_out(answer: Answer, *, leaves: bool = False) -> PersonSearchOut:
    """What was found of a person as the API tells it; where it `leaves`, with no small count."""

    def count(number: int) -> int | str:
        return _leaving(number) if leaves else number

    return PersonSearchOut(
        matches=[_match(match, count(match.unopened)) for match in answer.matches], whole=answer.is_whole,
        same_name_born_another_day=count(answer.namesakes.born_another_day), next=answer.following,
        same_name_birth_unknown=count(answer.namesakes.birth_unknown),
    )  # fmt: skip


def rows_of(page: Page) -> Iterator[list[Cell]]:
    """Each disclosure as a row of `COLUMNS`."""
    for one in page.shown:
        yield _cells(one)


def person_rows_of(answer: Answer) -> Iterator[list[Cell]]:
    """Each disclosure about each person as a row of `PERSON_COLUMNS`, with no small count.

    A person of whom no disclosure is told has a row too, and so has a search that found nobody: a sheet without rows
    would read as if nothing went, also where nobody can tell.
    """
    names = answer.namesakes
    search: list[Cell] = [_leaving(names.born_another_day), _leaving(names.birth_unknown), answer.is_whole]
    for match in answer.matches:
        known = match.known
        own: list[Cell] = [match.case_id, match.person, known.role.value if known else None,
                           known.name if known else None, known.born if known else None]  # fmt: skip
        ends: list[Cell] = [_leaving(match.unopened), *search]
        for about in match.disclosures:
            yield [*own, "; ".join(about.own), "; ".join(about.of_case), *_cells(about.shown), *ends]
        if not match.disclosures:
            yield [*own, *[None] * (len(PERSON_COLUMNS) - len(own) - len(ends)), *ends]
    if not answer.matches:
        yield [*[None] * (len(PERSON_COLUMNS) - len(search)), *search]


def written(place: Place | None) -> str | None:
    """A place in the register as a cursor: microseconds since 1970, and the row."""
    return f"{_microseconds(place.disclosed_at)}.{place.seq}" if place is not None else None


def _leaving(number: int) -> int | str:
    return told({0: number}).counts[0]


def _microseconds(at: datetime) -> int:
    since = at - datetime.fromtimestamp(0, at.tzinfo)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _match(match: Match, unopened: int | str) -> MatchOut:
    known = match.known
    return MatchOut(
        case=match.case_id, person=match.person, role=known.role.value if known else None,
        name=known.name if known else None, referrals=list(match.referrals), unopened=unopened,
        date_of_birth=date.fromisoformat(known.born) if known and known.born else None,
        disclosures=[
            DisclosedAboutOut.model_validate(
                {**_values(about.shown), "own_fields": list(about.own), "case_fields": list(about.of_case)}
            )
            for about in match.disclosures
        ],
    )  # fmt: skip


def _values(one: Shown) -> dict[str, object]:
    row, went = one.disclosed.row, one.went
    grounds = went.basis if went is not None else ()

    def of(*prefixes: str) -> list[GroundOut] | None:
        its = [ground for ground in grounds if ground.startswith(prefixes)]
        return [GroundOut(ground=ground, citation=ground.citation) for ground in its] if went is not None else None

    others = [ground for ground in grounds if not ground.startswith((*_BASIS, *_CONDITIONS, *_GATEWAYS))]
    return {
        "disclosure": row.id, "reference": row.reference, "agency": row.agency, "agency_name": one.agency,
        "purpose": row.purpose, "state": row.state.value, "disclosed_at": row.disclosed_at,
        "officer": one.disclosed.officer, "case": row.case_id, "referral": row.referral_id,
        "agreements": list(went.agreements) if went else None, "clauses": list(went.clauses) if went else None,
        "lawful_basis": of(*_BASIS), "conditions": of(*_CONDITIONS), "gateways": of(*_GATEWAYS),
        "other_grounds": [GroundOut(ground=one, citation=one.citation) for one in others] if went else None,
        "cites": list(went.cites) if went else None, "fields": list(went.paths) if went else None,
        "explanation": f"/v1/disclosures/{row.id}/explanation?voice=dpo&decision={one.disclosed.decisions[-1]}",
    }  # fmt: skip


def _cells(one: Shown) -> list[Cell]:
    return [_cell(value) for value in _values(one).values()]


def _cell(value: object) -> Cell:
    match value:
        case datetime():
            return value.isoformat()
        case list():
            return "; ".join(one.ground.value if isinstance(one, GroundOut) else str(one) for one in value)
        case None:
            return None
        case _:
            return str(value)
