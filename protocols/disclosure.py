"""The minimised content allowed out: for one recipient, under one decision. All that a connector ever sees.

Only `consent.minimise` makes one (house rule 3; tests/architecture holds it).
"""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

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


class Disclosure(Strict):
    """What one agency may have, and the terms it comes under.

    `reference` is this recipient's own name for the case (pairwise, so two recipients cannot join their records);
    `subject_reference` is absent on purpose. `handling` holds the duties that bind the recipient, in plain words.
    The digest of the bytes rendered from this is logged before they leave.
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

    def of_path(self, path: str) -> tuple[DisclosedItem, ...]:
        """Items under one canonical path, in record order; empty where it was not held or not allowed."""
        return tuple(item for item in self.items if item.path == path)
