"""Decisions on file: outcome, time and rule set in the clear; facts, reasons and grounds sealed under the person's key.

That a decision took "health" out tells that there is health data, so reasons are content too.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, bindparam, select

from consent.decision import Decision, Reason
from consent.withheld import Withheld
from hub.decision.gate import Verdict
from hub.errors import NotFound
from hub.store import content
from hub.store.batches import Asked
from hub.store.content import Pieces
from hub.store.tables import data_key, decision, sealed
from hub.store.unit_of_work import Reading, Writing
from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome

_PART = "decision"

_DECISIONS: Final = Asked(select(decision).where(decision.c.id.in_(bindparam("ids", expanding=True))))
_ITSELF: Final = frozenset({decision})
_STAYS: Final = frozenset({decision, sealed, data_key})
_FIRST: Final = Asked(
    select(decision.c.disclosure_id, decision.c.id)
    .where(decision.c.disclosure_id.in_(bindparam("ids", expanding=True)), decision.c.at_the_door.is_(False))
    .order_by(decision.c.seq)
)  # fmt: skip


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
    agreement: str | None = None
    """The version of an agreement in force that covers it ("agr_x@2"); also None in decisions of before it was kept."""

    @property
    def sent_paths(self) -> tuple[str, ...]:
        """The paths of what goes, each once."""
        return tuple(sorted({path for path, _ in self.going}))


def keep(
    tx: Writing, verdict: Verdict, *, decision_id: str, referral_id: str, disclosure_id: str, case_id: str,
    subject: str, at_the_door: bool, now: datetime,
) -> None:  # fmt: skip
    """Put a decision on file."""
    tx.connection.insert_with_others(decision, [{
        "id": decision_id, "referral_id": referral_id, "disclosure_id": disclosure_id, "at_the_door": at_the_door,
        "outcome": verdict.decision.outcome.value, "rules": verdict.decision.rules, "decided_at": now,
    }])  # fmt: skip
    items = verdict.disclosure.items if verdict.disclosure else ()
    facts = verdict.facts.as_dict()
    covered = facts.get("protocol") == "in_force"  # or an agreement was looked at in vain
    document = {
        "decision": _flat(verdict.decision) | {"valid_until": None, "review_by": _day(verdict.decision.review_by)},
        "facts": facts,
        "withheld": verdict.withheld,
        "going": sorted({(item.path, item.of) for item in items}),
        "agreement": verdict.disclosure.agreement if verdict.disclosure and covered else None,
    }
    content.keep(tx, case_id, decision_id, _PART, {subject: json.dumps(document, default=_flat).encode()}, now)


def _flat(part: object) -> dict[str, object]:
    """A part of a decision by field; what stands in it is written in its turn. Raises TypeError for anything else."""
    if not isinstance(part, Decision | Reason | Withheld):
        raise TypeError("a decision holds no such thing")
    return {name.name: getattr(part, name.name) for name in fields(part)}


def read(tx: Reading, decision_id: str, case_id: str) -> KeptDecision:
    """The decision of that id. Raises NotFound, also after its subject was erased. Opened once in a transaction."""
    found = _once(tx, decision_id, case_id, lambda: _open(tx, {decision_id: case_id}).get(decision_id))
    if found is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def several(tx: Reading, cases: Mapping[str, str]) -> dict[str, KeptDecision]:
    """Several decisions in one go, by id; those of people erased since are missing. `cases`: the case of each."""
    return _open(tx, cases)


def open_first(tx: Reading, cases: Mapping[str, str]) -> None:
    """Open the first decisions of several disclosures in one go, for whoever is about to ask for one after another.

    `cases`: the case of each disclosure.
    """
    made = _first_of(tx, cases)
    opened = _open(tx, {made[disclosure_id]: cases[disclosure_id] for disclosure_id in made})
    for disclosure_id, decision_id in made.items():
        tx.connection.once((_FIRST, disclosure_id), _ITSELF, _ITSELF, partial(made.get, disclosure_id))
        _once(tx, decision_id, cases[disclosure_id], partial(opened.get, decision_id))


def _once(
    tx: Reading, decision_id: str, case_id: str, read: Callable[[], KeptDecision | None]
) -> KeptDecision | None:  # fmt: skip
    return tx.connection.once(("decision", decision_id, case_id), frozenset(), _STAYS, read)


def _open(tx: Reading, cases: Mapping[str, str]) -> dict[str, KeptDecision]:
    rows = tx.connection.execute(_DECISIONS, {"ids": sorted(cases)}).all()
    pieces = content.read_cases(tx, {row.id: cases[row.id] for row in rows}, _PART)
    return {row.id: _kept(row, pieces[row.id]) for row in rows if row.id in pieces}


def _kept(row: Row[Any], pieces: Pieces) -> KeptDecision:
    document = json.loads(next(iter(content.least(pieces).values())))
    return KeptDecision(
        row.id, row.referral_id, row.disclosure_id, row.at_the_door, row.decided_at, _decision(document["decision"]),
        document["facts"], tuple(_withheld(entry) for entry in document["withheld"]),
        frozenset((path, of) for path, of in document["going"]), document.get("agreement"),
    )  # fmt: skip


def _first_of(tx: Reading, disclosure_ids: Iterable[str]) -> dict[str, str]:
    rows = tx.connection.execute(_FIRST, {"ids": sorted(disclosure_ids)})
    return {row.disclosure_id: row.id for row in rows}


def first(tx: Reading, disclosure_id: str, case_id: str) -> KeptDecision:
    """The first decision on the record that is in force: those at the door may narrow it, and never widen it.

    A correction makes a new one, away from the door. Raises NotFound.
    """
    made = tx.connection.once(
        (_FIRST, disclosure_id), _ITSELF, _ITSELF, lambda: _first_of(tx, [disclosure_id]).get(disclosure_id)
    )
    return read(tx, made or "", case_id)


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
