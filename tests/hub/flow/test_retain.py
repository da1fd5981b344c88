"""What is past its day goes, what stays says why, and a dry run tells beforehand what a run does. On both databases."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.access.roles import Actor, Role
from hub.audit.entry import parse
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.cli import main
from hub.errors import BadInput, NotFound
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.preserve import lift, list_holds, preserve
from hub.flow.refer import refer
from hub.flow.retain import UNSETTLED, Ran, read_schedule, run, set_schedule
from hub.intake import referrals, traces
from hub.register.holds import HoldGround
from hub.register.retention import DEFAULT_DAYS, LONGEST, SHORTEST
from hub.store.classes import DataClass
from hub.store.scope import EVERY
from hub.store.tables import disclosure, metadata
from tests import logs
from tests.cases import JAG, POLICE, Case
from tests.hubs import HandClock, somebody

SHORT = {DataClass.NORMAL: 300, DataClass.SPECIAL: 200, DataClass.SEALED: 100}


def told(hub: Hub, officer: Actor, *, settled: bool = True) -> tuple[str, str]:
    """A referral and its case; `settled` as when its recipients had it long ago."""
    case = Case((POLICE, JAG))
    referral = refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    if settled:
        with hub.house.store.write(EVERY) as tx:
            tx.connection.execute(
                update(disclosure).where(disclosure.c.referral_id == referral).values(state="receipted")
            )
    with hub.house.store.read(EVERY) as tx:
        return referral, referrals.landlord_and_case(tx, referral)[1]


def classes(hub: Hub, case_id: str) -> set[str]:
    with hub.house.store.read(EVERY) as tx:
        return {kind.value for _, kind in traces.kept(tx, case_id)}


def everything(hub: Hub) -> str:
    """A digest of every row of every table."""
    found = hashlib.sha256()
    with hub.house.store.read(EVERY) as tx:
        for table in metadata.sorted_tables:
            for row in tx.connection.execute(select(table).order_by(*table.primary_key.columns)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def test_by_default_each_class_goes_on_its_own_day_and_the_last_takes_the_case_number(
    hub: Hub, officer: Actor, clock: HandClock
) -> None:
    referral, case_id = told(hub, officer)
    assert classes(hub, case_id) == {"normal", "special", "sealed"}
    left = ["normal", "special", "sealed"]
    for kind in ("sealed", "special", "normal"):
        clock.move(days=DEFAULT_DAYS[kind] - 1 - (hub.house.clock.now() - began(hub, referral)).days)
        assert run(hub.house, dry_run=False).due == ()
        clock.move(days=1)
        assert [entry.data_class.value for entry in run(hub.house, dry_run=False).gone] == [kind]
        left.remove(kind)
        assert classes(hub, case_id) == set(left)
        if left:
            assert read_referral(hub.house, officer, referral).id == referral
    with pytest.raises(NotFound):
        read_referral(hub.house, officer, referral)


def began(hub: Hub, referral: str) -> object:
    with hub.house.store.read(EVERY) as tx:
        found = tx.connection.execute(
            select(metadata.tables["referral"].c.accepted_at).where(metadata.tables["referral"].c.id == referral)
        )
        return found.scalar_one()


def test_whatever_people_do_in_a_case_starts_its_clock_anew_and_reading_does_not(
    hub: Hub, officer: Actor, dpo: Actor, clock: HandClock
) -> None:
    set_schedule(hub.house, dpo, "LMH", SHORT)
    case = Case((POLICE,))
    refer(hub.house, officer, case.raw(), "key-of-the-first")
    idle, _ = told(hub, officer)
    clock.move(days=99)
    refer(hub.house, officer, case.raw(), "key-of-the-second")
    read_referral(hub.house, officer, idle)
    with hub.house.store.write(EVERY) as tx:
        tx.connection.execute(update(disclosure).values(state="receipted"))
    clock.move(days=1)

    with hub.house.store.read(EVERY) as tx:
        idle_case = referrals.landlord_and_case(tx, idle)[1]
    assert {entry.case_id for entry in run(hub.house, dry_run=False).gone} == {idle_case}


def test_a_hold_on_anybody_keeps_the_case_and_is_named_with_its_review(
    hub: Hub, officer: Actor, dpo: Actor, clock: HandClock
) -> None:
    set_schedule(hub.house, dpo, "LMH", SHORT)
    referral, case_id = told(hub, officer)
    until = clock.now() + timedelta(days=60)
    hold = preserve(hub.house, dpo, referral, "p2", HoldGround.COMPLAINT, until)
    clock.move(days=400)

    done = run(hub.house, dry_run=False)

    assert done.gone == ()
    assert {(entry.kept_for, entry.review_by) for entry in done.kept} == {("complaint", until)}
    assert classes(hub, case_id) == {"normal", "special", "sealed"}  # a review that is overdue ends no hold
    lift(hub.house, somebody(hub, Role.DPO), hold.id)
    assert len(run(hub.house, dry_run=False).gone) == 3
    assert classes(hub, case_id) == set()


def test_what_waits_for_somebody_is_kept_and_said_to_be_unsettled(
    hub: Hub, officer: Actor, dpo: Actor, clock: HandClock
) -> None:
    set_schedule(hub.house, dpo, "LMH", SHORT)
    told(hub, officer, settled=False)
    deliver_due(hub.house, "w1", 10)  # to be carried
    clock.move(days=400)
    done = run(hub.house, dry_run=False)
    assert done.gone == ()
    assert {entry.kept_for for entry in done.kept} == {UNSETTLED}


def test_one_entry_for_each_class_that_went_names_neither_case_nor_people(
    hub: Hub, officer: Actor, dpo: Actor, clock: HandClock
) -> None:
    set_schedule(hub.house, dpo, "LMH", SHORT)
    _, case_id = told(hub, officer)
    clock.move(days=400)
    run(hub.house, dry_run=False)
    leaves = [leaf for leaf in logs.leaves(hub.house.store) if parse(leaf).kind is EntryKind.SUBJECT_ERASED]
    assert len(leaves) == 3
    assert not [leaf for leaf in leaves if case_id.encode() in leaf]
    assert all(b'"reason":"retention"' in leaf for leaf in leaves)


@pytest.mark.parametrize("days", [SHORTEST - 1, LONGEST + 1, SHORT[DataClass.NORMAL] + 1])
def test_a_period_out_of_bounds_or_longer_than_normal_is_refused(hub: Hub, dpo: Actor, days: int) -> None:
    with pytest.raises(BadInput) as refused:
        set_schedule(hub.house, dpo, "LMH", SHORT | {DataClass.SEALED: days})
    assert (refused.value.code, refused.value.field) == ("RETENTION_OUT_OF_BOUNDS", "sealed")
    assert read_schedule(hub.house, dpo, "LMH") == DEFAULT_DAYS


def test_a_landlord_sets_its_own_schedule_alone_and_the_newest_counts(hub: Hub, dpo: Actor) -> None:
    with pytest.raises(NotFound):
        set_schedule(hub.house, dpo, "OHG", SHORT)
    with pytest.raises(NotFound):
        read_schedule(hub.house, dpo, "OHG")
    set_schedule(hub.house, dpo, "LMH", SHORT)
    set_schedule(hub.house, dpo, "LMH", SHORT | {DataClass.SEALED: 31})
    assert read_schedule(hub.house, dpo, "LMH") == {"normal": 300, "special": 200, "sealed": 31}


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_hold_is_reviewed_within_a_year(hub: Hub, officer: Actor, dpo: Actor, days: int) -> None:
    referral, _ = told(hub, officer)
    with pytest.raises(BadInput) as refused:
        preserve(hub.house, dpo, referral, None, HoldGround.LEGAL_CLAIM, hub.house.clock.now() + timedelta(days=days))
    assert refused.value.code == "REVIEW_DATE_WRONG"
    assert list_holds(hub.house, dpo) == ()


@contextmanager
def _once(hub: Hub, dpo: Actor, schedule: dict[DataClass, int]) -> Iterator[None]:
    set_schedule(hub.house, dpo, "LMH", schedule)
    yield
    for hold in list_holds(hub.house, dpo):
        lift(hub.house, somebody(hub, Role.DPO), hold.id)


_CASES = st.lists(
    st.tuples(st.integers(0, 150), st.booleans(), st.sampled_from([None, "p1", "p3", "all"])), min_size=1, max_size=4
)
_DAYS = st.tuples(*[st.integers(SHORTEST, 200)] * 3).map(
    lambda each: dict(zip((DataClass.SEALED, DataClass.SPECIAL, DataClass.NORMAL), sorted(each), strict=True))
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=_CASES, schedule=_DAYS, wait=st.integers(0, 250))
def test_a_dry_run_changes_nothing_and_says_what_the_run_does(
    hub: Hub, clock: HandClock, cases: list[tuple[int, bool, str | None]], schedule: dict[DataClass, int], wait: int
) -> None:
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, Role.DPO)
    with _once(hub, dpo, schedule):
        for later, settled, held in cases:
            clock.move(days=later)
            referral, _ = told(hub, officer, settled=settled)
            if held is not None:
                until = clock.now() + timedelta(days=30)
                preserve(hub.house, dpo, referral, None if held == "all" else held, HoldGround.POLICE_REQUEST, until)
        clock.move(days=wait)
        before = everything(hub)
        foretold = run(hub.house, dry_run=True)
        assert everything(hub) == before

        done = run(hub.house, dry_run=False)

        assert done == foretold
        assert (everything(hub) != before) == bool(done.gone)
        for entry in done.gone:
            assert entry.data_class.value not in classes(hub, entry.case_id)
        for entry in done.kept:
            assert entry.data_class.value in classes(hub, entry.case_id)
        assert run(hub.house, dry_run=False) == Ran(done.kept, ())


def test_the_command_tells_what_would_go_and_why_the_rest_stays(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = somebody(embedded_hub, Role.OFFICER)
    _, going = told(embedded_hub, officer)
    _, waiting = told(embedded_hub, officer, settled=False)
    long_ago = embedded_hub.house.clock.now() - timedelta(days=3_000)
    with embedded_hub.house.store.write(EVERY) as tx:
        for table, at in (("case_file", "opened_at"), ("referral", "accepted_at"), ("consent", "recorded_at")):
            tx.connection.execute(update(metadata.tables[table]).values({at: long_ago}))
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(embedded_hub.settings.data_dir))
    command = CliRunner()

    dry = command.invoke(main, ["retention", "run", "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert classes(embedded_hub, going) == {"normal", "special", "sealed"}
    for kind in DataClass:
        assert f"LMH {going} {kind.value}, due" in dry.output
        assert "kept for unsettled" in next(line for line in dry.output.splitlines() if f"{waiting} {kind}" in line)
    assert "3 would go, 3 kept, 0 earlier erasures repeated." in dry.output

    wet = command.invoke(main, ["retention", "run"])
    assert wet.output.replace("went", "would go") == dry.output
    assert classes(embedded_hub, going) == set()
    shown = command.invoke(main, ["retention", "show"])
    assert "LMH        normal 2192  special 1096  sealed 365" in shown.output
