"""Personal content at rest: each piece sealed under a key of its own case and person; the key gone, it is gone.

The data key of (case, person) is made when the first piece is kept, wrapped by the key-encryption key, and bound to its
row. What is about several people at once is kept under the subject `CASE`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select

from hub.keys import seal, unseal
from hub.store.tables import data_key, sealed
from hub.store.unit_of_work import Reading, Writing

CASE = "case"
"""The subject under which content about several people, or about none in particular, is kept."""


def keep(tx: Writing, case_id: str, owner: str, part: str, pieces: Mapping[str, bytes], now: datetime) -> None:
    """Seal one piece per person (or `CASE`) for `owner`'s `part`. The caller holds the case (see `register.cases`)."""
    if not pieces:
        return
    keys = _data_keys(tx, case_id, frozenset(pieces), now)
    tx.connection.execute(
        insert(sealed),
        [
            {
                "owner": owner, "part": part, "subject": subject, "case_id": case_id,
                "content": seal(keys[subject], content, f"sealed|{owner}|{part}|{subject}"),
            }
            for subject, content in pieces.items()
        ],
    )  # fmt: skip


def read(tx: Reading, case_id: str, owner: str, part: str) -> dict[str, bytes]:
    """The pieces that can still be opened, by person; somebody erased is simply missing.

    Raises NotTrusted where a piece was altered or moved.
    """
    return read_each(tx, case_id, [owner], part).get(owner, {})


def read_each(tx: Reading, case_id: str, owners: Sequence[str], part: str) -> dict[str, dict[str, bytes]]:
    """As `read`, for several owners of one case in one go: by owner, then by person."""
    rows = tx.connection.execute(
        select(sealed.c.owner, sealed.c.subject, sealed.c.content, data_key.c.wrapped)
        .join(data_key, (data_key.c.case_id == sealed.c.case_id) & (data_key.c.subject == sealed.c.subject))
        .where(sealed.c.owner.in_(owners), sealed.c.part == part, sealed.c.case_id == case_id)
    )
    found: dict[str, dict[str, bytes]] = {}
    for row in rows:
        key = tx.keys.unwrap(row.wrapped, _key_context(case_id, row.subject))
        context = f"sealed|{row.owner}|{part}|{row.subject}"
        found.setdefault(row.owner, {})[row.subject] = unseal(key, row.content, context)
    return found


def erase(tx: Writing, case_id: str, subject: str) -> int:
    """Destroy a person's key in one case, and the pieces it opened; returns how many pieces went."""
    tx.data_keys.pop((case_id, subject), None)
    tx.connection.execute(delete(data_key).where(data_key.c.case_id == case_id, data_key.c.subject == subject))
    gone = tx.connection.execute(delete(sealed).where(sealed.c.case_id == case_id, sealed.c.subject == subject))
    return gone.rowcount


def _data_keys(tx: Writing, case_id: str, subjects: frozenset[str], now: datetime) -> dict[str, bytes]:
    """The data keys, made where missing; each is unwrapped once in a transaction."""
    unseen = [subject for subject in subjects if (case_id, subject) not in tx.data_keys]
    if unseen:
        rows = tx.connection.execute(
            select(data_key.c.subject, data_key.c.wrapped).where(
                data_key.c.case_id == case_id, data_key.c.subject.in_(unseen)
            )
        )
        for row in rows:
            tx.data_keys[case_id, row.subject] = tx.keys.unwrap(row.wrapped, _key_context(case_id, row.subject))
    for subject in sorted(subjects):
        if (case_id, subject) not in tx.data_keys:
            key, wrapped = tx.keys.new_data_key(_key_context(case_id, subject))
            tx.connection.execute(
                insert(data_key).values(case_id=case_id, subject=subject, wrapped=wrapped, made_at=now)
            )
            tx.data_keys[case_id, subject] = key
    return {subject: tx.data_keys[case_id, subject] for subject in subjects}


def _key_context(case_id: str, subject: str) -> str:
    return f"data_key|{case_id}|{subject}"
