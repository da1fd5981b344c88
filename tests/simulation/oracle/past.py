"""Rules of what has left: whoever has what must not be used any more is told, nobody else is; who is erased is gone."""

from collections.abc import Iterator

from tests.simulation.evidence import Evidence, Leaf
from tests.simulation.oracle.deliveries import is_over
from tests.simulation.oracle.reading import (
    MAY_HAVE_IT,
    behind,
    followers,
    intents,
    rests_on_consent,
    secrets,
    wrong_since,
)
from tests.simulation.partners import Arrival
from tests.simulation.scenes import CARRIED, NOT_BY_CONSENT

_OF_SUBJECT = (b"Victim", b"Street", b"Phone", b"Nevertell", b"Care", b"Asthma")
"""Secrets that are told of the person every referral is about, and of nobody else."""
_BY_PERSON = ("abandoned", "subject_erased")
"""Why something goes no more that a person decided; whom to tell is theirs then (`docs/adr/0017-corrections.md`)."""


def noticed(e: Evidence) -> Iterator[str]:
    """A notice goes to whoever may have the earlier one, and tells nothing about anybody."""
    may_have = {attempt.disclosure for attempt in e.attempts if attempt.outcome in MAY_HAVE_IT}
    bare, follows = e.bare, e.follows
    for arrival in e.arrivals:
        if arrival.disclosure in bare and follows[arrival.disclosure] not in may_have:
            yield f"{arrival.disclosure} told {arrival.agency} of what it never had"
        if arrival.disclosure in bare and secrets(arrival.body):
            yield f"{arrival.disclosure} is a notice and tells about somebody"


def answered(e: Evidence) -> Iterator[str]:
    """Who withdraws is told of everybody whom the data may have reached."""
    numbers, bare = {leaf.facts["consent"]: leaf.number for leaf in e.of("consent.withdrawn")}, e.bare
    for answer in e.answers.withdrawn:
        number, case = numbers[answer.consent_id], e.consents[answer.consent_id]
        for arrival, intent in _came(e):
            row = e.rows[arrival.disclosure]
            before = intent.number < number and row.agency not in (*NOT_BY_CONSENT, CARRIED) and row.id not in bare
            known = {*answer.leaving, *answer.told_before, *_told_already(e, number)}
            if before and row.case == case and row.id not in known:
                yield f"{row.id} reached {row.agency}, and the answer to the withdrawal does not say so"


def _told_already(e: Evidence, before: int) -> set[str]:
    """About what a notice was under way already when that entry was made: after another word against it."""
    return {leaf.facts["earlier"] for leaf in e.of("disclosure.followed_up")
            if leaf.number < before and leaf.facts["notice"] == "withdrawn"}  # fmt: skip


def corrected(e: Evidence) -> Iterator[str]:
    """After a correction is committed, nothing begins to leave that tells of the record as it was."""
    for arrival, intent in _came(e):
        row = e.rows[arrival.disclosure]
        made = [leaf for leaf in e.of("referral.corrected") if leaf.facts["referral"] == row.referral]
        wrong = wrong_since(e, row.referral, [leaf for leaf in made if leaf.number < intent.number])
        if old := wrong & secrets(arrival.body):
            yield f"{row.id} was let go after a correction, and tells {sorted(old)} as before it"


def told(e: Evidence) -> Iterator[str]:
    """Whoever has what was corrected, or rests on what was withdrawn, is told so, or stands where a person looks."""
    for arrival, intent in _came(e):
        row = e.rows[arrival.disclosure]
        if row.id in e.bare or row.agency == CARRIED or row.case in e.readable:
            continue
        for leaf in e.of("referral.corrected"):
            if leaf.facts["referral"] == row.referral and leaf.number > intent.number:
                wrong = wrong_since(e, row.referral, [leaf]) & secrets(arrival.body)
                if wrong and not _is_followed(e, row.id, leaf.number):
                    yield f"{row.id} told {row.agency} {sorted(wrong)}, and nobody says that it was corrected"
        for leaf in e.of("consent.withdrawn") if rests_on_consent(row) else ():
            since = e.consents[leaf.facts["consent"]] == row.case and leaf.number > intent.number
            if since and not _is_followed(e, row.id, leaf.number):
                yield f"{row.id} told {row.agency} what was withdrawn, and nobody says so"


def _is_followed(e: Evidence, disclosure: str, since: int) -> bool:
    """Whether what follows it up was let go after that entry, waits for a person, or was stopped."""
    mine = followers(e, disclosure)
    if any(leaf.facts["disclosure"] in mine and leaf.number > since for leaf in intents(e)):
        return True
    if any(e.rows[one].state not in ("cancelled", "denied") for one in mine):
        return True
    over = [leaf.facts for leaf in e.of("disclosure.cancelled") if leaf.facts["disclosure"] in mine]
    return any(said["reason"].startswith(_BY_PERSON) for said in over)


def erased(e: Evidence) -> Iterator[str]:
    """After an erasure nothing about the person begins to leave, nothing was on its way, and nothing of them opens."""
    for leaf in e.of("subject.erased"):
        case = e.erased[leaf.facts["subject"]]
        known = {each.facts["referral"] for each in e.of("referral.accepted") if each.number < leaf.number}
        about = {row.id for row in e.rows.values() if row.case == case and row.referral in known}
        for intent in intents(e):
            if intent.facts["disclosure"] in about and intent.number > leaf.number:
                yield f"{intent.facts['disclosure']} was let go after its person was erased"
        for arrival, intent in _came(e):
            late = arrival.disclosure in about and intent.number < leaf.number < arrival.leaves
            if late and not is_over(e.starts, intent.at, leaf.at) and not _is_handed_out(e, intent, leaf.number):
                yield f"{arrival.disclosure} was on its way while its person was erased"
        again = any(each.facts["case"] == case and each.number > leaf.number for each in e.of("referral.accepted"))
        remains = {name for secret in secrets(e.readable[case]) if (name := secret.partition(b"qz")[0])
                   in _OF_SUBJECT}  # fmt: skip
        if remains and not again:
            yield f"of somebody who was erased there still opens {sorted(remains)}"


def _is_handed_out(e: Evidence, intent: Leaf, before: int) -> bool:
    """Whether it stood on record by then as fetched: all that was left to do was to answer who fetched it."""
    return any(
        (leaf.facts["disclosure"], leaf.facts["attempt"]) == (intent.facts["disclosure"], intent.facts["attempt"])
        and leaf.facts["rung"] == "taken" and leaf.number < before
        for leaf in e.of("release.settled")
    )  # fmt: skip


def _came(e: Evidence) -> Iterator[tuple[Arrival, Leaf]]:
    for arrival in e.arrivals:
        intent = behind(e, arrival)
        if intent is not None:
            yield arrival, intent
