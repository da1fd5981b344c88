"""Witness: have others cosign the head of the log, and release nothing while they hold another history than we do.

A database restored from an old copy knows neither of later releases nor of later withdrawals, and its own log cannot
tell: whoever saw a longer one can. So after a start nothing but danger leaves until enough witnesses have cosigned the
log as it is, and nothing at all while so many hold another one that the rest are not enough.
"""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from hub.audit import log, witnessed
from hub.audit.asking import PATIENCE_SECONDS, SilentError, Witnesses
from hub.audit.cosignatures import cosigned_at
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.audit.note import Checkpoint, NoteError, open_checkpoint
from hub.audit.policy import Witness
from hub.audit.signed_note import read_signatures, signature_line
from hub.audit.witness import Refused, Submission
from hub.audit.witnessed import LOG_BEHIND, OTHER_HISTORY, SEEN_ELSEWHERE, Dispute
from hub.errors import BadInput, NotFound, NotTrusted, Unavailable
from hub.flow.checkpoint import verifier_key
from hub.flow.house import House
from hub.logs import event
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Reading, Store, Writing

_log = logging.getLogger(__name__)

_HEARTBEAT: Final = timedelta(seconds=15)
"""How often a witness is asked to say again that it knows of no other log, while nothing is added: so long a process
that starts and asks nobody itself may wait, and longer where the witness's clock was put back."""

_LATE: Final = timedelta(hours=1)
_AFTER: Final = 30
_NO_PROOF: Final = 422


@dataclass(frozen=True, slots=True)
class Head:
    """Our newest checkpoint."""

    size: int
    text: str


def remembering(store: Store, witnesses: Witnesses) -> Witnesses:
    """The same, for a process that begins now: what they had signed before, as this database has it, is no news."""
    if witnesses.began is None:
        return witnesses
    with store.read(NOBODY) as tx:
        return replace(witnesses, known=witnessed.newest(tx))


def ask(house: House) -> None:
    """Submit the newest checkpoint to every witness that can be reached and has not cosigned it lately.

    Each word counts as it comes. Whoever takes longer than a witness may is left behind, and is still heard.
    """
    policy = house.witnesses.policy
    if not policy.witnesses:
        return
    with house.store.read(NOBODY) as tx:
        found = log.latest_checkpoint(tx)
        if found is None:
            return
        head = Head(*found)
        due = _due(house, tx, head)
    if not due:
        return
    answered: list[str] = []
    hands = ThreadPoolExecutor(len(due), "witness")  # one that is silent keeps none of the others
    asked = [hands.submit(_ask_one, house, witness, old, head, answered) for witness, old in due]
    hands.shutdown(wait=False)
    done, _ = wait(asked, PATIENCE_SECONDS)
    for one in done:
        one.result()  # what went wrong with us is told


def require_vouched(house: House, tx: Reading, *, danger: bool) -> None:
    """Begin no attempt while others hold another history of this log, nor, but in danger, before enough know ours.

    Raises Unavailable with LOG_DISPUTED or LOG_UNWITNESSED. Nothing was claimed then, and nothing is lost.
    """
    if is_denied(house, tx):
        says = "others hold a longer or another audit log of this hub than this one, so nothing leaves"
        raise Unavailable("LOG_DISPUTED", says, _AFTER)
    if danger or not house.witnesses.are_waited_for:
        return
    if not _have_vouched(house, tx):
        says = "too few witnesses have said since the start that this is the log they know; danger alone leaves"
        raise Unavailable("LOG_UNWITNESSED", says, _AFTER)
    house.witnesses.vouched.set()


def is_denied(house: House, tx: Reading) -> bool:
    """Whether others hold another history of this log, so that nothing may leave.

    What was shown under our own key proves itself; what witnesses say counts once the others are too few.
    """
    against = witnessed.disputes(tx, house.name)
    if not against or any(one.root is not None for one in against):
        return bool(against)
    policy, parties = house.witnesses.policy, {one.party for one in against}
    left = {name for name, one in policy.witnesses.items() if one.cosigner.party not in parties}
    return not policy.asks_for_nobody and not policy.is_met_by(left)


