"""Decisions on file: outcome, time and rule set in the clear; facts, reasons and grounds sealed under the person's key.

That a decision took "health" out tells that there is health data, so reasons are content too.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import insert, select

from consent.decision import Decision, Reason
from consent.withheld import Withheld
from hub.decision.gate import Verdict
from hub.errors import NotFound
from hub.store import content
from hub.store.tables import decision
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_PART = "decision"


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as it was made, with the facts it was made on and what it held back."""

    id: str
    referral_id: str
    disclosure_id: str
    at_the_door: bool
    decided_at: datetime
    decision: Decision
    facts: dict[str, object]
    withheld: tuple[Withheld, ...]
    going: frozenset[tuple[str, str]]
    """Path and which one, of every item that went or waits to go."""

    @property
    def sent_paths(self) -> tuple[str, ...]:
        """The paths of what goes, each once."""
        return tuple(sorted({path for path, _ in self.going}))


def keep(
    tx: Writing, verdict: Verdict, *, decision_id: str, referral_id: str, disclosure_id: str, case_id: str,
    subject: str, at_the_door: bool, now: datetime,
) -> None:  # fmt: skip
    """Put a decision on file."""
    tx.connection.execute(
        insert(decision).values(
            id=decision_id, referral_id=referral_id, disclosure_id=disclosure_id, at_the_door=at_the_door,
            outcome=verdict.decision.outcome.value, rules=verdict.decision.rules, decided_at=now,
        )
    )  # fmt: skip
    items = verdict.disclosure.items if verdict.disclosure else ()
    document = {
        "decision": asdict(verdict.decision) | {"valid_until": None, "review_by": _day(verdict.decision.review_by)},
        "facts": verdict.facts.as_dict(),
        "withheld": [asdict(entry) for entry in verdict.withheld],
        "going": sorted({(item.path, item.of) for item in items}),
    }
    content.keep(tx, case_id, decision_id, _PART, {subject: json.dumps(document).encode()}, now)


def read(tx: Reading, decision_id: str, case_id: str) -> KeptDecision:
    """The decision of that id. Raises NotFound, also after its subject was erased."""
    row = tx.connection.execute(select(decision).where(decision.c.id == decision_id)).one_or_none()
    pieces = content.read(tx, case_id, decision_id, _PART) if row is not None else {}
    if row is None or not pieces:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    document = json.loads(next(iter(pieces.values())))
    return KeptDecision(
        row.id, row.referral_id, row.disclosure_id, row.at_the_door, row.decided_at, _decision(document["decision"]),
        document["facts"], tuple(_withheld(entry) for entry in document["withheld"]),
        frozenset((path, of) for path, of in document["going"]),
    )  # fmt: skip


def first(tx: Reading, disclosure_id: str, case_id: str) -> KeptDecision:
    """The first decision about a disclosure: later ones may narrow it, and never widen it. Raises NotFound."""
    earliest = tx.connection.execute(
        select(decision.c.id).where(decision.c.disclosure_id == disclosure_id).order_by(decision.c.seq).limit(1)
    ).scalar_one()
    return read(tx, earliest, case_id)


def _decision(given: dict[str, object]) -> Decision:
    loaded = json.loads(json.dumps(given))
    return Decision(
        outcome=Outcome(loaded["outcome"]),
        keep=tuple(DataCategory(name) for name in loaded["keep"]),
        remove=tuple(DataCategory(name) for name in loaded["remove"]),
        basis=tuple(Basis(name) for name in loaded["basis"]),  # type: ignore[call-arg]
        obligations=tuple(Obligation(name) for name in loaded["obligations"]),
        gaps=tuple(loaded["gaps"]),
        reasons=tuple(
            Reason(
                entry["code"], DataCategory(entry["category"]) if entry["category"] else None,
                tuple(entry["cites"]), entry["says"], entry["determining"], entry.get("rule", ""),
                entry.get("effect", ""),
            )
            for entry in loaded["reasons"]
        ),
        remedy=tuple(loaded["remedy"]),
        authoriser=loaded["authoriser"],
        rules=loaded["rules"],
        within=loaded.get("within"),
        exemptions=tuple(loaded.get("exemptions", ())),
        review_by=date.fromisoformat(loaded["review_by"]) if loaded.get("review_by") else None,
    )  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _withheld(entry: dict[str, object]) -> Withheld:
    loaded = json.loads(json.dumps(entry))
    category = DataCategory(loaded["category"]) if loaded["category"] else None
    return Withheld(loaded["path"], loaded["title"], loaded["of"], category, loaded["code"],
                    tuple(loaded["cites"]), loaded["says"])  # fmt: skip
