"""Withdrawals racing deliveries: once a withdrawal is in the log, no release that relied on the consent begins."""

import io
import json
import threading
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.delivery.outbox import State
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.export import export
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from hub.store.scope import EVERY
from hub.store.tables import disclosure, follow_up
from tests import logs
from tests.cases import HELPLINE, Case
from tests.conftest import OpenHub
from tests.hubs import somebody
from tests.journeys.people import entries_of

CASES = 24


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here()


def accept_all(hub: Hub, officer: Actor) -> dict[str, str]:
    """Referrals that rest on one consent each; returns the consent of each referral."""
    found = {}
    for _ in range(CASES):
        case = Case((HELPLINE,))
        referral = refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
        (given,) = read_referral(hub.house, officer, referral).consents
        found[referral] = given.id
    return found


def race(hub: Hub, officer: Actor, consents: list[str]) -> None:
    start = threading.Barrier(4)

    def deliver_all(worker: int) -> None:
        start.wait()
        for _ in range(3):
            deliver_due(hub.house, f"w{worker}", CASES)

    def withdraw_all(share: list[str]) -> None:
        start.wait()
        for consent in share:
            withdraw(hub.house, officer, consent)

    # Workers take the oldest first and withdrawals begin at the newest, so that they meet.
    newest_first = list(reversed(consents))
    with ThreadPoolExecutor(4) as threads:
        running: list[Future[None]] = [threads.submit(deliver_all, number) for number in range(2)]
        running += [threads.submit(withdraw_all, newest_first[half::2]) for half in range(2)]
        for thread in running:
            thread.result(timeout=90)


def test_no_release_is_numbered_after_the_withdrawal_of_the_consent_it_relied_on(hub: Hub, tmp_path: Path) -> None:
    officer = somebody(hub, Role.OFFICER)
    consent_of = accept_all(hub, officer)

    race(hub, officer, list(consent_of.values()))

    entries = [json.loads(leaf) for leaf in logs.leaves(hub.house.store)]
    with hub.house.store.read(EVERY) as tx:
        # Without the notices that a withdrawal sends to whoever may have it: those rest on no consent.
        rows = tx.connection.execute(
            select(disclosure.c.id, disclosure.c.referral_id)
            .where(disclosure.c.id.not_in(select(follow_up.c.disclosure_id)))
        )  # fmt: skip
        referral_of = {row.id: row.referral_id for row in rows}
        states = {row: outbox.get(tx, row).state for row in referral_of}
    withdrawn = {line["facts"]["consent"]: number for number, line in enumerate(entries)
                 if line["kind"] == "consent.withdrawn"}  # fmt: skip
    intended = {line["facts"]["disclosure"]: number for number, line in enumerate(entries)
                if line["kind"] == "release.intended" and line["facts"]["disclosure"] in referral_of}  # fmt: skip
    assert len(withdrawn) == CASES
    for row, number in intended.items():
        assert number < withdrawn[consent_of[referral_of[row]]]
    # Each one was either let go before its withdrawal or cancelled by it, and none is left hanging between.
    for row, state in states.items():
        assert state is State.CANCELLED or row in intended
        assert state in (State.CANCELLED, State.PREPARED)
    # And of those cancelled after their pack was made, the pack was taken back.
    packs = {path.name for path in (tmp_path / "out").iterdir()}
    prepared = {row for row, state in states.items() if state is State.PREPARED}
    assert {row for row in states if any(row in pack for pack in packs)} == prepared


def test_an_export_made_while_others_write_holds_every_entry_that_its_checkpoint_counts(hub: Hub) -> None:
    enough = threading.Event()

    def write_on() -> None:
        while not enough.is_set():
            somebody(hub, Role.OFFICER)

    with ThreadPoolExecutor(3) as threads:
        writing = [threads.submit(write_on) for _ in range(2)]
        try:
            exports = [export(hub.house, None) for _ in range(20)]
        finally:
            enough.set()
        for thread in writing:
            thread.result(timeout=60)

    for packed in exports:
        with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
            counted = int(bundle.read("checkpoint").splitlines()[1])
        assert len(list(entries_of(packed))) == counted
