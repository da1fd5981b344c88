"""Rules of permission: each release stands on a decision of its own moment, and on what that moment allowed."""

from collections.abc import Iterator
from datetime import timedelta

from tests.simulation.evidence import Evidence
from tests.simulation.oracle.reading import (
    commit_of,
    intents,
    is_authorised,
    rests_on_consent,
    row_of,
    taken_back,
    telling,
)
from tests.simulation.scenes import BY_OVERRIDE, STRANGER

_HOUR = timedelta(minutes=60)


def unauthorised(e: Evidence) -> Iterator[str]:
    """Each intent stands on a decision of its own transaction that lets it go, or that a person authorised."""
    decisions = {leaf.facts["decision"]: leaf for leaf in e.of("decision.made")}
    for intent in intents(e):
        disclosure, decision = intent.facts["disclosure"], decisions.get(intent.facts["decision"])
        if decision is None or not decision.facts["at_the_door"]:
            yield f"{disclosure} was let go by no decision at the door"
            continue
        if commit_of(e, decision) != commit_of(e, intent):
            yield f"{disclosure} was decided in another transaction than it was let go in"
        outcome = decision.facts["outcome"]
        if outcome == "deny" or (outcome == "needs_authoriser" and not is_authorised(e, intent)):
            yield f"{disclosure} was let go though the decision said {outcome}"


def withdrawn(e: Evidence) -> Iterator[str]:
    """After a withdrawal or refusal is committed, nothing of its case goes on consent, until that is given anew."""
    for intent in telling(e):
        row = row_of(e, intent)
        since = taken_back(e, row.case, intent.number) if rests_on_consent(row) else None
        if since is not None and not is_authorised(e, intent, since=since):
            yield f"{row.id} was let go after the consent was taken back"


def expired(e: Evidence) -> Iterator[str]:
    """When a consent has run out and was not given anew, nothing is let go on it."""
    ends = {e.answers.accepted[key]: told.expires_at for key, told in e.told.items() if key in e.answers.accepted}
    lasting = [(leaf.number, word.case) for leaf in e.of("consent.recorded")
               if (word := e.words.get(leaf.facts["consent"])) is not None and word.gives_for_good]  # fmt: skip
    for intent in telling(e):
        row = row_of(e, intent)
        until = ends.get(row.referral)
        again = any(number < intent.number and case == row.case for number, case in lasting)
        if until is not None and intent.at >= until and not again:
            yield f"{row.id} was let go after the consent had expired"


def suspended(e: Evidence) -> Iterator[str]:
    """Nothing is let go to an agency between its suspension and the second word that ends it."""
    stopped: set[str] = set()
    for leaf in e.leaves:
        match leaf.kind:
            case "agency.suspended":
                stopped.add(leaf.facts["agency"])
            case "agency.resumed" if leaf.facts["confirmations"] == 2:
                stopped.discard(leaf.facts["agency"])
            case "release.intended" if leaf.facts["agency"] in stopped:
                yield f"{leaf.facts['disclosure']} was let go to {leaf.facts['agency']}, which is suspended"


def agreed(e: Evidence) -> Iterator[str]:
    """Nothing is told to an agency whose agreement is suspended, but in danger or on an authoriser's word."""
    for suspension in e.of("agreement.suspended"):
        agency = f"agy_{suspension.facts['agreement'].removeprefix('agr_').partition('_')[0]}"
        for intent in telling(e):
            facts, authorised = intent.facts, is_authorised(e, intent, since=suspension.number)
            if intent.number > suspension.number and facts["agency"] == agency != BY_OVERRIDE and not authorised:
                yield f"{facts['disclosure']} was let go under an agreement that is suspended"


def overridden(e: Evidence) -> Iterator[str]:
    """What goes in danger alone goes while an override counts, or on an authoriser's word."""
    begins = {leaf.facts["override"]: leaf.at for leaf in e.of("override.declared")}
    ended = {leaf.facts["override"]: leaf.number for leaf in e.of("override.reviewed") if not leaf.facts["justified"]}
    decisions = {leaf.facts["decision"]: leaf.facts["override"] for leaf in e.of("decision.made")}
    for intent in telling(e):
        if intent.facts["agency"] != BY_OVERRIDE:
            continue
        override = decisions.get(intent.facts["decision"])
        if override is None:
            if not is_authorised(e, intent):
                yield f"{intent.facts['disclosure']} was let go with neither override nor authoriser"
        elif override not in begins or not begins[override] <= intent.at < begins[override] + _HOUR:
            yield f"{intent.facts['disclosure']} was let go on {override}, which counts no more"
        elif ended.get(override, intent.number) < intent.number:
            yield f"{intent.facts['disclosure']} was let go on {override} after its review ended it"


def introduced(e: Evidence) -> Iterator[str]:
    """Whoever was never written to, and is covered by no agreement, gets nothing before a second person's word."""
    follows = e.follows
    known = [leaf for leaf in e.of("recipient.introduced") if leaf.facts["agency"] == STRANGER]
    for introduction in known:
        if introduction.actor == e.author:
            yield f"{introduction.facts['disclosure']}: its author alone said whom it goes to"
    first = min((leaf.number for leaf in known if leaf.actor != e.author), default=len(e.leaves))
    for intent in telling(e):
        facts = intent.facts
        if facts["agency"] == STRANGER and facts["disclosure"] not in follows and intent.number < first:
            yield f"{facts['disclosure']} was let go to {STRANGER} before a second person had confirmed it"
