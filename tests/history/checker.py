"""The history checker: from what the hub exports and what others hold, what was lost, duplicated, unauthorised,
unlogged or stale. It knows the log's entries by their names alone, and nothing of the code that wrote them.

lost          accepted, yet neither at the partner nor held, parked, cancelled or refused with the log saying so; or
              said to be received by a partner that does not have it; or a withdrawal that was answered and not logged
duplicated    a second effect at a partner, or different bytes under one id
unauthorised  arrived, or intended, without a decision at the door before it that lets it go there
unlogged      bytes that no intent logged before they arrived is bound to, or an intent whose end is not logged
stale         intended after the withdrawal, or during the suspension, that forbids it
"""

import hashlib
import hmac
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.history.evidence import Arrival, Entry, Evidence, Partner, moment, read_evidence

CLASSES = ("lost", "duplicated", "unauthorised", "unlogged", "stale")

_GOES_NO_FURTHER = {"disclosure.cancelled", "review.refused", "release.parked", "release.abandoned"}
_GOES_ON = {"disclosure.queued", "review.authorised", "release.resumed"}
_EXPLAINED = _GOES_NO_FURTHER | {"disclosure.held"}
_ENDS_AN_INTENT = _EXPLAINED | {"release.settled", "partner.acknowledged"}
_LETS_GO = {"permit", "permit_redacted"}
_COURSE = _ENDS_AN_INTENT | _GOES_ON | {"release.intended"}


@dataclass(frozen=True)
class Fault:
    """One thing that must not be: which class, about what id, and why it counts."""

    kind: str
    about: str
    why: str


def check(folder: Path, log_key: str) -> list[Fault]:
    """Every fault in a folder of evidence. Raises Untrusted where its log is not the one that this key signed."""
    history = History(read_evidence(folder, log_key))
    return [*history.lost(), *history.duplicated(), *history.unauthorised(), *history.unlogged(), *history.stale()]


def counted(faults: list[Fault]) -> dict[str, int]:
    """How many faults there are of each class."""
    found = Counter(fault.kind for fault in faults)
    return {kind: found[kind] for kind in CLASSES}


