"""What is drawn at random and handed out: tokens kept as a digest, and tickets that are kept only once used.

A ticket is a random value with its end and a keyed digest over both: whoever brings it back got it from this hub, for
this use. Nothing is stored for somebody who only asks; what was used is kept until its end, so that it works once.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete

from hub.keys import KeyRing
from hub.store.tables import spent
from hub.store.unit_of_work import Writing


def new_token(prefix: str) -> str:
    """A token of 256 random bits behind a prefix that says what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """What is kept of a token: it has 256 random bits, so a plain hash keeps it; slow ones are for passwords."""
    return hashlib.sha256(token.encode()).hexdigest()


def random_bytes(count: int) -> bytes:
    """Salts and keys."""
    return secrets.token_bytes(count)


def make_ticket(keys: KeyRing, use: str, now: datetime, lasting: timedelta, about: str = "") -> str:
    """A ticket for one use, perhaps about one person or session, that ends."""
    body = f"{secrets.token_urlsafe(16)}.{ceil((now + lasting).timestamp())}"
    return f"{body}.{_bound(keys, use, about, body)}"


def is_valid(keys: KeyRing, use: str, ticket: str, now: datetime, about: str = "") -> bool:
    """Whether this hub made the ticket for this use, and it has not ended. Says nothing of whether it was spent."""
    body, _, bound = ticket.rpartition(".")
    ends = body.rpartition(".")[2]
    return (
        hmac.compare_digest(_bound(keys, use, about, body).encode(), bound.encode())
        and ends.isdecimal()
        and now.timestamp() < int(ends)
    )


def spend(tx: Writing, use: str, ticket: str, now: datetime) -> bool:
    """Use up a valid ticket; False when it was used before. What has ended is forgotten on the way."""
    tx.connection.execute(delete(spent).where(spent.c.ends_at < now))
    ends_at = now + timedelta(seconds=max(int(ticket.split(".")[1]) - now.timestamp(), 0) + 1)
    return tx.insert_missing(spent, ticket=tx.keys.index(ticket, f"spent|{use}"), ends_at=ends_at)


def _bound(keys: KeyRing, use: str, about: str, body: str) -> str:
    return keys.index(f"{about}|{body}", f"ticket|{use}")
