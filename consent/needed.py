"""What each kind of recipient needs for its purpose: UK GDPR Art 5(1)(c), adequate, relevant and no more.

The lists are data (`consent/needs/*.toml`), one file per kind of recipient, in the canonical paths of
`protocols.record`. A path that a list does not name is not needed, and what is not needed does not go.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Annotated

from pydantic import Field, ValidationError

from protocols.record import Strict, known_paths
from protocols.vocabulary import AgencyKind, Purpose


@unique
class Need(StrEnum):
    """How much a recipient needs an item. All but `never` go where they are held and the decision keeps them."""

    MINIMAL = "minimal"  # the recipient cannot act without it
    ASKED = "asked"  # the recipient's form asks for it as a rule
    CONDITIONAL = "conditional"  # needed where the thing exists: an injury, a known suspect, an interpreter
    OPTIONAL = "optional"  # welcome, not necessary: so special category data goes only by explicit consent
    NEVER = "never"  # must not be sent; says so for the reader, as leaving it out would do the same


@dataclass(frozen=True, slots=True)
class Row:
    """One need, why, and whether it holds only for the person whom the referral is about."""

    need: Need
    why: str
    subject_only: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What one kind of recipient needs: canonical path to row. No `purposes` means every purpose."""

    id: str
    version: str
    recipients: frozenset[AgencyKind]
    needs: Mapping[str, Row] = field(hash=False)
    purposes: frozenset[Purpose] = frozenset()
    effective_from: date = date.min
    effective_until: date = date.max

    def need(self, path: str, *, is_subject: bool) -> Need:
        """The need for an item of that path, about the referral's subject or not; unlisted is `never`."""
        row = self.needs.get(path)
        if row is None or (row.subject_only and not is_subject):
            return Need.NEVER
        return row.need

    def takes(self, path: str, *, is_subject: bool) -> bool:
        """Whether an item of that path may go at all, should the decision keep its categories."""
        return self.need(path, is_subject=is_subject) is not Need.NEVER


class ProfileError(ValueError):
    """A needs file that cannot be used: names the file, the field and the reason."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """Every needs profile in use."""

    all: tuple[Profile, ...]

    def for_recipient(self, kind: AgencyKind, purpose: Purpose, on: date | None = None) -> Profile:
        """The list for that recipient and purpose, in effect on that date (None: the latest).

        A list made for the purpose goes before a list for all purposes. A recipient with no list needs nothing.
        """
        fitting = [
            profile for profile in self.all
            if kind in profile.recipients and (not profile.purposes or purpose in profile.purposes)
            and (on is None or profile.effective_from <= on <= profile.effective_until)
        ]  # fmt: skip
        empty = Profile(id=f"none_{kind.value}", version="0", recipients=frozenset({kind}), needs={})
        return max(fitting, key=lambda profile: (bool(profile.purposes), profile.effective_from), default=empty)


def load_profiles(files: Mapping[str, str]) -> Profiles:
    """Profiles from the texts of needs files, by file name; ProfileError on the first that cannot be used."""
    profiles = tuple(_load(name, files[name]) for name in sorted(files))
    claims: dict[tuple[AgencyKind, Purpose | None, date], str] = {}
    for profile in profiles:
        for claim in _claims(profile):
            if claim in claims:
                raise ProfileError(f"{profile.id}: recipients: {claim[0].value} is already listed by {claims[claim]}")
            claims[claim] = profile.id
    return Profiles(profiles)


def defects(profile: Profile) -> list[str]:
    """What is wrong with a list, one sentence each; an empty list where nothing is.

    Paths must exist; whoever gets a number or an address gets the safe-contact instruction with it; whoever gets a
    narrative takes a summary in its place; nobody's list names witnesses or reporters, but the police list may as
    `optional`.
    """
    known = known_paths()
    found = [f"{path} is no path of a record" for path in profile.needs if path not in known]
    taken = {path: row for path, row in profile.needs.items() if row.need is not Need.NEVER}
    for path, row in taken.items():
        who, _, what = path.partition(".")
        if what in REACH and _is_narrower(taken.get(f"{who}.safe_contact"), row):
            found.append(f"{path} is taken without {who}.safe_contact")
        if path in NARRATIVES and "summary" not in taken:
            found.append(f"{path} is taken without summary")
        police_may = profile.recipients == {AgencyKind.POLICE} and row.need is Need.OPTIONAL
        if who in ("witness", "reporter") and not police_may:
            found.append(f"{path} would name somebody who may face reprisal")
    return found


REACH = ("contacts", "address", "protected_address")
"""Fields by which a person can be reached or found: never without the same person's safe-contact instruction."""

NARRATIVES = ("case.summary", "case.history", "incident.narrative")
"""The free texts that a summary written for the recipient takes the place of."""


def _is_narrower(safe: Row | None, reach: Row) -> bool:
    return safe is None or (safe.subject_only and not reach.subject_only)


class _NeedRow(Strict):
    paths: tuple[str, ...] = Field(min_length=1, strict=False)
    need: Need = Field(strict=False)
    why: str = Field(min_length=1, max_length=300)
    subject_only: bool = False


class _ProfileFile(Strict):
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(pattern=r"^[0-9]+(\.[0-9]+)*$")
    recipients: tuple[Annotated[AgencyKind, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field(default=(), strict=False)
    effective_from: date
    effective_until: date = date.max
    source: tuple[str, ...] = Field(min_length=1, strict=False)
    need: tuple[_NeedRow, ...] = Field(min_length=1, strict=False)


def _load(name: str, text: str) -> Profile:
    try:
        file = _ProfileFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{name}: not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProfileError(f"{name}: {where}: {first['msg']}") from None
    needs: dict[str, Row] = {}
    for number, row in enumerate(file.need):
        for path in row.paths:
            if path in needs:
                raise ProfileError(f"{name}: need.{number}.paths: {path} is listed twice")
            needs[path] = Row(row.need, row.why, row.subject_only)
    return Profile(
        id=file.id, version=file.version, recipients=frozenset(file.recipients), needs=needs,
        purposes=frozenset(file.purposes), effective_from=file.effective_from, effective_until=file.effective_until,
    )  # fmt: skip


def _claims(profile: Profile) -> Iterator[tuple[AgencyKind, Purpose | None, date]]:
    for kind in sorted(profile.recipients):
        for purpose in sorted(profile.purposes) or (None,):
            yield kind, purpose, profile.effective_from