@dataclass(frozen=True, slots=True)
class Held:
    """A checkpoint that was held against our log, and what that adds to it: for the caller to append last of all."""

    shown: Checkpoint
    entries: tuple[Entry, ...]


def hold_against(house: House, tx: Writing, party: str, text: str) -> Held:
    """Hold a checkpoint that somebody has from us against the log as it is; what is wrong stops every release.

    Raises BadInput where it is not one that this log's key signed.
    """
    try:
        shown = open_checkpoint(text, verifier_key(house))
    except NoteError:
        raise BadInput(
            "CHECKPOINT_NOT_OURS", "checkpoint", "is not signed by this log's key",
            "send the checkpoint that you verified, as it stands at /log/checkpoint, or leave it out",
        ) from None  # fmt: skip
    if _begins_with(tx, shown.size, shown.root):
        return Held(shown, ())
    found = Dispute(party, SEEN_ELSEWHERE, shown.size, shown.root)
    return Held(shown, tuple(_written_down(house, tx, found, house.clock.now())))


def concerns(house: House, tx: Reading) -> tuple[str, ...]:
    """What is wrong with how the log is witnessed, by stable codes."""
    policy, now = house.witnesses.policy, house.clock.now()
    parties = {name: one.cosigner.party for name, one in policy.witnesses.items()}
    # Of a witness that is asked no more, nothing is said; of what was shown under our own key, always.
    disputed = any(one.root is not None or one.party in parties.values() for one in witnessed.disputes(tx, house.name))
    heard = {name: witnessed.last(tx, party) for name, party in parties.items()}
    lately = {name for name, known in heard.items() if known is not None and abs(now - known[1]) <= _LATE}
    asked = {"LOG_DISPUTED": disputed, "LOG_UNWITNESSED": not policy.is_met_by(lately)}
    return tuple(code for code, is_so in asked.items() if is_so)


def reconcile(house: House) -> None:
    """End the disputes with whoever showed us a history that our log now begins with. For the timetable."""
    with house.store.read(NOBODY) as tx:
        open_ones = [one for one in witnessed.disputes(tx, house.name) if one.root is not None]
        agreed = [one for one in open_ones if one.root is not None and _begins_with(tx, one.size, one.root)]
    for one in agreed:
        with house.store.write(NOBODY) as tx:
            _agree(tx, one.party, one.size, house.clock.now())


def _have_vouched(house: House, tx: Reading) -> bool:
    """Whether enough cosigned since this process began, by their own signed word: a restored database has it not."""
    policy, found = house.witnesses.policy, log.latest_witnessed(tx)
    if found is None:
        return False
    signed = policy.seen_at(witnessed.with_lines(tx, *found))
    return policy.is_met_by({
        name for name, at in signed.items() if house.witnesses.is_news(policy.witnesses[name].cosigner.party, at)
    })  # fmt: skip


def _due(house: House, tx: Reading, head: Head) -> list[tuple[Witness, int]]:
    """Who is to be asked now, and of how many entries the checkpoint was that each cosigned last, as far as we know."""
    disputing, now = {one.party for one in witnessed.disputes(tx, house.name)}, house.clock.now()
    due = []
    for witness in house.witnesses.policy.witnesses.values():
        size, at = witnessed.last(tx, witness.cosigner.party) or (0, None)
        is_late = at is None or abs(now - at) >= _HEARTBEAT  # heard in time to come: our clock was ahead then
        asked_for = witness.cosigner.party in disputing or house.witnesses.are_waited_for
        if witness.url and (size < head.size or is_late or asked_for):
            due.append((witness, min(size, head.size)))
    return due


