"""Agreements through their life, on a real store: separation of duties, tenancy, and what it does to a release."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hub.access.roles import Actor, Role, Strength
from hub.bootstrap import Hub
from hub.delivery.outbox import State
from hub.errors import BadInput, ConcordatError, Conflict, NotAllowed, NotFound
from hub.flow import agree, document, judge, survey
from hub.flow.agree import Step
from hub.flow.consult import read_referral
from hub.flow.document import NewDocument
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.register import agencies, agreements, documents
from hub.register.documents import Kind
from hub.store.scope import of_landlord
from protocols.agreement import Agreement, AgreementState, ProtocolFact
from protocols.coverage import Coverage
from protocols.parse import write_agreement
from protocols.vocabulary import AgencyKind
from tests.cases import HELPLINE, JAG, Case, agreement
from tests.conftest import OpenHub
from tests.delivering import deliver_one
from tests.hubs import HandClock, open_test_hub, somebody
from tests.servers import fresh_database

ON_FILE = "agr_jag_example@1"


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here(HandClock())


def person(hub: Hub, role: Role, landlord: str = "LMH") -> Actor:
    """Somebody who has just proved who they are, with two factors."""
    return Actor(new_id(Prefix.CREDENTIAL), new_id(Prefix.PERSON), role, landlord,
                 strength=Strength.TWO_FACTORS, proved_at=hub.house.clock.now())  # fmt: skip


def administrator(hub: Hub) -> Actor:
    return replace(person(hub, Role.ADMINISTRATOR), landlord=None)


def second(**changes: object) -> Agreement:
    """The next version of the agreement with the joint action group."""
    return agreement("agy_jag").model_copy(update={"version": 2, **changes})


def add(hub: Hub, paper: Agreement) -> str:
    return agree.add(hub.house, administrator(hub), write_agreement(paper))


def life(hub: Hub, reference: str) -> str:
    (seen,) = agree.read_agreement(hub.house, None, reference)
    return seen.life


def counting(hub: Hub, landlord: str = "LMH") -> set[str]:
    with hub.house.store.read(of_landlord(landlord)) as tx:
        found = agreements.counting(tx, landlord)
    on = hub.house.clock.now().date()
    return {entry.reference for entry in found if entry.is_in_force(on)}


def approve(hub: Hub, reference: str) -> None:
    for role in (Role.DPO, Role.AUTHORISER):
        agree.take(hub.house, person(hub, role), reference, Step.APPROVED)


def test_a_draft_counts_once_two_people_approved_it_and_then_supersedes_the_one_before(hub: Hub) -> None:
    reference = add(hub, second())
    assert (life(hub, reference), life(hub, ON_FILE)) == ("draft", "in_force")
    assert reference not in counting(hub)
    first = agree.take(hub.house, person(hub, Role.DPO), reference, Step.APPROVED)
    assert (first.life, first.people) == ("draft", 1)
    assert ON_FILE in counting(hub)
    agree.take(hub.house, person(hub, Role.AUTHORISER), reference, Step.APPROVED, "ab" * 32)
    assert (life(hub, reference), life(hub, ON_FILE)) == ("in_force", "superseded")


def test_nobody_approves_twice_by_another_credential(hub: Hub) -> None:
    reference, approver = add(hub, second()), person(hub, Role.DPO)
    agree.take(hub.house, approver, reference, Step.APPROVED)
    again = replace(approver, credential=new_id(Prefix.CREDENTIAL), role=Role.AUTHORISER)
    with pytest.raises(Conflict) as refused:
        agree.take(hub.house, again, reference, Step.APPROVED)
    assert refused.value.code == "APPROVED_BEFORE"
    assert life(hub, reference) == "draft"


def test_whoever_put_it_on_file_never_approves_it_in_whatever_role(hub: Hub) -> None:
    author = administrator(hub)
    reference = agree.add(hub.house, author, write_agreement(second()))
    with pytest.raises(NotAllowed) as refused:
        agree.take(hub.house, replace(person(hub, Role.DPO), person=author.person), reference, Step.APPROVED)
    assert refused.value.code == "AUTHOR_IS_APPROVER"


def test_an_administrator_cannot_approve_and_tokens_of_their_making_cannot_either(hub: Hub) -> None:
    reference = add(hub, second())
    with pytest.raises(NotAllowed):
        agree.take(hub.house, administrator(hub), reference, Step.APPROVED)
    for role in (Role.DPO, Role.AUTHORISER):
        with pytest.raises(NotAllowed) as refused:
            agree.take(hub.house, somebody(hub, role), reference, Step.APPROVED)
        assert refused.value.code == "STEP_UP_NEEDED"
    stale = replace(person(hub, Role.DPO), proved_at=hub.house.clock.now() - timedelta(minutes=11))
    with pytest.raises(NotAllowed):
        agree.take(hub.house, stale, reference, Step.APPROVED)
    assert life(hub, reference) == "draft"


def test_an_unsigned_paper_cannot_be_approved_and_only_a_draft_or_a_signed_one_is_taken(hub: Hub) -> None:
    reference = add(hub, second(state=AgreementState.DRAFT))
    with pytest.raises(Conflict) as refused:
        agree.take(hub.house, person(hub, Role.DPO), reference, Step.APPROVED)
    assert refused.value.code == "AGREEMENT_NOT_SIGNED"
    with pytest.raises(BadInput) as wrong:
        add(hub, second(version=3, state=AgreementState.SUSPENDED))
    assert wrong.value.code == "AGREEMENT_STATE"


def test_what_is_on_file_is_never_put_there_again(hub: Hub) -> None:
    add(hub, second())
    with pytest.raises(Conflict) as refused:
        add(hub, second())
    assert refused.value.code == "AGREEMENT_ON_FILE"
    with pytest.raises(BadInput):
        add(hub, second(title="Says something else"))
    strangers = second(version=3, controllers=(second().controllers[0].model_copy(update={"landlord": "EXAMPLE"}),))
    with pytest.raises(BadInput) as nobodys:
        add(hub, strangers)
    assert nobodys.value.code == "AGREEMENT_WITHOUT_LANDLORD"


def test_one_person_suspends_at_once_and_two_resume(hub: Hub) -> None:
    agree.take(hub.house, person(hub, Role.DPO), ON_FILE, Step.SUSPENDED)
    assert life(hub, ON_FILE) == "suspended"
    assert ON_FILE not in counting(hub)
    agree.take(hub.house, person(hub, Role.DPO), ON_FILE, Step.RESUMED)
    assert life(hub, ON_FILE) == "suspended"
    agree.take(hub.house, person(hub, Role.AUTHORISER), ON_FILE, Step.RESUMED)
    assert life(hub, ON_FILE) == "in_force"


def test_a_version_that_was_withdrawn_brings_no_older_one_back(hub: Hub) -> None:
    reference = add(hub, second())
    approve(hub, reference)
    agree.take(hub.house, person(hub, Role.DPO), reference, Step.WITHDRAWN)
    assert (life(hub, reference), life(hub, ON_FILE)) == ("withdrawn", "superseded")
    with hub.house.store.read(of_landlord("LMH")) as tx:
        (status,) = {entry.status(hub.house.clock.now().date()) for entry in agreements.counting(tx, "LMH")
                     if entry.reference == reference}  # fmt: skip
    assert status == "expired"


def test_a_version_that_has_not_begun_waits_and_one_that_ended_is_expired(hub: Hub) -> None:
    today = hub.house.clock.now().date()
    later = add(hub, second(in_force_from=today + timedelta(days=30)))
    approve(hub, later)
    assert (life(hub, later), life(hub, ON_FILE)) == ("approved", "in_force")
    ended = agreement("agy_fire").model_copy(update={
        "version": 2, "in_force_from": date(2026, 2, 1), "in_force_to": today - timedelta(days=1),
        "review_by": date(2026, 2, 1),
    })  # fmt: skip
    reference = add(hub, ended)
    approve(hub, reference)
    assert life(hub, reference) == "expired"


def test_a_landlord_sees_and_moves_only_the_agreements_to_which_it_is_a_party(hub: Hub) -> None:
    stranger = person(hub, Role.DPO, "OHG")
    assert agree.list_agreements(hub.house, stranger) == ()
    for act in (
        lambda: agree.read_agreement(hub.house, stranger, ON_FILE),
        lambda: agree.take(hub.house, stranger, ON_FILE, Step.SUSPENDED),
        lambda: agree.take(hub.house, stranger, "agr_no_such@1", Step.SUSPENDED),
        lambda: survey.routine_flows(hub.house, stranger, "LMH"),
    ):
        with pytest.raises(NotFound) as refused:
            act()
        assert refused.value.says == "there is nothing by that id"
    ours = {seen.landlord for seen in agree.list_agreements(hub.house, person(hub, Role.OFFICER))}
    everybodys = {seen.landlord for seen in agree.list_agreements(hub.house, administrator(hub))}
    assert ours == everybodys == {"LMH"}


def test_each_party_decides_for_itself_whether_a_shared_agreement_counts(hub: Hub) -> None:
    ours = second().controllers[0]
    theirs = ours.model_copy(update={"landlord": "OHG", "name": "Quayside Example Homes"})
    signed = second().signatories[0].model_copy(update={"organisation": theirs.name})
    paper = second(controllers=(ours, theirs), signatories=(*second().signatories, signed))
    reference = add(hub, paper)
    approve(hub, reference)
    assert reference in counting(hub, "LMH")
    assert reference not in counting(hub, "OHG")
    for role in (Role.DPO, Role.AUTHORISER):
        agree.take(hub.house, person(hub, role, "OHG"), reference, Step.APPROVED)
    agree.take(hub.house, person(hub, Role.DPO, "LMH"), reference, Step.SUSPENDED)
    assert reference in counting(hub, "OHG")
    assert reference not in counting(hub, "LMH")


def _sent(hub: Hub, asks: list[tuple[str, str]]) -> tuple[Actor, str, str]:
    officer, case = somebody(hub, Role.OFFICER), Case(asks=asks)
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    (view,) = read_referral(hub.house, officer, accepted.referral_id).disclosures
    assert view.row.state is State.QUEUED, view.row.cause
    return officer, accepted.referral_id, view.row.id


def _after(hub: Hub, officer: Actor, referral: str) -> tuple[State, str | None]:
    (view,) = read_referral(hub.house, officer, referral).disclosures
    return view.row.state, view.row.cause


def test_a_suspension_stops_what_is_waiting_at_its_next_claim(hub: Hub) -> None:
    officer, referral, disclosure = _sent(hub, [JAG])
    agree.take(hub.house, person(hub, Role.DPO), ON_FILE, Step.SUSPENDED)
    deliver_one(hub.house, "test", disclosure)
    assert _after(hub, officer, referral) == (State.CANCELLED, "PROTOCOL_SUSPENDED")


def test_a_suspension_takes_back_the_pack_that_waits_to_be_carried(hub: Hub, tmp_path: Path) -> None:
    officer, referral, disclosure = _sent(hub, [JAG])
    assert deliver_one(hub.house, "test", disclosure) is State.PREPARED
    assert list((tmp_path / "out").iterdir())
    agree.take(hub.house, person(hub, Role.DPO), ON_FILE, Step.SUSPENDED)
    assert list((tmp_path / "out").iterdir()) == []
    assert _after(hub, officer, referral) == (State.CANCELLED, "PROTOCOL_SUSPENDED")


def _withdraw_documents(hub: Hub) -> None:
    for found in document.list_documents(hub.house, None, "LMH"):
        if found.kind is Kind.DATA_PROTECTION_IMPACT_ASSESSMENT:
            document.withdraw(hub.house, None, "LMH", found.id)


def _allow_sftp_alone(hub: Hub) -> None:
    paper = agreement("agy_helpline")
    security = paper.security.model_copy(update={"transports": ("sftp",)})
    reference = add(hub, paper.model_copy(update={"version": 2, "security": security}))
    approve(hub, reference)


@pytest.mark.parametrize(
    ("change", "cause"),
    [(_withdraw_documents, "IMPACT_NOT_ASSESSED"), (_allow_sftp_alone, "TRANSPORT_NOT_AGREED")],
)
def test_what_lacks_its_assessment_or_its_transport_is_held_with_that_cause(
    hub: Hub, change: Callable[[Hub], None], cause: str
) -> None:
    officer, referral, disclosure = _sent(hub, [HELPLINE])
    change(hub)
    deliver_one(hub.house, "test", disclosure)
    assert _after(hub, officer, referral) == (State.HELD, cause)


def test_an_assessment_that_runs_out_holds_what_waits_and_a_new_one_lets_the_next_go(hub: Hub) -> None:
    assert isinstance(hub.house.clock, HandClock)
    officer, referral, disclosure = _sent(hub, [HELPLINE])
    hub.house.clock.move(days=299, hours=23, minutes=59)
    document.set_policy_document(hub.house, None, "LMH", hub.house.clock.now() + timedelta(days=300))
    hub.house.clock.move(minutes=2)
    deliver_one(hub.house, "test", disclosure)
    assert _after(hub, officer, referral) == (State.HELD, "IMPACT_NOT_ASSESSED")
    until = hub.house.clock.now() + timedelta(days=1)
    document.record(
        hub.house, None, "LMH", NewDocument(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, "victim_support", None, until)
    )
    _sent(hub, [HELPLINE])


def test_the_agreements_retention_and_onward_rule_go_with_the_data(hub: Hub, tmp_path: Path) -> None:
    _, _, disclosure = _sent(hub, [HELPLINE])
    assert deliver_one(hub.house, "test", disclosure) is State.PREPARED
    (pack,) = (tmp_path / "out").iterdir()
    told = pack.read_text(encoding="utf-8", errors="replace")
    assert "365 days" in told
    assert "without asking us first" in told


def test_routine_flows_are_told_with_what_no_agreement_covers(hub: Hub) -> None:
    flows = survey.routine_flows(hub.house, person(hub, Role.DPO), "LMH")
    told = {(flow.need.recipient.value, flow.need.purpose.value, flow.agency): flow for flow in flows}
    assert told["jag", "crime_prevention", "agy_jag"].is_covered
    assert told["police", "crime_investigation", "agy_police"].is_covered
    outside = told["police", "crime_prevention", "agy_police"]
    assert (outside.is_covered, outside.coverage.status.value) == (False, "purpose_outside")
    assert not told["school", "crime_prevention", None].is_covered
    narrow = agreement("agy_jag")
    kept = tuple(category for category in narrow.categories if category.value != "hate_strand")
    clause = narrow.clauses[0].model_copy(update={"categories": kept})
    approve(hub, add(hub, narrow.model_copy(update={"version": 2, "categories": kept, "clauses": (clause,)})))
    (again,) = (flow for flow in survey.routine_flows(hub.house, None, "LMH") if flow.agency == "agy_jag")
    assert {category.value for category in again.coverage.uncovered} == {"hate_strand"}


def test_a_file_that_says_it_is_suspended_takes_away_at_once_and_one_in_force_waits_for_approval(hub: Hub) -> None:
    house = hub.house
    agree.add_here(house, write_agreement(second()), "jag.toml")
    assert ON_FILE in counting(hub)
    agree.add_here(house, write_agreement(second(version=3, state=AgreementState.SUSPENDED)), "jag.toml")
    assert life(hub, "agr_jag_example@3") == "suspended"
    assert life(hub, ON_FILE) == "superseded"


def test_the_command_line_needs_two_named_people_and_the_log_says_so(hub: Hub) -> None:
    reference = add(hub, second())
    one, two = new_id(Prefix.PERSON), new_id(Prefix.PERSON)
    with pytest.raises(BadInput):
        agree.take_here(hub.house, "LMH", [reference], Step.APPROVED, ["somebody"])
    with pytest.raises(Conflict):
        agree.take_here(hub.house, "LMH", [reference], Step.APPROVED, [one, one])
    assert life(hub, reference) == "draft"
    assert agree.take_here(hub.house, "LMH", [reference], Step.APPROVED, [one])[0].people == 1
    (seen,) = agree.take_here(hub.house, "LMH", [reference], Step.APPROVED, [two])
    assert seen.life == "in_force"


class Approvals(RuleBasedStateMachine):
    """Random people act on one version; what counts is compared with a plain model of two people and no stop since."""

    hub: Hub

    @initialize()
    def begin(self) -> None:
        people = [new_id(Prefix.PERSON) for _ in range(4)]
        self.author, *self.others = people
        self.people = people
        number = next(_numbers)
        paper = second(id=f"agr_machine_{number % 1000}", version=1 + number // 1000)
        actor = replace(administrator(self.hub), person=self.author)
        self.reference = agree.add(self.hub.house, actor, write_agreement(paper))
        self.approved: set[str] = set()
        self.resumed: set[str] = set()
        self.stopped = self.ended = False

    @rule(who=st.integers(0, 3), step=st.sampled_from([Step.APPROVED, Step.SUSPENDED, Step.RESUMED]),
          role=st.sampled_from([Role.DPO, Role.DPO, Role.DPO, Role.AUTHORISER, Role.ADMINISTRATOR]))  # fmt: skip
    def act(self, who: int, step: Step, role: Role) -> None:
        actor = replace(person(self.hub, role), person=self.people[who])
        was = len(self.approved) >= 2
        try:
            agree.take(self.hub.house, actor, self.reference, step)
        except ConcordatError:
            return
        match step:
            case Step.APPROVED:
                assert actor.person != self.author
                assert not was
                self.approved.add(actor.person)
            case Step.SUSPENDED:
                assert was
                self.stopped, self.resumed = True, set()
            case _:
                assert actor.person != self.author
                self.resumed.add(actor.person)
                self.stopped = len(self.resumed) < 2

    @invariant()
    def it_counts_only_with_two_people_behind_it_and_no_stop_since(self) -> None:
        if not hasattr(self, "reference"):
            return
        expected = len(self.approved - {self.author}) >= 2 and not self.stopped
        assert (self.reference in counting(self.hub)) == expected


_numbers = iter(range(1_000_000))


@contextmanager
def _opened(kind: str) -> Iterator[Hub]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory()))
        url = (f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}" if kind == "sqlite"
               else closing.enter_context(fresh_database()))  # fmt: skip
        made = open_test_hub(folder / "data", url, HandClock())
        closing.callback(made.house.store.close)
        yield made


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_separation_of_duties_holds_whatever_people_do_in_whatever_order(kind: str) -> None:
    with _opened(kind) as hub:
        machine = type("Here", (Approvals,), {"hub": hub})
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=25, stateful_step_count=20, deadline=None,
                              suppress_health_check=[HealthCheck.too_slow]),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "days", "said"),
    [
        (ProtocolFact.IN_FORCE, None, "signed"), (ProtocolFact.IN_FORCE, 1, "signed"),
        (ProtocolFact.IN_FORCE, 0, "missing"), (ProtocolFact.NONE, None, "missing"), (ProtocolFact.NONE, 1, "missing"),
        (ProtocolFact.SUSPENDED, 1, "missing"),
    ],
)  # fmt: skip
def test_a_contractor_has_signed_while_an_agreement_is_in_force_and_no_confidentiality_ran_out(
    embedded_hub: Hub, status: ProtocolFact, days: int | None, said: str
) -> None:
    house, now = embedded_hub.house, embedded_hub.house.clock.now()
    if days is not None:
        until = now + timedelta(days=days, seconds=1)
        document.record(house, None, "LMH", NewDocument(Kind.CONFIDENTIALITY_AGREEMENT, "agy_fire", None, until))
    with house.store.read(of_landlord("LMH")) as tx:
        kept = documents.listed(tx)
        contractor = replace(agencies.get(tx, "agy_fire"), kind=AgencyKind.CONTRACTOR)
    coverage = Coverage(status, "agr_x@1", (), frozenset(), ())
    found = judge._contractor(kept, coverage, contractor, now + timedelta(seconds=2))
    assert found == said
