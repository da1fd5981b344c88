"""Only the order of the log counts: no release rests on a consent that the hub heard of later, whatever is claimed.

A state machine refers, records answers, withdraws and delivers in any order, with times claimed that lie in the past or
the future, on real hubs with a clock that only the machine moves.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.errors import Conflict
from hub.flow.record_consent import list_consents, record_consent
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from hub.register import consents
from protocols.record import ConsentFact
from tests import logs
from tests.cases import ADVICE, HELPLINE, KINDS, Case
from tests.delivering import claim_one, settle_one
from tests.hubs import LMH, HandClock, open_test_hub, somebody
from tests.servers import fresh_database

GIVEN = "given_explicit"
ANSWERS = st.sampled_from(
    [*[GIVEN] * 8, "refused", "not_known", "unsafe_to_ask", "not_sought_delay", "cannot_give"]
)  # fmt: skip
CLAIMED = st.sampled_from([-48, -1, 0, 0, 1, 48])
ASKS = st.sampled_from([HELPLINE, ADVICE])
SETTLED = (State.DENIED, State.CANCELLED, State.REFUSED)


@dataclass
class Release:
    """One attempt: its decision, and the consent that the decision rested on."""

    disclosure: str
    decision: str
    consent: str | None


@contextmanager
def a_hub(kind: str) -> Iterator[tuple[Hub, HandClock]]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory()))
        url = f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}"
        if kind == "postgresql":
            url = closing.enter_context(fresh_database())
        clock = HandClock()
        hub = open_test_hub(folder / "data", url, clock)
        closing.callback(hub.house.store.close)
        yield hub, clock


class Ordering(RuleBasedStateMachine):
    """One case of one victim whose helpline and advice line are told on the strength of consent alone."""

    hub: Hub
    clock: HandClock
    officer: Actor

    @initialize()
    def open_the_case(self) -> None:
        self.case = Case(asks=[HELPLINE])
        self.count = 0
        self.referrals: list[str] = []
        self.releases: list[Release] = []
        self.ended: dict[str, tuple[str, State]] = {}

    @rule(ask=ASKS, answer=st.sampled_from([GIVEN, GIVEN, None]) | ANSWERS, claimed=CLAIMED)
    def refer(self, ask: tuple[str, str], answer: str | None, claimed: int) -> None:
        self.case.asks = [ask]
        document = self.case.referral()
        document["consents"] = [self._fact(ask, answer, claimed)] if answer else []
        self.count += 1
        key = f"key-{self.case.tag}-{self.count}"
        self.referrals.append(refer(self.hub.house, self.officer, json.dumps(document).encode(), key).referral_id)

    @precondition(lambda self: self.referrals)
    @rule(ask=ASKS, answer=ANSWERS, claimed=CLAIMED)
    def record(self, ask: tuple[str, str], answer: str, claimed: int) -> None:
        raw = json.dumps(self._fact(ask, answer, claimed)).encode()
        record_consent(self.hub.house, self.officer, self.referrals[-1], raw)

    @precondition(lambda self: self.referrals)
    @rule(which=st.integers(0, 99))
    def withdraw(self, which: int) -> None:
        given = [entry for entry in self._consents() if entry.fact.answer in consents.GIVES]
        if not given:
            return
        taken = given[which % len(given)]
        relied = {row.id for row in self._rows() if row.consent_id == taken.id and row.state in UNSENT}
        try:
            withdraw(self.hub.house, self.officer, taken.id)
        except Conflict:
            return
        for row in self._rows():
            assert row.id not in relied or row.state not in (State.QUEUED, State.PREPARED) or row.consent_id != taken.id

    @rule()
    def deliver(self) -> None:
        for row in self._rows():
            if row.state is State.QUEUED:
                intent = claim_one(self.hub.house, "test", row.id)
                if intent is not None:
                    now = self._row(row.id)
                    self.releases.append(Release(row.id, now.decision_id, now.consent_id))
                    sent = self.hub.house.doors.send(row.agency, intent.message, row.id, self.clock.now())
                    settle_one(self.hub.house, intent, sent)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.move(hours=hours)

    def teardown(self) -> None:
        """No release rests on what was heard later, or was taken back before. Read once from the whole log."""
        heard, undone, decided = self._log()
        for release in getattr(self, "releases", ()):
            assert release.consent is not None, "the helpline is told on the strength of consent alone"
            assert heard[release.consent] < decided[release.decision]
            taken_back = undone.get(release.consent)
            assert taken_back is None or taken_back > decided[release.decision]

    @invariant()
    def what_was_denied_or_cancelled_stays_so(self) -> None:
        for row in self._rows() if getattr(self, "referrals", None) else ():
            if row.state in SETTLED:
                assert self.ended.setdefault(row.id, (row.decision_id, row.state)) == (row.decision_id, row.state)
            else:
                assert row.id not in self.ended

    def _fact(self, ask: tuple[str, str], answer: str, claimed: int) -> dict[str, Any]:
        at = self.clock.now() + timedelta(hours=claimed)
        fact = {"subject": "p1", "recipient": KINDS[ask[0]], "purpose": ask[1], "answer": answer,
                "covers": ["identity", "contact", "incident_narrative"], "freely_given": True,
                "claimed_at": at.isoformat()}  # fmt: skip
        return ConsentFact.model_validate(fact, strict=False).model_dump(mode="json")

    def _consents(self) -> tuple[consents.RecordedConsent, ...]:
        return list_consents(self.hub.house, self.officer, self.referrals[-1])

    def _rows(self) -> list[DisclosureRow]:
        with self.hub.house.store.read(LMH) as tx:
            return [row for referral in self.referrals for row in outbox.of_referral(tx, referral)]

    def _row(self, disclosure: str) -> DisclosureRow:
        with self.hub.house.store.read(LMH) as tx:
            return outbox.get(tx, disclosure)

    def _log(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Positions of consents heard, of consents withdrawn, and of decisions made."""
        places: dict[EntryKind, dict[str, int]] = {}
        for number, entry in enumerate(logs.entries(self.hub.house.store)):
            about = entry.facts.get("consent") or entry.facts.get("decision")
            places.setdefault(entry.kind, {}).setdefault(str(about), number)
        return (places.get(EntryKind.CONSENT_RECORDED, {}), places.get(EntryKind.CONSENT_WITHDRAWN, {}),
                places.get(EntryKind.DECISION_MADE, {}))  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "examples"), [("sqlite", 25), pytest.param("postgresql", 3, marks=pytest.mark.postgresql)]
)
def test_only_the_order_of_the_log_counts_for_consents(kind: str, examples: int) -> None:
    with a_hub(kind) as (hub, clock):
        machine = type("OnOneHub", (Ordering,), {"hub": hub, "clock": clock, "officer": somebody(hub, Role.OFFICER)})
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=examples, stateful_step_count=20, deadline=None,
                              suppress_health_check=list(HealthCheck)),
        )  # fmt: skip
