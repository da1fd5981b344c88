"""Separation of duties as a state machine: several people with several credentials each, in any order of acts.

Nothing leaves on its own author's word, on the wrong kind of authoriser's, or on one word where two are asked for; no
override reaches beyond its case or its hour; nobody reviews their own, and none is forgotten.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

from consent.rules import RuleSet
from hub.access.roles import Actor, AuthoriserKind, Role
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.decision.overriding import Danger
from hub.decision.rulebook import Rulebook
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.errors import Conflict, NotAllowed, NotFound
from hub.flow.deliver import deliver_due
from hub.flow.house import House
from hub.flow.overdue import raise_overdue
from hub.flow.override import declare, restore_right, review_override
from hub.flow.refer import refer
from hub.flow.review import review
from hub.ids import Prefix, new_id
from hub.register import overrides
from hub.register.overrides import UNREVIEWED, Override
from hub.store.scope import EVERY
from tests import logs
from tests.cases import JAG, POLICE, Case
from tests.conftest import OpenHub
from tests.hubs import HandClock, proved, somebody

K = AuthoriserKind
LEADS = "service manager or safeguarding lead"
TWO = "director and data protection officer"
SCENES = {
    LEADS: {"capacity": "doubted"},
    TWO: {"objection_received": True, "adult_at_risk": False},
}  # fmt: skip
"""What a scene holds, by whom it then waits for."""

SEATS = {LEADS: [{K.SERVICE_MANAGER, K.SAFEGUARDING_LEAD}], TWO: [{K.DIRECTOR}, {K.DATA_PROTECTION_OFFICER}]}
"""Written out here again, so that a slip in `hub.decision.authorisers` does not agree with itself."""

KINDS = ({K.SERVICE_MANAGER}, {K.DATA_PROTECTION_OFFICER}, {K.DIRECTOR, K.DATA_PROTECTION_OFFICER}, {K.HR_LEAD})
WHY = "He is at the door and she cannot get away."
REFUSED = (NotAllowed, NotFound, Conflict)


@dataclass
class Person:
    """Somebody with a credential of each role, and two as an authoriser, of different kinds."""

    id: str
    as_role: dict[Role, Actor]
    as_authoriser: list[Actor]


@dataclass
class Sent:
    """A disclosure that waits for somebody: whose, in which case, whom it waits for, and what was said of it."""

    author: Person
    case: str
    referral: str
    asks_for: str
    said: list[tuple[str, frozenset[AuthoriserKind]]] = field(default_factory=list)

    def is_authorised(self) -> bool:
        """Whether different people of the kinds asked for said yes, none of whom wrote it."""
        seats = SEATS[self.asks_for]
        others = [(person, kinds) for person, kinds in self.said if person != self.author.id]
        return any(
            len({person for person, _ in seated}) == len(seats)
            and all(kinds & seat for (_, kinds), seat in zip(seated, seats, strict=True))
            for seated in permutations(others, len(seats))
        )


def _two_for_objections(rulebook: Rulebook) -> Rulebook:
    """The rules, with an objection put to two people: the only rule that asks for two is of publicity, which no door
    serves."""
    rules = tuple(
        replace(entry, authoriser=TWO) if entry.code == "OBJECTION_RECEIVED" and entry.authoriser else entry
        for entry in rulebook.rules.rules
    )
    digest = hashlib.sha256(f"{rulebook.rules.digest} with two".encode()).hexdigest()
    return Rulebook(RuleSet(rules, rulebook.rules.findings, digest), rulebook.profiles)


class Separation(RuleBasedStateMachine):
    """People of one landlord at two cases."""

    people = Bundle("people")
    waiting = Bundle("waiting")
    declared = Bundle("declared")

    hub: Hub
    house: House
    clock: HandClock

    def __init__(self) -> None:
        """Nobody has done anything yet."""
        super().__init__()
        self.cases = [Case((POLICE, JAG)), Case((POLICE, JAG))]
        self.sent: dict[str, Sent] = {}
        self.reviewed: dict[str, bool] = {}
        self.suspended: dict[str, set[str]] = {}
        self.overrides: list[str] = []
        self.everybody: dict[str, Person] = {}
        self.on_their_way: set[str] = set()
        self.position = logs.size(self.house.store)

    def _proved(self, actor: Actor) -> Actor:
        return proved(self.hub, actor)

    def _get(self, override: str) -> Override:
        with self.house.store.read(EVERY) as tx:
            return overrides.get(tx, override)

    @initialize(target=people)
    def arrive(self) -> object:
        """Three people, each of whom can sign in as anything."""
        return multiple(*(self._person(number) for number in range(3)))

    def _person(self, number: int) -> Person:
        made = new_id(Prefix.PERSON)
        roles = {role: somebody(self.hub, role, person=made) for role in (Role.OFFICER, Role.SUPERVISOR, Role.DPO)}
        kinds = (KINDS[number], KINDS[(number + 1) % len(KINDS)])
        self.everybody[made] = Person(made, roles, [
            somebody(self.hub, Role.AUTHORISER, person=made, kinds=frozenset(held)) for held in kinds
        ])  # fmt: skip
        return self.everybody[made]

    @rule(target=waiting, author=people, case=st.integers(0, 1), scene=st.sampled_from(sorted(SCENES)))
    def send(self, author: Person, case: int, scene: str) -> object:
        """Refer one of the cases, in which all that is asked for waits."""
        document = self.cases[case].referral()
        document["circumstances"] |= SCENES[scene]
        raw, key = json.dumps(document).encode(), f"key-{Case().tag}"
        referral = refer(self.house, author.as_role[Role.OFFICER], raw, key).referral_id
        with self.house.store.read(EVERY) as tx:
            rows = outbox.of_referral(tx, referral)
        for row in rows:
            self.sent[row.id] = Sent(author, row.case_id, referral, scene)
        return multiple(*(row.id for row in rows))

    @rule(who=people, which=st.integers(0, 1), disclosure=waiting, authorise=st.sampled_from([True, True, True, False]))
    def say(self, who: Person, which: int, disclosure: str, authorise: bool) -> None:
        """Authorise or refuse, with one of one's credentials."""
        entry, actor = self.sent[disclosure], who.as_authoriser[which]
        try:
            state = review(self.house, self._proved(actor), disclosure, authorise=authorise)
        except REFUSED:
            return
        self.on_their_way |= {disclosure} if state is State.QUEUED else set()
        assert who.id != entry.author.id
        assert any(actor.kinds & seat for seat in SEATS[entry.asks_for])
        entry.said += [(who.id, actor.kinds)] if authorise else []

    @rule(disclosure=waiting, which=st.integers(0, 1))
    def say_of_ones_own(self, disclosure: str, which: int) -> None:
        """Try to let go what one wrote, under another credential."""
        actor = self._proved(self.sent[disclosure].author.as_authoriser[which])
        with pytest.raises(REFUSED):
            review(self.house, actor, disclosure, authorise=True)

    @rule(target=declared, who=people, role=st.sampled_from([Role.OFFICER, Role.SUPERVISOR]), disclosure=waiting,
          category=st.sampled_from(Danger))  # fmt: skip
    def override(self, who: Person, role: Role, disclosure: str, category: Danger) -> object:
        """Declare an override of a case."""
        return self._declare(who, role, disclosure, category) or multiple()

    def _declare(self, who: Person, role: Role, disclosure: str, category: Danger) -> str | None:
        entry = self.sent[disclosure]
        try:
            done = declare(self.house, who.as_role[role], entry.referral, category, WHY)
        except NotAllowed:
            waiting = len([name for name in self.overrides if self._get(name).person == who.id]) >= UNREVIEWED
            assert self.suspended.get(who.id) or (waiting and category is not Danger.IMMEDIATE_DANGER)
            return None
        assert not self.suspended.get(who.id)
        assert {self.sent[released].case for released in done.released} <= {entry.case}
        self.overrides.append(done.override.id)
        self.on_their_way |= set(done.released)
        return done.override.id

    @rule(who=people, role=st.sampled_from([Role.SUPERVISOR, Role.DPO, Role.AUTHORISER]), override=declared,
          justified=st.booleans())  # fmt: skip
    def look_into(self, who: Person, role: Role, override: str, justified: bool) -> None:
        """Review an override."""
        actor = who.as_authoriser[1] if role is Role.AUTHORISER else who.as_role[role]
        found = self._get(override)
        try:
            review_override(self.house, self._proved(actor), override, WHY, justified=justified)
        except REFUSED:
            return
        assert who.id != found.person
        assert override not in self.reviewed
        assert role is not Role.AUTHORISER or found.is_overdue(self.clock.now())
        self.reviewed[override] = justified
        if not justified:
            self.suspended.setdefault(found.person, set()).add(override)
        self._look()

    @rule(override=declared, role=st.sampled_from([Role.SUPERVISOR, Role.DPO]))
    def look_into_ones_own(self, override: str, role: Role) -> None:
        """Try to find one's own override justified, or to give oneself the right back, under another credential."""
        actor = self._proved(self.everybody[self._get(override).person].as_role[role])
        with pytest.raises(REFUSED):
            review_override(self.house, actor, override, WHY, justified=True)
        with pytest.raises(REFUSED):
            restore_right(self.house, actor, override)

    @rule(who=people, disclosure=waiting)
    def come_too_late(self, who: Person, disclosure: str) -> None:
        """Declare an override, and have nobody look for its whole hour."""
        self._declare(who, Role.OFFICER, disclosure, Danger.IMMEDIATE_DANGER)
        self.clock.move(minutes=60)
        deliver_due(self.house, "test", 20)
        self._check()
        self._look()

    @rule(who=people, override=declared)
    def give_back(self, who: Person, override: str) -> None:
        """Restore a right."""
        found = self._get(override)
        try:
            restore_right(self.house, self._proved(who.as_role[Role.DPO]), override)
        except REFUSED:
            return
        assert who.id != found.person
        self.suspended[found.person].remove(override)

    @rule(minutes=st.sampled_from([10, 59, 60, 61, 60 * 24, 60 * 24 * 5]))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.move(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        """What the timetable does."""
        raise_overdue(self.house)
        with self.house.store.read(EVERY) as tx:
            assert overrides.to_raise(tx, self.clock.now()) == ()
            assert overrides.to_close(tx, self.clock.now()) == ()
        self._look()

    @rule()
    def deliver(self) -> None:
        """Send what may go; and hold everything that ever left against what was said of it."""
        deliver_due(self.house, "test", 20)
        self._check()
        self._look()

    def teardown(self) -> None:
        """In the end everything was looked at, and no override is forgotten."""
        deliver_due(self.house, "test", 20)
        self._check()
        self.clock.move(days=7)
        raise_overdue(self.house)
        for entry in map(self._get, self.overrides):
            assert (entry.reviewed_at or entry.overdue_at) is not None
            assert entry.review_due - entry.at < timedelta(days=7)

    def _look(self) -> None:
        """What is held again was authorised for nothing: whoever said yes is asked anew."""
        with self.house.store.read(EVERY) as tx:
            held = {name for name in self.on_their_way if outbox.get(tx, name).state is State.HELD}
        for name in held:
            self.sent[name].said.clear()
        self.on_their_way -= held

    def _check(self) -> None:
        entries = logs.entries(self.house.store)[self.position :]
        decided = {entry.facts["decision"]: entry for entry in entries if entry.kind is EntryKind.DECISION_MADE}
        for entry in entries:
            if entry.kind is EntryKind.RELEASE_INTENDED and entry.facts["disclosure"] in self.sent:
                self._check_release(entry, decided[entry.facts["decision"]])

    def _check_release(self, release: Entry, decision: Entry) -> None:
        sent = self.sent[str(release.facts["disclosure"])]
        named = decision.facts.get("override")
        if named is None:
            assert decision.facts["outcome"] == "needs_authoriser"
            assert sent.is_authorised(), (sent.asks_for, sent.said, sent.author.id)
            return
        override = self._get(str(named))
        assert override.case_id == sent.case
        assert override.at <= release.at < override.ends_at
        assert override.justified is not False or (override.reviewed_at or release.at) >= release.at


def test_duties_stay_apart_whoever_does_what_in_whatever_order(open_hub_here: OpenHub) -> None:
    clock = HandClock()
    clock.at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    hub = open_hub_here(clock)
    Separation.hub, Separation.clock = hub, clock
    Separation.house = replace(hub.house, rulebook=_two_for_objections(hub.house.rulebook))
    sqlite = hub.house.store.engine.dialect.name == "sqlite"
    run_state_machine_as_test(Separation, settings=settings(
        max_examples=10 if sqlite else 4, stateful_step_count=25, deadline=None,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
