"""The minimised content allowed out: for one recipient, under one decision. All that a connector ever sees.

Only `consent.minimise` makes one (house rule 3; tests/architecture holds it).
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from protocols.record.labels import Category, Strict
from protocols.vocabulary import AgencyKind, Basis, Purpose

Id = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9a-z]{26}$")]


class DisclosedItem(Strict):
    """One item that goes: canonical path, plain name, which one, whom it is about, its categories, its words."""

    path: str
    title: str
    of: str
    about: str | None
    categories: tuple[Category, ...] = Field(strict=False)
    value: str


Notice = Literal["none", "withdrawn", "corrected"]
"""What a disclosure tells of an earlier one: nothing; that its consent was withdrawn; that it was wrong."""


class Earlier(Strict):
    """A disclosure that the recipient has, or may have, and the reference under which it came."""

    id: Id
    reference: str


class Disclosure(Strict):
    """What one agency may have, and the terms it comes under.

    `reference` is this recipient's own name for the case (pairwise, so two recipients cannot join their records);
    `subject_reference` is absent on purpose. `handling` holds the duties that bind the recipient, in plain words.
    The digest of the bytes rendered from this is logged before they leave.

    `notice` and `about` tell what becomes of an earlier one (UK GDPR Art 7(3), 19): a corrected one comes with items
    where it takes the earlier one's place, and without where that is only not to be relied on any more.
    """

    id: Id
    decision_id: Id
    reference: str
    controller: str
    agency: str
    recipient: AgencyKind = Field(strict=False)
    purpose: Purpose = Field(strict=False)
    urgent: bool
    basis: tuple[Annotated[Basis, Field(strict=False)], ...] = Field(strict=False)
    agreement: str | None
    handling: tuple[str, ...] = Field(strict=False)
    reply_to: str
    decided_at: AwareDatetime = Field(strict=False)
    valid_until: AwareDatetime = Field(strict=False)
    items: tuple[DisclosedItem, ...] = Field(strict=False)
    notice: Notice = "none"
    about: Earlier | None = None

    @model_validator(mode="after")
    def _is_about_something(self) -> "Disclosure":
        if (self.notice == "none") != (self.about is None):
            raise ValueError("a notice names the disclosure that it is about, and nothing else does")
        if self.notice == "withdrawn" and self.items:
            raise ValueError("a notice of withdrawal tells nothing more about anybody")
        return self

    @property
    def is_bare_notice(self) -> bool:
        """Whether it says only what to do with an earlier one, and nothing about a person."""
        return self.notice != "none" and not self.items

    def of_path(self, path: str) -> tuple[DisclosedItem, ...]:
        """Items under one canonical path, in record order; empty where it was not held or not allowed."""
        return tuple(item for item in self.items if item.path == path)
