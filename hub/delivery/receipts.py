"""Receipts: evidence of how far a disclosure has provably come, and the partner's feed made of them.

Feed positions grow in the order in which transactions commit: whoever adds one holds the log's lock (see `add`).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from connectors.contract import Receipt, Rung
from hub import metrics
from hub.ids import Prefix, new_id
from hub.store import content
from hub.store.tables import disclosure, receipt
from hub.store.unit_of_work import Reading, Writing

_PART = "receipt"


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt on file; evidence and partner's reference are None once the person was erased."""

    id: str
    disclosure_id: str
    rung: Rung
    at: datetime
    evidence: str | None
    partner_reference: str | None


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One step of one disclosure as the recipient's own feed tells it."""

    position: int
    disclosure_id: str
    reference: str
    purpose: str
    rung: Rung
    state: str
    at: datetime


def add(tx: Writing, disclosure_id: str, case_id: str, subject: str, given: Receipt) -> str:
    """Put a receipt on file and raise the disclosure's rung; returns the receipt's id."""
    tx.lock_feeds()
    made = new_id(Prefix.RECEIPT)
    row = tx.connection.execute(
        select(disclosure.c.agency, disclosure.c.rung).where(disclosure.c.id == disclosure_id)
    ).one()
    tx.connection.execute(
        insert(receipt).values(
            id=made, disclosure_id=disclosure_id, agency=row.agency, rung=int(given.rung), at=given.at
        )
    )
    told = {"evidence": given.evidence, "partner_reference": given.partner_reference}
    content.keep(tx, case_id, made, _PART, {subject: json.dumps(told).encode()}, given.at)
    tx.afterwards.say(metrics.RECEIPTS.labels(given.rung.name.lower()).inc)
    if given.rung > row.rung:
        tx.connection.execute(disclosure.update().where(disclosure.c.id == disclosure_id).values(rung=int(given.rung)))
    return made


def of_disclosure(tx: Reading, disclosure_id: str, case_id: str) -> tuple[KeptReceipt, ...]:
    """The receipts of a disclosure, in order."""
    rows = tx.connection.execute(
        select(receipt).where(receipt.c.disclosure_id == disclosure_id).order_by(receipt.c.seq)
    ).all()
    kept = []
    for row in rows:
        pieces = content.read(tx, case_id, row.id, _PART)
        told = json.loads(next(iter(pieces.values()), b'{"evidence": null, "partner_reference": null}'))
        kept.append(
            KeptReceipt(row.id, disclosure_id, Rung(row.rung), row.at, told["evidence"], told["partner_reference"])
        )
    return tuple(kept)


def packs_of(tx: Reading, disclosure_id: str, case_id: str) -> tuple[str, ...]:
    """The names of packs that were prepared for carrying."""
    kept = of_disclosure(tx, disclosure_id, case_id)
    return tuple(entry.evidence for entry in kept if entry.rung is Rung.PREPARED and entry.evidence is not None)


def feed(tx: Reading, agency: str, after: int, limit: int) -> tuple[FeedEvent, ...]:
    """What happened to disclosures for one agency, after a position, oldest first."""
    rows = tx.connection.execute(
        select(receipt, disclosure.c.reference, disclosure.c.purpose, disclosure.c.state)
        .join(disclosure, disclosure.c.id == receipt.c.disclosure_id)
        .where(receipt.c.agency == agency, receipt.c.seq > after)
        .order_by(receipt.c.seq)
        .limit(limit)
    )
    return tuple(
        FeedEvent(row.seq, row.disclosure_id, row.reference, row.purpose, Rung(row.rung), row.state, row.at)
        for row in rows
    )
