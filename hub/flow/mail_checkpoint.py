"""Mail the checkpoint, once a week, to those whom the operator names: a witness for whoever has none.

Each is mailed by itself and remembered by itself. What did not go is tried again after an hour. A crash after the relay
took it and before that is written down mails it twice, which does no harm: nobody is told anything else.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from hub.audit import mailed
from hub.flow.checkpoint import sign
from hub.flow.house import House
from hub.logs import event
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Reading

_log = logging.getLogger(__name__)

_AFTER: Final = timedelta(weeks=1)
_AGAIN: Final = timedelta(hours=1)
"""How long whoever claimed a mail has for it: longer than all of them together may take."""
_LATE: Final = timedelta(weeks=2)


def mail_checkpoint(house: House) -> None:
    """Sign the head of the log, for later too, and mail it to whoever was mailed none for a week.

    One transaction says who is mailed now, so that no other process does it too; the mail goes with none open; another
    one for each says that it went.
    """
    mail = house.checkpoint_mail
    if mail is None:
        return
    with house.store.read(NOBODY) as tx:
        if not _due(house, tx):
            return
    with house.store.write(NOBODY) as tx:
        text = sign(house, tx, lasting=True)  # whoever signs is alone with the log, and so with what is read next
        due = _due(house, tx)
        mailed.claim(tx, due, house.clock.now())
    for address in due:
        code = mail.post(address, text, house.clock.now())
        if code is not None:
            event(_log, "checkpoint_not_mailed", logging.WARNING, code=code)
            continue
        with house.store.write(NOBODY) as tx:
            mailed.keep(tx, address, house.clock.now())
        event(_log, "checkpoint_mailed", size=int(text.split("\n")[1]))


def concerns(house: House, tx: Reading) -> tuple[str, ...]:
    """Whether somebody was mailed nothing for two weeks, or tried in vain from the first, by a stable code."""
    if house.checkpoint_mail is None:
        return ()
    now = house.clock.now()
    known = [mailed.last(tx, address) for address in house.checkpoint_mail.recipients]
    late = any(one is not None and _is_over(one.mailed_at, _LATE, now) for one in known)
    return ("CHECKPOINT_NOT_MAILED",) if late else ()


def _due(house: House, tx: Reading) -> list[str]:
    if house.checkpoint_mail is None:
        return []
    now = house.clock.now()
    known = {address: mailed.last(tx, address) for address in house.checkpoint_mail.recipients}
    return [
        address for address, one in known.items()
        if one is None or (_is_over(one.mailed_at, _AFTER, now) and _is_over(one.tried_at, _AGAIN, now))
    ]  # fmt: skip


def _is_over(at: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether so much time lies between; a clock that was ahead and was put right must not keep us silent."""
    return at is None or abs(now - at) >= span
