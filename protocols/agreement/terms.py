"""The terms an agreement is made of: clauses, security, retention, onward sharing, signatories, mailboxes.

Shape after the ICO data sharing code of practice: what an agreement ought to say. Nobody is named: roles only.
"""

from collections import Counter
from datetime import date
from enum import StrEnum, unique
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from protocols.parties import OrganisationName
from protocols.record.labels import Code, Line, Prose, Strict
from protocols.vocabulary import Basis, DataCategory, Purpose

Word = TypeVar("Word", bound=str)


def _refuse_repeats(words: tuple[Word, ...]) -> tuple[Word, ...]:
    if any(count > 1 for count in Counter(words).values()):
        raise PydanticCustomError("repeated", "lists the same word twice", {"remedy": "keep one of them"})
    return words


def _refuse_other_bases(basis: Basis) -> Basis:
    if not basis.startswith("gw_"):
        raise PydanticCustomError("gateway", "is not a statutory gateway", {"remedy": "use a word that begins gw_"})
    return basis


Purposes = Annotated[
    tuple[Annotated[Purpose, Field(strict=False)], ...], Field(strict=False), AfterValidator(_refuse_repeats)
]
Categories = Annotated[
    tuple[Annotated[DataCategory, Field(strict=False)], ...], Field(strict=False), AfterValidator(_refuse_repeats)
]
Gateways = Annotated[
    tuple[Annotated[Basis, Field(strict=False), AfterValidator(_refuse_other_bases)], ...],
    Field(strict=False),
    AfterValidator(_refuse_repeats),
]
Transports = Annotated[tuple[Code, ...], Field(strict=False, min_length=1), AfterValidator(_refuse_repeats)]


class Clause(Strict):
    """A clause, restated, so that a decision can cite it by number ("4.2").

    A clause that lets data pass names the purposes and the categories it covers, each category for each purpose.
    One that names neither binds the parties and lets nothing pass.
    """

    number: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?(\.[1-9][0-9]?){0,2}$")]
    heading: Line
    text: Prose
    purposes: Purposes = ()
    categories: Categories = ()


class Security(Strict):
    """How data may travel under the agreement: ids of transports ("secure_email", "sftp"), and the rule in words."""

    transports: Transports
    rule: Prose


class Retention(Strict):
    """Whole days after receipt by which the recipient deletes its copy (UK GDPR Art 5(1)(e)), and the rule in words."""

    days: Annotated[int, Field(ge=1, le=36_525)]
    rule: Prose


@unique
class OnwardRule(StrEnum):
    """Whether a recipient may pass data on. What the law compels a recipient to give stays outside all three."""

    NEVER = "never"
    ASK_FIRST = "ask_first"
    PARTIES_ONLY = "parties_only"


class OnwardSharing(Strict):
    """The rule on passing data on, as a word that can be acted on and in plain words."""

    allowed: OnwardRule = Field(strict=False)
    rule: Prose


class Signatory(Strict):
    """One signature: for which party, by the holder of which role, on which day, and the digest of its evidence.

    `organisation` is the party's name as the agreement spells it; `evidence_sha256` that of the signed document.
    """

    organisation: OrganisationName
    role: Line
    signed_on: date
    evidence_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Mailbox(Strict):
    """Where a party's role is reached: a role mailbox, never one person's."""

    organisation: OrganisationName
    role: Line
    mailbox: Annotated[
        str,
        StringConstraints(max_length=254, pattern=r"^[a-z0-9][a-z0-9._-]{0,63}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$"),
    ]
