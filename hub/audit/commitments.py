"""Binding content to the log without putting it there: the salt is sealed under the person's key, and goes with it."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from hub.audit.entry import commitment
from hub.store import content
from hub.store.classes import DataClass
from hub.store.unit_of_work import Reading, Writing

_PART = "salt"


def commit(
    tx: Writing, case_id: str, owner: str, subject: str, bound: bytes, now: datetime,
    data_class: DataClass = DataClass.NORMAL,
) -> str:  # fmt: skip
    """A commitment to `bound` for the entry about `owner`; once the subject is erased it opens for nobody.

    `data_class` is that of the most guarded content in `bound`: the salt goes with it, and nobody can try guesses.
    """
    salt = secrets.token_bytes(32)
    content.keep(tx, case_id, owner, _PART, {subject: salt}, now, data_class)
    return commitment(salt, bound)


def salts(tx: Reading, case_id: str, owners: Sequence[str]) -> dict[str, bytes]:
    """What opens the commitments of these entries of one case, by owner; of somebody erased it is simply missing."""
    kept = content.read_each(tx, case_id, owners, _PART)
    return {owner: next(iter(pieces.values())) for owner, pieces in kept.items() if pieces}
