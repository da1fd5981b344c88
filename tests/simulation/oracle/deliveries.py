"""Rules of delivery: nothing is lost, nothing comes twice, nothing comes unlogged or out of turn."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from tests.simulation.evidence import Evidence
from tests.simulation.oracle.reading import MAY_HAVE_IT, behind, row_of, telling
from tests.simulation.scenes import CANNOT_NOTICE, COLLECTED, LEASE

_AT_REST = frozenset({"held", "parked", "cancelled", "refused", "denied"})
_GOES_NOT = frozenset({"held", "cancelled", "refused", "denied"})
_SETS_GOING = frozenset({"disclosure.queued", "release.intended", "release.resumed", "review.authorised"})
_MOVES = _SETS_GOING | {"release.settled", "release.parked", "disclosure.held", "disclosure.cancelled",
                        "partner.acknowledged"}  # fmt: skip


def lost(e: Evidence) -> Iterator[str]:
    """What was accepted is at its partner, or stands somewhere with a reason."""
    on_log = {leaf.facts["referral"] for leaf in e.of("referral.accepted")}
    follows = e.follows
    for key, referral in e.answers.accepted.items():
        asked = sorted(e.told[key].agencies)
        if referral not in on_log:
            yield f"{referral} was accepted and is not in the log"
        first = (row for row in e.rows.values() if row.referral == referral and row.id not in follows)
        if sorted(row.agency for row in first) != asked:
            yield f"{referral} was accepted and not all of it is there"
    came = {arrival.disclosure for arrival in e.arrivals}
    for row in e.rows.values():
        collected, has_pack = row.agency == COLLECTED, f"{row.id}.json" in e.packs.get(row.agency, {})
        if row.state in ("sent", "receipted") and row.id not in came and not collected:
            yield f"{row.id} is {row.state} and never came to {row.agency}"
        elif row.state == "prepared" and not has_pack:
            yield f"{row.id} is prepared and there is no pack"
        elif row.state in _AT_REST and row.cause is None:
            yield f"{row.id} is {row.state} for no reason"
        elif row.state in ("queued", "leaving") and not collected:
            yield f"{row.id} is still {row.state} at rest"
        if row.state in _GOES_NOT and has_pack:
            yield f"{row.id} is {row.state} and its pack still lies there"


def unended(e: Evidence) -> Iterator[str]:
    """At rest every attempt has an end on record, if only that its end is unknown."""
    for attempt in e.attempts:
        if attempt.outcome is None and e.rows[attempt.disclosure].state != "leaving":
            yield f"attempt {attempt.number} at {attempt.disclosure} never ended"


def unlogged(e: Evidence) -> Iterator[str]:
    """Before anything arrives, its intent is durable, and binds these very bytes while the person is not erased."""
    attempts = {(each.disclosure, each.number): each for each in e.attempts}
    taken = {("taken_back", leaf.facts["disclosure"]) for leaf in e.of("pack.recalled") if leaf.facts["found"]}
    for arrival in e.arrivals:
        intent = behind(e, arrival)
        if intent is None:
            yield f"{arrival.disclosure} came to {arrival.agency} and no intent was logged before"
            continue
        attempt = attempts[arrival.disclosure, intent.facts["attempt"]]
        bound = hmac.new(attempt.salt or b"", arrival.body, hashlib.sha256).hexdigest()
        opens = attempt.salt is not None or e.rows[arrival.disclosure].case not in e.readable
        if opens and bound != intent.facts["message_commitment"]:
            yield f"{arrival.disclosure} came with other bytes than were logged"
        if attempt.outcome not in MAY_HAVE_IT and (attempt.outcome, arrival.disclosure) not in taken:
            yield f"{arrival.disclosure} came, and its attempt stands as {attempt.outcome}"


def duplicated(e: Evidence) -> Iterator[str]:
    """One key a disclosure, one arrival an intent; a repeat to whoever cannot notice it is by a person alone."""
    asked = [(leaf.number, leaf.facts["disclosure"]) for leaf in e.of("release.resumed")]
    counted = Counter(intent.number for each in e.arrivals if (intent := behind(e, each)) is not None)
    for number, times in counted.items():
        if times > 1:
            yield f"{e.leaves[number].facts['disclosure']} came {times} times on one intent"
    for disclosure in dict.fromkeys(each.disclosure for each in e.arrivals):
        keys = {each.key for each in e.arrivals if each.disclosure == disclosure}
        if keys != {disclosure}:
            yield f"{disclosure} came under other keys: {sorted(keys)}"
        numbers = sorted(number for number in counted if e.leaves[number].facts["disclosure"] == disclosure)
        for first, second in pairwise(numbers):
            by_person = any(first < number < second and whose == disclosure for number, whose in asked)
            if e.rows[disclosure].agency in CANNOT_NOTICE and not by_person:
                yield f"{disclosure} came twice to {e.rows[disclosure].agency}, and nobody had asked for it again"


def ordered(e: Evidence) -> Iterator[str]:
    """Of one case, an agency is told in the order of asking; nothing waits for what is held, parked or over."""
    follows = e.follows
    for intent in telling(e):
        row = row_of(e, intent)
        for other in e.rows.values():
            alike = (other.agency, other.case) == (row.agency, row.case) and not {other.id, row.id} & follows.keys()
            if alike and other.seq < row.seq and row.agency != COLLECTED and _is_waiting(e, other.id, intent.number):
                yield f"{row.id} overtook {other.id}, which was to go first"


def _is_waiting(e: Evidence, disclosure: str, before: int) -> bool:
    """Whether it was queued or under way when that entry was made, as the entries before tell."""
    last = next((leaf for leaf in reversed(e.leaves[:before])
                 if leaf.facts.get("disclosure") == disclosure and leaf.kind in _MOVES), None)  # fmt: skip
    return last is not None and (last.kind in _SETS_GOING or last.facts.get("outcome") in ("try_later", "unsure"))


def leases(e: Evidence) -> Iterator[str]:
    """One attempt at a time: the next begins when the last was settled, or its lease was over, or its hub had died."""
    for disclosure in e.rows:
        mine = [leaf for leaf in e.leaves if leaf.facts.get("disclosure") == disclosure]
        begun = [leaf for leaf in mine if leaf.kind == "release.intended"]
        for first, second in pairwise(begun):
            ends = [leaf for leaf in mine if first.number < leaf.number < second.number]
            settled = any(leaf.kind in ("release.settled", "release.parked", "release.resumed") for leaf in ends)
            if not settled and not is_over(e.starts, first.at, second.at):
                yield f"{disclosure} was claimed again while a lease was live"
            late = [leaf for leaf in mine if leaf.number > second.number and leaf.kind == "release.settled"]
            if any(leaf.facts["attempt"] <= first.facts["attempt"] for leaf in late):
                yield f"{disclosure}: an attempt was settled whose lease another had taken over"


def is_over(starts: Sequence[datetime], first: datetime, second: datetime) -> bool:
    """Whether a lease that was taken at the first of these moments had ended by the second."""
    return second >= first + LEASE or any(first <= start <= second for start in starts)
