"""What a case shows of people without being opened: where something of whom is kept, and digests to find it again by.

Digests of case numbers and of Idempotency-Keys are personal data while their key exists (UK GDPR recital 26), so they
go when the person goes. Ids, codes and times stay: the log names them, and they name nobody.
"""

from datetime import datetime

from sqlalchemy import delete, func, or_, select, true, union, update

from hub.errors import NotTrusted
from hub.store import content
from hub.store.classes import DataClass
from hub.store.tables import case_file, correction, data_key, idempotency, override, referral, sealed
from hub.store.unit_of_work import Reading, Writing

Places = frozenset[tuple[str, DataClass]]


def kept(tx: Reading, case_id: str) -> Places:
    """Of whom (a person, or `content.CASE`) something is kept in a case, and in which classes of data."""
    places = union(*(
        select(table.c.subject, table.c.data_class).where(table.c.case_id == case_id) for table in (data_key, sealed)
    )).subquery()  # fmt: skip
    return frozenset((row.subject, DataClass(row.data_class)) for row in tx.connection.execute(select(places)))


def keys(tx: Reading, case_id: str) -> int:
    """How many data keys a case has."""
    count = select(func.count()).select_from(data_key).where(data_key.c.case_id == case_id)
    return int(tx.connection.execute(count).scalar_one())


def is_there(tx: Reading, case_id: str, person: str) -> bool:
    """Whether anything of this person can be opened."""
    theirs = select(data_key.c.subject).where(data_key.c.case_id == case_id, data_key.c.subject == person)
    return tx.connection.execute(theirs.limit(1)).first() is not None


def referrals_about(tx: Reading, case_id: str, person: str | None) -> frozenset[str]:
    """The referrals of a case whose subject this person is, or was; all of them for None."""
    whose = true() if person is None else referral.c.subject == person
    return frozenset(tx.connection.execute(select(referral.c.id).where(referral.c.case_id == case_id, whose)).scalars())


def forget_shared(tx: Writing, case_id: str, now: datetime) -> None:
    """Destroy what is kept about several people together in referrals whose subject is gone.

    It stands under one key for the case, so that key goes, and what other referrals say is sealed under a new one. What
    does not open any more, in a copy that was restored, goes with it.
    """
    there = {row for row in kept(tx, case_id) if row[1] is DataClass.NORMAL}
    gone = [
        row.id for row in tx.connection.execute(select(referral.c.id, referral.c.subject).where(
            referral.c.case_id == case_id))
        if (row.subject, DataClass.NORMAL) not in there
    ]  # fmt: skip
    reviewed = select(override.c.id).where(override.c.referral_id.in_(gone))
    corrected = select(correction.c.id).where(correction.c.referral_id.in_(gone))
    rows = tx.connection.execute(
        select(sealed.c.owner, sealed.c.part).distinct().where(
            sealed.c.case_id == case_id, sealed.c.subject == content.CASE,
            ~or_(sealed.c.owner.in_(gone), sealed.c.owner.in_(reviewed), sealed.c.owner.in_(corrected)),
        )
    ).all()  # fmt: skip
    staying = [(row.owner, row.part, _opened(tx, case_id, row.owner, row.part)) for row in rows]
    content.erase(tx, case_id, content.CASE)
    for owner, part, pieces in staying:
        content.keep_classes(tx, case_id, owner, part, {content.CASE: pieces}, now)


def drop_digests(tx: Writing, case_id: str, person: str | None) -> None:
    """Forget the requests that told of this person and, when nothing of the case can be opened, its number."""
    empty = not keys(tx, case_id)
    about = referrals_about(tx, case_id, None if empty else person)
    corrected = tx.connection.execute(select(correction.c.id).where(correction.c.referral_id.in_(about))).scalars()
    tx.connection.execute(delete(idempotency).where(idempotency.c.referral_id.in_([*about, *corrected])))
    if empty:
        # Its own id takes the digest's place: as unique, and it says nothing.
        tx.connection.execute(update(case_file).where(case_file.c.id == case_id).values(reference_index=case_id))


def _opened(tx: Reading, case_id: str, owner: str, part: str) -> dict[DataClass, bytes]:
    try:
        return content.read_classes(tx, case_id, [owner], part).get(owner, {}).get(content.CASE, {})
    except NotTrusted:
        return {}
