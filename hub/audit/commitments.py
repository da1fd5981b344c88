"""Binding content to the log without putting it there: the salt is sealed under the person's key, and goes with it."""

import secrets
from datetime import datetime

from hub.audit.entry import commitment
from hub.store import content
from hub.store.unit_of_work import Writing

_PART = "salt"


def commit(tx: Writing, case_id: str, owner: str, subject: str, bound: bytes, now: datetime) -> str:
    """A commitment to `bound` for the entry about `owner`; once the subject is erased it opens for nobody."""
    salt = secrets.token_bytes(32)
    content.keep(tx, case_id, owner, _PART, {subject: salt}, now)
    return commitment(salt, bound)
