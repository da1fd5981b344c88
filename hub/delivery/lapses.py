"""When the ground of something that waits runs out: looked up by that date, so that looking costs nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, insert, or_, select, update

from hub.delivery.outbox import DisclosureRow, State, among
from hub.store.tables import disclosure, lapse
from hub.store.unit_of_work import Reading, Writing

_MOST = 500


def note(tx: Writing, disclosure_id: str, at: datetime | None) -> None:
    """Have a disclosure decided again at that time if it still waits then. None: nothing is known to run out.

    For what waits where nobody would ask again: for an authoriser, for a partner to fetch it, in a folder.
    """
    if at is None:
        return
    noted = tx.connection.execute(update(lapse).where(lapse.c.disclosure_id == disclosure_id).values(at=at))
    if noted.rowcount == 0:
        tx.connection.execute(insert(lapse).values(disclosure_id=disclosure_id, at=at))


def note_packs(tx: Writing, at: datetime, *, agencies: Collection[str] = (), cases: Collection[str] = ()) -> None:
    """Have the packs for these agencies, or of these cases, that wait to be carried decided again by then."""
    those = or_(disclosure.c.agency.in_(sorted(agencies)), disclosure.c.case_id.in_(sorted(cases)))
    packs = select(disclosure.c.id).where(disclosure.c.state == State.PREPARED.value, those)
    later = and_(lapse.c.disclosure_id.in_(packs), lapse.c.at > at)
    in_turn = select(lapse.c.disclosure_id).where(later).order_by(lapse.c.disclosure_id).with_for_update()
    # Held in one order: two who do so never wait in a ring.
    if tx.connection.execute(in_turn).first() is not None:
        tx.connection.execute(update(lapse).where(later).values(at=at))
    unknown = packs.where(disclosure.c.id.not_in(select(lapse.c.disclosure_id)))
    for disclosure_id in tx.connection.execute(unknown).scalars().all():  # few: nearly every pack rests on some date
        tx.insert_missing(lapse, disclosure_id=disclosure_id, at=at)


def due(tx: Reading, now: datetime) -> tuple[DisclosureRow, ...]:
    """The disclosures something of whose ground has run out by now, by case."""
    asked = select(lapse.c.disclosure_id).where(lapse.c.at <= now).order_by(lapse.c.at).limit(_MOST)
    found = among(tx, tx.connection.execute(asked).scalars().all())
    return tuple(sorted(found.values(), key=lambda row: (row.case_id, row.seq)))


def is_due(tx: Reading, disclosure_id: str, now: datetime) -> bool:
    """Whether it has not been looked at since."""
    asked = select(lapse.c.disclosure_id).where(lapse.c.disclosure_id == disclosure_id, lapse.c.at <= now)
    return tx.connection.execute(asked).first() is not None


def drop(tx: Writing, disclosure_id: str) -> None:
    """It was looked at, or does not wait any more."""
    tx.connection.execute(delete(lapse).where(lapse.c.disclosure_id == disclosure_id))