class History:
    """A log in order, with what others hold beside it."""

    def __init__(self, evidence: Evidence) -> None:
        """Sort it by what it is about."""
        self._evidence = evidence
        self._of_kind: dict[str, list[Entry]] = defaultdict(list)
        self._course: dict[str, list[Entry]] = defaultdict(list)
        for entry in evidence.entries:
            self._of_kind[entry.kind].append(entry)
            if entry.kind in _COURSE:
                self._course[entry.facts["disclosure"]].append(entry)
        self._decisions = {entry.facts["decision"]: entry for entry in self._of_kind["decision.made"]}
        self._first_decision: dict[tuple[str, str, str], Entry] = {}
        for entry in self._of_kind["decision.made"]:
            about = entry.facts["referral"], entry.facts["agency"], entry.facts["purpose"]
            self._first_decision.setdefault(about, entry)
        self._placed = {course[0].of("decision"): disclosure for disclosure, course in self._course.items()}
        self._intents: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._attempts: dict[tuple[str, int], str] = {}
        for entry in self._of_kind["release.intended"]:
            self._intents[entry.facts["agency"], entry.facts["disclosure"]].append(entry)
            self._attempts[entry.facts["disclosure"], entry.facts["attempt"]] = entry.facts["agency"]
        self._taken = {
            (partner.agency, arrival.disclosure)
            for partner in evidence.partners
            for arrival in partner.arrivals
            if arrival.answered in ("taken", "copy")
        }

    def lost(self) -> Iterator[Fault]:
        """What was promised and did not come about."""
        accepted = {entry.facts["referral"] for entry in self._of_kind["referral.accepted"]}
        withdrawn = {entry.facts["consent"] for entry in self._of_kind["consent.withdrawn"]}
        for answer in self._evidence.answered:
            if answer["act"] == "withdrawn" and answer["consent"] not in withdrawn:
                yield Fault("lost", answer["consent"], "its withdrawal was answered and is not in the log")
            if answer["act"] == "accepted" and answer["referral"] not in accepted:
                yield Fault("lost", answer["referral"], "was accepted and is not in the log")
            elif answer["act"] == "accepted":
                yield from self._not_come_through(answer["referral"], answer["asks"])
        for disclosure, course in self._course.items():
            agency = next((entry.facts["agency"] for entry in course if entry.of("agency")), None)
            if course[-1].kind not in _EXPLAINED and (agency, disclosure) not in self._taken:
                yield Fault(
                    "lost", disclosure, f"never came to {agency}; the last of it in the log is {course[-1].kind}"
                )
        for entry in self._of_kind["release.settled"]:
            disclosure, rung = entry.facts["disclosure"], entry.of("rung")
            agency = self._attempts.get((disclosure, entry.facts["attempt"]))
            if entry.of("outcome") == "done" and rung != "prepared" and (agency, disclosure) not in self._taken:
                yield Fault("lost", disclosure, f"is settled as {rung}, and {agency} does not have it")

    def _not_come_through(self, referral: str, asks: list[list[str]]) -> Iterator[Fault]:
        for agency, purpose in asks:
            decision = self._first_decision.get((referral, agency, purpose))
            if decision is None:
                yield Fault("lost", referral, f"the ask to {agency} was accepted and never decided")
                continue
            disclosure = self._placed.get(decision.facts["decision"])
            if disclosure is None:
                if decision.facts["outcome"] != "deny" and decision.facts["items_kept"]:
                    yield Fault("lost", referral, f"what was decided for {agency} was put nowhere")
                continue

    def duplicated(self) -> Iterator[Fault]:
        """What had an effect twice."""
        for partner in self._evidence.partners:
            for disclosure, arrivals in _by_disclosure(partner).items():
                taken = sum(arrival.answered == "taken" for arrival in arrivals)
                if taken > 1:
                    yield Fault("duplicated", disclosure, f"{partner.agency} took it {taken} times")
                elif not partner.notices_copies and len(arrivals) > sum(a.answered == "busy" for a in arrivals) + 1:
                    yield Fault("duplicated", disclosure, f"{partner.agency} does not notice copies, and got one")
                if len({arrival.digest for arrival in arrivals}) > 1:
                    yield Fault("duplicated", disclosure, f"{partner.agency} got different bytes under one id")

    def unauthorised(self) -> Iterator[Fault]:
        """What went, or was to go, without leave."""
        for partner in self._evidence.partners:
            for arrival in partner.arrivals:
                if not self._intents[partner.agency, arrival.disclosure]:
                    yield Fault("unauthorised", arrival.disclosure, f"no intent to release it to {partner.agency}")
        used: set[str] = set()
        for intent in self._of_kind["release.intended"]:
            why = self._without_leave(intent)
            if intent.facts["decision"] in used:
                why = "its decision was made for an earlier attempt"
            used.add(intent.facts["decision"])
            if why is not None:
                yield Fault("unauthorised", intent.facts["disclosure"], why)

    def _without_leave(self, intent: Entry) -> str | None:
        decision = self._decisions.get(intent.facts["decision"])
        before = [entry for entry in self._course[intent.facts["disclosure"]] if entry.number < intent.number]
        if decision is None or decision.number > intent.number:
            return "its decision is not logged before it"
        if decision.facts["agency"] != intent.facts["agency"]:
            return "its decision is about another agency"
        if not decision.facts["at_the_door"]:
            return "it was not decided again at the door"
        if not any(entry.kind in _GOES_ON | {"disclosure.held"} for entry in before):
            return "it was never queued or held"
        asked_for = decision.facts["outcome"] == "needs_authoriser"
        if asked_for and not any(entry.kind == "review.authorised" for entry in before):
            return "nobody authorised it"
        if not asked_for and decision.facts["outcome"] not in _LETS_GO:
            return f"its decision is {decision.facts['outcome']}"
        last = next((entry.kind for entry in reversed(before) if entry.kind in _GOES_NO_FURTHER | _GOES_ON), None)
        return f"the log has {last} before it" if last in _GOES_NO_FURTHER else None

    def unlogged(self) -> Iterator[Fault]:
        """Bytes that the log does not account for, and intents that it says nothing more about."""
        for partner in self._evidence.partners:
            for disclosure, arrivals in _by_disclosure(partner).items():
                intents = self._intents[partner.agency, disclosure]
                came: Counter[str] = Counter()
                for arrival in arrivals:
                    came[arrival.digest] += 1
                    bound = [intent for intent in intents if intent.at <= arrival.at and self._binds(intent, arrival)]
                    if len(bound) < came[arrival.digest]:
                        why = f"{partner.agency} got these bytes once more than the {len(bound)} intents that bind them"
                        yield Fault("unlogged", disclosure, why)
        for disclosure, course in self._course.items():
            kinds = [entry.kind for entry in course]
            if "release.intended" in kinds:
                since = kinds[len(kinds) - kinds[::-1].index("release.intended") :]
                if not _ENDS_AN_INTENT.intersection(since):
                    yield Fault("unlogged", disclosure, "an intent to release it has no end in the log")

    def _binds(self, intent: Entry, arrival: Arrival) -> bool:
        salt = self._evidence.salts.get((intent.facts["disclosure"], intent.facts["attempt"]))
        if salt is None:
            return False
        bound = hmac.new(salt, arrival.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(bound, intent.facts["message_commitment"])

    def stale(self) -> Iterator[Fault]:
        """What was let go after its consent was withdrawn, or while its agency was suspended."""
        logged = {entry.facts["consent"]: entry.number for entry in self._of_kind["consent.withdrawn"]}
        for answer in self._evidence.answered:
            if answer["act"] != "withdrawn":
                continue
            for intent in self._of_kind["release.intended"]:
                decision = self._decisions.get(intent.facts["decision"])
                of = (decision.facts["referral"] if decision else None, intent.facts["agency"])
                if of != (answer["referral"], answer["agency"]):
                    continue
                number = logged.get(answer["consent"], len(self._evidence.entries))
                after = intent.at > moment(answer["at"]) or intent.number > number
                if after and not self._tells_of_a_withdrawal(intent, number):
                    yield Fault("stale", intent.facts["disclosure"], "intended after its consent was withdrawn")
        for agency, since, until in self._suspensions():
            for intent in self._of_kind["release.intended"]:
                if intent.facts["agency"] == agency and since < intent.number < until:
                    yield Fault("stale", intent.facts["disclosure"], f"intended while {agency} was suspended")

    def _tells_of_a_withdrawal(self, intent: Entry, withdrawn: int) -> bool:
        """Whether it is the bare notice, to somebody for whom it was intended before, that it must not be used."""
        return any(
            told.facts["disclosure"] == intent.facts["disclosure"] and told.number < intent.number
            and told.facts["bare"] and told.facts["notice"] == "withdrawn"
            and any(one.number < withdrawn for one in self._intents[intent.facts["agency"], told.facts["earlier"]])
            for told in self._of_kind["disclosure.followed_up"]
        )  # fmt: skip

    def _suspensions(self) -> Iterator[tuple[str, int, float]]:
        for begun in self._of_kind["agency.suspended"]:
            ends = (
                entry.number for entry in self._of_kind["agency.resumed"]
                if entry.number > begun.number and entry.facts["agency"] == begun.facts["agency"]
                and entry.facts["confirmations"] >= 2
            )  # fmt: skip
            yield begun.facts["agency"], begun.number, next(ends, float("inf"))


def _by_disclosure(partner: Partner) -> dict[str, list[Arrival]]:
    found: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in sorted(partner.arrivals, key=_when):
        found[arrival.disclosure].append(arrival)
    return found


def _when(arrival: Arrival) -> datetime:
    return arrival.at