def _ask_one(house: House, witness: Witness, old: int, head: Head, answered: list[str]) -> None:
    """Where it cosigns, it is `answered`, and counted with those before it."""
    try:
        try:
            lines = house.witnesses.ask(witness, _submission(house, old, head))
        except Refused as refused:
            if refused.size is None or refused.size == old or refused.size > head.size:
                raise
            old = refused.size  # an answer of theirs was lost, or the log has another name since
            lines = house.witnesses.ask(witness, _submission(house, old, head))
    except SilentError:
        event(_log, "witness_silent", logging.WARNING)
    except Refused as refused:
        _refused(house, witness.cosigner.party, old, refused)
    else:
        if _cosigned(house, witness, head, lines):
            answered.append(witness.name)
            _count(house, head, answered)


def _count(house: House, head: Head, answered: Sequence[str]) -> None:
    """Once enough cosigned they have vouched for the log, and the checkpoint is witnessed."""
    policy = house.witnesses.policy
    if policy.is_met_by(set(answered)):
        house.witnesses.vouched.set()
    with house.store.read(NOBODY) as tx:  # with those that cosigned it before
        seen = policy.seen_by(witnessed.with_lines(tx, head.size, head.text))
        is_marked = (log.latest_witnessed(tx) or (-1, ""))[0] == head.size
    if policy.is_met_by(seen) and not is_marked:
        with house.store.write(NOBODY) as tx:
            witnessed.mark(tx, head.size, house.clock.now())


def _submission(house: House, old: int, head: Head) -> Submission:
    with house.store.read(NOBODY) as tx:
        return Submission(old, tuple(log.consistency(tx, old, head.size)), head.text)


def _refused(house: House, party: str, old: int, refused: Refused) -> None:
    """A witness that knows more of this log than we do, or another one, disputes it; any other refusal is no word."""
    now = house.clock.now()
    with house.store.write(NOBODY) as tx:
        if refused.size is not None and refused.size > log.size(tx):
            found = Dispute(party, LOG_BEHIND, refused.size, None)
        elif refused.size == old or refused.status == _NO_PROOF:
            found = Dispute(party, OTHER_HISTORY, old, None)
        else:  # it was asked twice at once, or does not know this log
            event(_log, "witness_refused", logging.WARNING, status=refused.status)
            return
        log.append(tx, _written_down(house, tx, found, now))


def _written_down(house: House, tx: Writing, found: Dispute, now: datetime) -> list[Entry]:
    if not witnessed.dispute(tx, house.name, found, now):
        return []
    event(_log, "log_disputed", logging.ERROR, code=found.reason)
    return [Entry(EntryKind.LOG_DISPUTED, now, "hub", {
        "party": _digest(found.party), "reason": found.reason, "size": found.size,
    })]  # fmt: skip


def _cosigned(house: House, witness: Witness, head: Head, lines: str) -> bool:
    """Keep the line that is theirs, once it is verified; others in the answer are nobody's word."""
    cosigner = witness.cosigner
    line, at = "", None
    try:
        for one in read_signatures(lines):
            if (one.name, one.key_id) == (cosigner.name, cosigner.key_id):
                line = signature_line(one.name, one.key_id, one.value)
                at = cosigned_at(head.text + line, cosigner)
    except NoteError:
        at = None
    if at is None:
        event(_log, "witness_unintelligible", logging.WARNING)
        return False
    with house.store.write(NOBODY) as tx:
        now = house.clock.now()
        witnessed.keep(tx, head.size, cosigner.party, line, at=at, heard=now)
        _agree(tx, cosigner.party, head.size, now)
    return True


def _agree(tx: Writing, party: str, size: int, now: datetime) -> None:
    if witnessed.settle(tx, party):
        log.append(tx, [Entry(EntryKind.LOG_AGREED, now, "hub", {"party": _digest(party), "size": size})])


def _begins_with(tx: Reading, size: int, root: bytes) -> bool:
    try:
        return log.root_at(tx, size) == root
    except (NotFound, NotTrusted):  # of a log that is broken nobody can say with what it begins
        return False


def _digest(party: str) -> str:
    """A witness is named as its operator chose, which fits no code: the log holds the digest of the name."""
    return hashlib.sha256(party.encode()).hexdigest()
