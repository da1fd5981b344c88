"""Agreements on file, version by version, and where each stands with each landlord that is a party to it.

What was agreed is the paper's, and shared by its parties; that a version counts is decided by each landlord for itself.
A landlord sees the agreements to which it is a party, and no other.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import Select, insert, select
from sqlalchemy.engine import Row

from hub.errors import BadInput, NotFound
from hub.register.standing import Stand, Standing, Step, Taken, standing
from hub.store.tables import agreement, agreement_standing
from hub.store.unit_of_work import Reading, Writing
from protocols.agreement import Agreement, AgreementState
from protocols.parse import parse_agreement, write_agreement

HUB = "hub"
"""Who adds the agreements that are found as files on the hub's own machine."""

_ENDED = (AgreementState.SUSPENDED, AgreementState.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Filed:
    """A version on file as one landlord sees it: the paper, who put it there, and the steps of that landlord."""

    paper: Agreement
    added_by: str
    registered_at: datetime
    steps: tuple[Taken, ...]

    @property
    def standing(self) -> Standing:
        """Where it stands with this landlord."""
        return standing(self.steps, self.added_by)

    def counting(self) -> Agreement | None:
        """The agreement as it counts in a decision; None where it does not count, and never did.

        One whose paper says that it is suspended or has ended only takes away, so a file that says so counts at once.
        """
        found = self.standing
        if self.paper.state in _ENDED and self.added_by == HUB:
            return self.paper
        if found.stand is Stand.APPROVED:
            return self.paper
        if found.stand is Stand.SUSPENDED:
            return self.paper.model_copy(update={"state": AgreementState.SUSPENDED})
        # Withdrawn: its older versions do not come back.
        return self.paper.model_copy(update={"state": AgreementState.SUPERSEDED}) if found.counted else None


def put(tx: Writing, agreements: Sequence[Agreement], by: str, now: datetime) -> tuple[Agreement, ...]:
    """Enter the versions that are not on file yet, as drafts; returns those. One on file is never overwritten.

    Raises BadInput where the version that counts was changed without a new number: the change would have no effect.
    """
    there = {
        (row.id, row.version): row.document
        for row in tx.connection.execute(select(agreement.c.id, agreement.c.version, agreement.c.document))
    }
    newest_of: dict[str, int] = {}
    for entry in agreements:
        newest_of[entry.id] = max(newest_of.get(entry.id, 0), entry.version)
    for entry in agreements:
        kept = there.get((entry.id, entry.version))
        if kept is not None and entry.version == newest_of[entry.id] and kept != write_agreement(entry):
            raise BadInput("AGREEMENT_CHANGED", entry.id, "the version on file says something else",
                           "give the changed agreement the next version")  # fmt: skip
    new = tuple(entry for entry in agreements if (entry.id, entry.version) not in there)
    for entry in new:
        tx.connection.execute(
            insert(agreement).values(
                id=entry.id, version=entry.version, document=write_agreement(entry), registered_at=now, added_by=by
            )
        )
    return new


def filed(tx: Reading, landlord: str) -> tuple[Filed, ...]:
    """The versions to which this landlord is a party, by id and version."""
    steps: dict[tuple[str, int], list[Taken]] = defaultdict(list)
    rows = tx.connection.execute(
        select(agreement_standing).where(agreement_standing.c.landlord == landlord).order_by(agreement_standing.c.seq)
    )
    for row in rows:
        steps[row.agreement, row.version].append(Taken(Step(row.step), row.person, row.recorded_at, row.evidence))
    return tuple(
        Filed(paper, row.added_by, row.registered_at, tuple(steps[paper.id, paper.version]))
        for row in tx.connection.execute(_versions())
        if (paper := _paper(row)).controller(landlord) is not None
    )


def get(tx: Reading, reference: str, landlord: str) -> Filed:
    """One version ("agr_x@2") of an agreement of this landlord. Raises NotFound, for another's as well."""
    for entry in filed(tx, landlord):
        if entry.paper.reference == reference:
            return entry
    raise NotFound("NOT_FOUND", "there is nothing by that id")


def counting(tx: Reading, landlord: str) -> tuple[Agreement, ...]:
    """What a decision of this landlord may rely on, as it stands now."""
    return tuple(counts for entry in filed(tx, landlord) if (counts := entry.counting()) is not None)


def take(tx: Writing, entry: Filed, landlord: str, taken: Taken) -> Filed:
    """Put a step on file; returns the version as it stands after it. Whether it may be taken was checked before."""
    tx.connection.execute(
        insert(agreement_standing).values(
            landlord=landlord, agreement=entry.paper.id, version=entry.paper.version, step=taken.step.value,
            person=taken.person, evidence=taken.evidence, recorded_at=taken.at,
        )
    )  # fmt: skip
    return Filed(entry.paper, entry.added_by, entry.registered_at, (*entry.steps, taken))


def life(entry: Filed, others: Sequence[Filed], on: date) -> str:
    """Where a version is in its life on a day, in one word: draft, approved, in_force, suspended, expired, ...

    An `approved` one has not begun; a `superseded` one gave way to a newer version that counts and has begun.
    """
    counts = entry.counting()
    if counts is None:
        return entry.standing.stand.value
    newer = (
        other for other in others
        if other.paper.id == entry.paper.id and other.paper.version > entry.paper.version
        and other.counting() is not None and other.paper.in_force_from <= on
    )  # fmt: skip
    if entry.standing.stand is Stand.WITHDRAWN:
        return Stand.WITHDRAWN.value
    if any(newer) or counts.state is AgreementState.SUPERSEDED:
        return AgreementState.SUPERSEDED.value
    if on < counts.in_force_from:
        return Stand.APPROVED.value if counts.state is AgreementState.IN_FORCE else counts.state.value
    return counts.status(on).value


def digest(entry: Agreement) -> str:
    """SHA-256 of the agreement as recorded, hexadecimal."""
    return hashlib.sha256(write_agreement(entry).encode()).hexdigest()


def _versions() -> Select[tuple[object, ...]]:
    return select(agreement).order_by(agreement.c.id, agreement.c.version)


def _paper(row: Row[tuple[object, ...]]) -> Agreement:
    return _parsed(row.document, f"{row.id}@{row.version}")


@lru_cache(maxsize=1_000)
def _parsed(document: str, name: str) -> Agreement:
    """Parsed once for each text: a version on file never changes."""
    return parse_agreement(document, name)
