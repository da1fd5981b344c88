"""Bugs in what people change later: corrections, answers, recalls, introductions, erasures; and in signed heads."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from hub.audit import log, numbering, tree
from hub.audit.entry import Entry
from hub.audit.note import Checkpoint, sign_checkpoint
from hub.delivery import follow_ups, outbox
from hub.flow import abandon as abandoning
from hub.flow import checkpoint as signing
from hub.flow import claim as claiming
from hub.flow import correct as correcting
from hub.flow import erase as erasing
from hub.flow import introduce as introducing
from hub.flow import placing
from hub.flow import record_consent as recording
from hub.flow import refer as referring
from hub.flow import release as releasing
from hub.flow import withdraw as withdrawing
from hub.intake import referrals
from hub.store import content
from hub.store.classes import DataClass
from hub.store.unit_of_work import Reading, Writing
from tests.simulation import people, workers
from tests.simulation.planted.bug import Change, Planted
from tests.simulation.stage import Stage


def _remembers_referrals(_stage: Stage) -> Sequence[Change]:
    """What a process has opened once it does not open again."""
    opened: dict[str, Any] = {}

    def get(tx: Reading, referral_id: str) -> Any:
        if referral_id not in opened:
            opened[referral_id] = referrals.get(tx, referral_id)
        return opened[referral_id]

    return [(releasing, "referrals", SimpleNamespace(get=get))]


def _leaves_what_was_told(_stage: Stage) -> Sequence[Change]:
    return [(correcting, "_replace", lambda *_given: None)]


def _tells_nobody(_stage: Stage) -> Sequence[Change]:
    return [(withdrawing, "tell_of_withdrawal", lambda *_given: ((), []))]


def _tells_everybody(_stage: Stage) -> Sequence[Change]:
    """It tells whoever was to have it, and does not look whether anything ever came."""
    return [(follow_ups, "reach", lambda _tx, _row: follow_ups.Reach.HAS)]


def _stays_queued(_stage: Stage) -> Sequence[Change]:
    def cancel(tx: Writing, row: Any, cause: str, by: str, now: Any) -> Entry:
        ready = outbox.State.QUEUED is row.state
        entry = real(tx, row, cause, by, now)
        if ready:
            outbox.schedule(tx, row.id, now)
        return entry

    real = abandoning.cancel
    return [(abandoning, "cancel", cancel)]


def _holds_nothing(_stage: Stage) -> Sequence[Change]:
    return [(referring, "hold_back", lambda _house, _tx, row, _lane, _verdict, now: (row, now))]


def _knows_everybody(_stage: Stage) -> Sequence[Change]:
    return [(where, "is_first_time", lambda *_given: False) for where in (placing, releasing)]


def _author_introduces(_stage: Stage) -> Sequence[Change]:
    return [(introducing, "_require_another", lambda *_given: None)]


def _leaves_a_key(_stage: Stage) -> Sequence[Change]:
    def erase(tx: Writing, case_id: str, subject: str, _data_class: DataClass | None = None) -> int:
        return content.erase(tx, case_id, subject, DataClass.SPECIAL)

    return [(erasing, "content", SimpleNamespace(erase=erase, CASE=content.CASE))]


def _erases_under_way(_stage: Stage) -> Sequence[Change]:
    """It does not wait for what is on its way."""

    def checked(_house: Any, tx: Writing, case_id: str, _person: str) -> Any:
        referrals.hold_case(tx, case_id)
        return outbox.of_case(tx, case_id)

    return [(erasing, "_checked", checked)]


def _leaves_packs_of_answers(_stage: Stage) -> Sequence[Change]:
    return [(recording, "_waiting_on", lambda *_given: ())]


def _signs_ahead(_stage: Stage) -> Sequence[Change]:
    """The head that a process signs is the one it remembers, also where its commit came to nothing."""
    remembered: list[tuple[int, Any]] = []

    def append(tx: Writing, entries: Sequence[Entry]) -> None:
        log.append(tx, entries)
        log.gather(tx)
        remembered.append(numbering.head(tx.connection))

    def sign(tx: Writing, origin: str, key: Any, _now: Any) -> str:
        log.gather(tx)
        count, frontier = max([numbering.head(tx.connection), *remembered[-1:]], key=lambda head: head[0])
        return sign_checkpoint(Checkpoint(origin, count, tree.root(frontier)), origin, key)

    return [
        (claiming, "log", SimpleNamespace(append=append)),
        (signing, "log", SimpleNamespace(sign=sign, size=log.size, gather_some=log.gather_some)),
    ]


IN_CHANGES = {
    "a record that was opened once is not opened again": Planted(
        ("consent", "order"), _remembers_referrals, (people.corrects,)
    ),
    "whoever has what was corrected is not told": Planted(
        ("consent", "expiry"), _leaves_what_was_told, (people.corrects,)
    ),
    "whoever has what was withdrawn is not told": Planted(("consent", "expiry"), _tells_nobody, (people.withdraws,)),
    "whoever never had it is told": Planted(("consent", "order"), _tells_everybody, (people.withdraws,)),
    "what was abandoned stays in the queue": Planted(("consent", "held"), _stays_queued, (people.abandons,)),
    "a hold is not waited for": Planted(("held",), _holds_nothing, (people.acknowledges,)),
    "nobody is asked about a first-time recipient": Planted(("stranger",), _knows_everybody, (people.acknowledges,)),
    "an author confirms the recipient": Planted(("stranger",), _author_introduces, (people.introduces,)),
    "an erasure leaves the key of what is not special": Planted(("consent",), _leaves_a_key, (people.erases,)),
    "an erasure does not wait for what is on its way": Planted(
        ("consent", "order"), _erases_under_way, (people.erases,)
    ),
    "an answer recorded later leaves the pack": Planted(
        ("carried",), _leaves_packs_of_answers, (people.records_consent,)
    ),
    "a head is signed that was never committed": Planted(("consent", "order"), _signs_ahead, (workers.witnesses,)),
}
