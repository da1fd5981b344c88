"""What the rules read out of the evidence: intents, who was behind an arrival, authorisations, how words stand."""

import re
from collections.abc import Sequence

from tests.simulation.evidence import Evidence, Leaf, Row
from tests.simulation.partners import Arrival
from tests.simulation.scenes import NOT_BY_CONSENT

MAY_HAVE_IT = frozenset({None, "done", "unsure", "unknown", "gone"})
"""The ends of attempts after which a partner has it, or may have it."""
_SECRET = re.compile(rb"[A-Z][a-z]+qz[0-9a-f]{10}")
_AGAINST = frozenset({"refused", "withdrawn"})


def intents(e: Evidence) -> list[Leaf]:
    return e.of("release.intended")


def telling(e: Evidence) -> list[Leaf]:
    """The intents to tell something about somebody; a bare notice tells only what not to use any more."""
    bare = e.bare
    return [intent for intent in intents(e) if intent.facts["disclosure"] not in bare]


def row_of(e: Evidence, leaf: Leaf) -> Row:
    return e.rows[leaf.facts["disclosure"]]


def behind(e: Evidence, arrival: Arrival) -> Leaf | None:
    """The intent behind an arrival: of its attempt, or the last one that whoever sent it had committed."""
    found = [leaf for leaf in intents(e) if leaf.facts["disclosure"] == arrival.disclosure]
    if arrival.attempt is not None:
        found = [leaf for leaf in found if leaf.facts["attempt"] == arrival.attempt]
    return next((leaf for leaf in reversed(found)
                 if leaf.number < arrival.leaves and committed_by(e, leaf) == arrival.by), None)  # fmt: skip


def committed_by(e: Evidence, leaf: Leaf) -> str:
    return next((commit.by for commit in e.commits if leaf.number < commit.leaves), "")


def commit_of(e: Evidence, leaf: Leaf) -> int:
    return next((number for number, commit in enumerate(e.commits) if leaf.number < commit.leaves), -1)


def about(e: Evidence, kind: str, disclosure: str) -> list[int]:
    """The numbers of the entries of that kind about a disclosure."""
    return [leaf.number for leaf in e.of(kind) if leaf.facts["disclosure"] == disclosure]


def is_authorised(e: Evidence, intent: Leaf, since: int = -1) -> bool:
    """Whether an authoriser let it go, `since` an entry, and it was not held again after that."""
    said = about(e, "review.authorised", intent.facts["disclosure"])
    held = about(e, "disclosure.held", intent.facts["disclosure"])
    return any(max((each for each in held if each < intent.number), default=-1) < one < intent.number and one > since
               for one in said)  # fmt: skip


def taken_back(e: Evidence, case: str, before: int) -> int | None:
    """The number of the last word against telling in a case, before an entry; None where none counts there.

    It counts until another answer gives consent anew, and is said to have been given after it.
    """
    standing = None
    for leaf in e.leaves[:before]:
        if leaf.kind == "consent.withdrawn" and e.consents[leaf.facts["consent"]] == case:
            word = e.words.get(e.withdrawals[leaf.facts["consent"]])
            standing = (leaf.number, word.claimed_at if word is not None else leaf.at)
        word = e.words.get(leaf.facts["consent"]) if leaf.kind == "consent.recorded" else None
        if word is None or word.case != case:
            continue
        if word.answer in _AGAINST:
            standing = (leaf.number, word.claimed_at)
        elif word.answer.startswith("given") and standing is not None and word.claimed_at > standing[1]:
            standing = None
    return standing[0] if standing is not None else None


def followers(e: Evidence, disclosure: str) -> set[str]:
    """Whatever was made to follow up a disclosure, or what follows that."""
    follows, found = e.follows, {disclosure}
    while further := {one for one, earlier in follows.items() if earlier in found} - found:
        found |= further
    return found - {disclosure}


def rests_on_consent(row: Row) -> bool:
    return row.agency not in NOT_BY_CONSENT


def secrets(said: bytes) -> set[bytes]:
    """Every secret of a case that is in it (`tests.cases`)."""
    return set(_SECRET.findall(said))


def wrong_since(e: Evidence, referral: str, made: Sequence[Leaf]) -> set[bytes]:
    """What any version of a referral says that the last of these corrections of it does not."""
    if not made or made[-1].facts["correction"] not in e.versions:
        return set()
    every = [referral, *(leaf.facts["correction"] for leaf in e.of("referral.corrected")
                         if leaf.facts["referral"] == referral and leaf.number < made[-1].number)]  # fmt: skip
    said = {secret for version in every for secret in secrets(e.versions.get(version, b""))}
    return said - secrets(e.versions[made[-1].facts["correction"]])
