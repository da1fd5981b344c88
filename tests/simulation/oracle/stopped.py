"""Rules of what people stopped: what was cancelled goes no more, a hold is waited for, no pack outlives its ground."""

from collections.abc import Iterator

from tests.simulation.evidence import Evidence
from tests.simulation.oracle.reading import (
    intents,
    is_authorised,
    rests_on_consent,
    row_of,
    secrets,
    taken_back,
    telling,
    wrong_since,
)


def abandoned(e: Evidence) -> Iterator[str]:
    """What was abandoned, cancelled or refused goes no more."""
    over: dict[str, str] = {}
    for leaf in e.leaves:
        match leaf.kind:
            case "disclosure.cancelled" | "review.refused":
                over[leaf.facts["disclosure"]] = leaf.facts.get("reason") or leaf.kind
            case "release.intended" if leaf.facts["disclosure"] in over:
                yield f"{leaf.facts['disclosure']} was let go after it was over: {over[leaf.facts['disclosure']]}"
    for row in e.rows.values():
        if row.id in over and row.state not in ("cancelled", "refused", "receipted"):
            yield f"{row.id} is over ({over[row.id]}), and {row.state}"


def hurried(e: Evidence) -> Iterator[str]:
    """A routine disclosure waits until its hold is over, so that it can be taken back.

    But for what people held and let go since, and for what follows up something that had left.
    """
    asked_at = {referral: e.answers.asked_at[key] for key, referral in e.answers.accepted.items()}
    held, follows = {leaf.facts["disclosure"] for leaf in e.of("disclosure.held")}, e.follows
    for intent in intents(e) if e.scene.hold else ():
        row = row_of(e, intent)
        until = asked_at[row.referral] + e.scene.hold if row.referral in asked_at else intent.at
        if intent.at < until and row.id not in held | follows.keys():
            yield f"{row.id} was let go before its hold was over"


def packed(e: Evidence) -> Iterator[str]:
    """At rest no pack lies ready to be carried that rests on an answer which was taken back, or was corrected since."""
    last = {intent.facts["disclosure"]: intent for intent in telling(e)}
    for row in e.rows.values():
        if row.state != "prepared" or row.id not in last:
            continue
        since = taken_back(e, row.case, len(e.leaves)) if rests_on_consent(row) else None
        if since is not None and since > last[row.id].number and not is_authorised(e, last[row.id], since=since):
            yield f"the pack of {row.id} lies ready though the consent was taken back"
        made = [leaf for leaf in e.of("referral.corrected") if leaf.facts["referral"] == row.referral]
        if old := wrong_since(e, row.referral, made) & secrets(e.packs[row.agency].get(f"{row.id}.json", b"")):
            yield f"the pack of {row.id} lies ready and tells {sorted(old)} as before a correction"
