"""What waits for a person: told in plain words, tried again, or abandoned for a reason; and answers that are late."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.access.roles import Role
from hub.audit.kinds import EntryKind
from hub.delivery.causes import WORDS, in_words
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import State
from hub.errors import Conflict, NotAllowed, NotFound
from hub.flow import vouch
from hub.flow.abandon import Abandoned, WhyAbandoned, abandon
from hub.flow.acknowledge import acknowledge, hand_over
from hub.flow.claim import claim
from hub.flow.collect import collect
from hub.flow.overdue import list_late, raise_overdue
from hub.flow.parked import Parked, list_parked
from hub.flow.resume import resume
from hub.flow.settle import settle
from hub.register.agencies import Why
from tests.cases import ADVICE, FIRE, HELPLINE, JAG, POLICE, SOCIAL
from tests.conftest import POSTGRESQL
from tests.hub.flow.correcting import Desk, Desks, account, conditional
from tests.hubs import proved, somebody

ROOT = Path(__file__).parents[3]
STRANGE = in_words("a_strangers_code")
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
PACES = {
    "agy_social": "read = 60",
    "agy_police": "taken = 60\nread = 120",
    "agy_fire": "read = 60\nreferenced = 240",
}  # fmt: skip


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("parked"), answers=PACES)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def here(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    return desks.on(request.param)


@pytest.fixture
def embedded(desks: Desks) -> Desk:
    return desks.on("sqlite")


def _parsed(*places: str) -> Iterable[ast.Module]:
    for place in places:
        for path in sorted(ROOT.glob(place)):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _codes_given_to(names: set[str], *places: str) -> set[str]:
    """The first argument of every call of these names; what is written with a number in it ends in a stroke."""
    found = set()
    for tree in _parsed(*places):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                code = node.args[0]
                code = code.values[0] if isinstance(code, ast.JoinedStr) else code
                assert isinstance(code, ast.Constant), ast.dump(node)
                found.add(str(code.value))
    return found


def _codes_in(functions: set[str], *places: str) -> set[str]:
    """Every word that looks like a code in functions of these names."""
    return {
        node.value for tree in _parsed(*places) for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value)
    }  # fmt: skip


def test_each_cause_that_code_can_park_by_is_told_in_words() -> None:
    sent = _codes_given_to({"Refused", "TryLater", "Unsure"}, "connectors/transports/*.py", "connectors/registry.py")
    barred = _codes_in({"in_the_way", "stands_in_the_way", "_decide_one"}, "hub/register/*.py", "hub/flow/*.py")
    undecided = _codes_given_to({"Conflict"}, "hub/delivery/doors.py") - {"RECALL_FAILED"} | {"UNDECIDABLE"}
    assert {"no_connection", "agency_suspended", "door_unconfirmed", "unsafe_contact", "last_attempt_unknown"} <= (
        sent | barred
    )
    for code in sent | barred | undecided | {outcome.value for outcome in AttemptOutcome} - {"done"}:
        assert in_words(f"{code}404" if code.endswith("_") else code) != STRANGE, code


def test_a_code_with_a_number_and_one_of_a_strangers_connector_have_words_too() -> None:
    assert in_words("http_451") == "the agency's system answered with HTTP status 451"
    for strange in ("their_own_code", "http_45", None):
        assert in_words(strange) == STRANGE


def _parked(here: Desk, disclosure_id: str) -> Parked:
    return next(entry for entry in list_parked(here.hub.house, here.officer) if entry.row.id == disclosure_id)


def test_what_was_tried_in_vain_is_told_with_its_cause_its_tries_and_what_a_replay_does(here: Desk) -> None:
    _, row = here.send(ADVICE)
    here.deliver()
    here.clock.move(hours=25)
    here.deliver()
    found = _parked(here, row.id)
    assert found.says == WORDS["no_connection"]
    assert [(tried.number, tried.outcome) for tried in found.history.attempts] == [(1, "try_later"), (2, "try_later")]
    assert all(tried.ended_at is not None for tried in found.history.attempts)
    assert found.history.steps == ()
    assert found.on_replay == "it is decided again on today's facts, and where it still may go, it is sent"
    assert resume(here.hub.house, here.officer, row.id) is State.QUEUED
    here.deliver()
    assert here.row(row.id).state is State.QUEUED
    abandon(here.hub.house, here.officer, row.id, WhyAbandoned.TOLD_OTHERWISE)


@pytest.mark.parametrize(("ask", "says"), [(ADVICE, "notices no repeat"), (JAG, "under the same id")])
def test_a_replay_after_an_attempt_of_unknown_end_says_whether_the_agency_notices_a_repeat(
    embedded: Desk, ask: tuple[str, str], says: str
) -> None:
    _, row = embedded.send(ask)
    assert len(claim(embedded.hub.house, "dies", 1, only=[row.id]).intents) == 1
    vouch.suspend(embedded.hub.house, None, ask[0], Why.OTHER)
    embedded.clock.move(minutes=10)
    embedded.deliver()
    found = _parked(embedded, row.id)
    assert found.says == WORDS["agency_suspended"]
    assert [tried.outcome for tried in found.history.attempts] == ["unknown"]
    assert found.on_replay == "it would be parked again until two people have ended the agency's suspension"
    for _ in range(2):
        vouch.resume(embedded.hub.house, proved(embedded.hub, somebody(embedded.hub, Role.DPO)), ask[0])
    assert says in _parked(embedded, row.id).on_replay
    abandon(embedded.hub.house, embedded.officer, row.id, WhyAbandoned.OTHER)


@pytest.mark.parametrize("reason", WhyAbandoned)
def test_what_was_abandoned_goes_no_more_and_the_log_says_why(embedded: Desk, reason: WhyAbandoned) -> None:
    _, row = embedded.send(HELPLINE, conditional)
    assert row.state is State.HELD
    assert abandon(embedded.hub.house, embedded.officer, row.id, reason) == Abandoned(row.id, False, ())
    after = embedded.row(row.id)
    assert (after.state, after.cause, after.authoriser, after.review_due_at) == (
        State.CANCELLED, "ABANDONED", None, None
    )  # fmt: skip
    told = embedded.entries(EntryKind.DISCLOSURE_CANCELLED, row.id)
    assert [entry["reason"] for entry in told] == [f"abandoned.{reason.value}"]
    with pytest.raises(Conflict) as refused:
        abandon(embedded.hub.house, embedded.officer, row.id, reason)
    assert refused.value.code == "ABANDONED_ALREADY"


def test_an_abandoned_pack_is_taken_out_of_its_folder_or_said_to_have_been_carried(here: Desk) -> None:
    _, lies = here.send(JAG)
    _, gone = here.send(JAG)
    here.deliver()
    here.packs(gone.id)[0].unlink()
    assert not abandon(here.hub.house, here.officer, lies.id, WhyAbandoned.SUPERSEDED).carried
    assert abandon(here.hub.house, here.officer, gone.id, WhyAbandoned.SUPERSEDED).carried
    assert here.packs(lies.id) == []
    assert [entry["found"] for entry in here.entries(EntryKind.PACK_RECALLED, lies.id)] == [True]


def test_what_is_leaving_or_has_left_is_not_abandoned_any_more(here: Desk) -> None:
    _, carried = here.send(JAG)
    here.deliver()
    hand_over(here.hub.house, here.officer, carried.id, None)
    _, leaving = here.send(ADVICE)
    intents = claim(here.hub.house, "busy", 1, only=[leaving.id]).intents
    for row, code in ((carried, "SENT_ALREADY"), (leaving, "LEAVING_NOW")):
        before = here.row(row.id)
        with pytest.raises(Conflict) as refused:
            abandon(here.hub.house, here.officer, row.id, WhyAbandoned.SUPERSEDED)
        assert refused.value.code == code
        assert here.row(row.id) == before
    settle(here.hub.house, [(intent, Attempted(AttemptOutcome.REFUSED, code="too_large")) for intent in intents])
    abandon(here.hub.house, here.officer, leaving.id, WhyAbandoned.TOLD_OTHERWISE)
    assert here.row(leaving.id).state is State.CANCELLED


def test_only_a_landlords_own_who_may_resume_abandon_what_is_theirs(embedded: Desk) -> None:
    _, row = embedded.send(JAG)
    with pytest.raises(NotFound):
        abandon(embedded.hub.house, replace(embedded.officer, landlord="OHG"), row.id, WhyAbandoned.OTHER)
    with pytest.raises(NotAllowed):
        abandon(embedded.hub.house, somebody(embedded.hub, Role.DPO), row.id, WhyAbandoned.OTHER)
    assert embedded.row(row.id).state is State.QUEUED
    abandon(embedded.hub.house, somebody(embedded.hub, Role.SUPERVISOR), row.id, WhyAbandoned.OTHER)


def test_whoever_has_what_an_abandoned_correction_was_to_put_right_is_told_not_to_rely_on_it(embedded: Desk) -> None:
    case, row = embedded.send(POLICE, account("a can"))
    embedded.deliver()
    hand_over(embedded.hub.house, embedded.officer, row.id, None)
    ((replacing, about, _),) = embedded.correct(case, row, account("a brush")).replaced
    done = abandon(embedded.hub.house, embedded.officer, replacing, WhyAbandoned.TOLD_OTHERWISE)
    assert about == row.id
    assert [entry.about for entry in embedded.follow_ups(row) if entry.disclosure_id in done.notices] == [row.id]


def _late(here: Desk) -> list[str]:
    return [row.id for row in list_late(here.hub.house, here.officer)]


def test_an_answer_that_does_not_come_in_time_is_raised_once_and_no_more_when_it_comes(here: Desk) -> None:
    _, row = here.send(POLICE)
    here.deliver()
    hand_over(here.hub.house, here.officer, row.id, None)
    here.clock.move(minutes=60)
    raise_overdue(here.hub.house)
    assert row.id not in _late(here)
    here.clock.move(seconds=1)
    raise_overdue(here.hub.house)
    raise_overdue(here.hub.house)
    assert _late(here).count(row.id) == 1
    assert here.entries(EntryKind.ANSWER_OVERDUE, row.id) == [
        {"disclosure": row.id, "agency": "agy_police", "rung": "handed_over"}
    ]
    acknowledge(here.hub.house, somebody(here.hub, Role.PARTNER, "agy_police"), row.id, None)
    after = here.row(row.id)
    assert row.id not in _late(here)
    assert (after.answer_due_at, after.answer_late_at) == (None, None)


def test_each_answer_has_its_own_time_counted_from_when_it_was_handed_over(here: Desk) -> None:
    fire = somebody(here.hub, Role.PARTNER, "agy_fire")
    _, row = here.send(FIRE)
    assert here.row(row.id).answer_due_at is None
    began = here.clock.now()
    collect(here.hub.house, fire, row.id)
    assert here.row(row.id).answer_due_at == began + timedelta(minutes=60)
    here.clock.move(minutes=90)
    raise_overdue(here.hub.house)
    acknowledge(here.hub.house, fire, row.id, None)
    after = here.row(row.id)
    assert (after.answer_due_at, after.answer_late_at) == (began + timedelta(minutes=240), None)
    here.clock.move(minutes=151)
    raise_overdue(here.hub.house)
    assert [entry["rung"] for entry in here.entries(EntryKind.ANSWER_OVERDUE, row.id)] == ["taken", "read"]
    acknowledge(here.hub.house, fire, row.id, "FIRE-1")
    assert here.row(row.id).answer_due_at is None


def test_nothing_is_late_of_what_was_abandoned_before_it_was_carried(embedded: Desk) -> None:
    _, row = embedded.send(SOCIAL)
    embedded.deliver()
    assert embedded.row(row.id).answer_due_at is not None
    abandon(embedded.hub.house, embedded.officer, row.id, WhyAbandoned.NO_LONGER_NEEDED)
    embedded.clock.move(hours=2)
    raise_overdue(embedded.hub.house)
    assert embedded.entries(EntryKind.ANSWER_OVERDUE, row.id) == []
