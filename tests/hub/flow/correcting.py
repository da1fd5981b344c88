"""A hub for several tests of one file, and what tests of corrections, notices and lapses do and look at."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.access.roles import Actor, Role
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.delivery import follow_ups, outbox
from hub.delivery.follow_ups import FollowUp
from hub.delivery.outbox import DisclosureRow
from hub.flow.consult import read_referral
from hub.flow.correct import Corrected, correct
from hub.flow.deliver import deliver_due
from hub.flow.refer import refer
from hub.flow.withdraw import Withdrawn, withdraw
from hub.store.scope import EVERY
from tests import logs
from tests.cases import Ask, Case
from tests.hubs import HandClock, open_test_hub, somebody
from tests.servers import fresh_database

Change = Callable[[dict[str, Any]], None]


def account(of: str) -> Change:
    """What is told of the incident, which every recipient of these tests gets."""

    def change(document: dict[str, Any]) -> None:
        document["record"]["incidents"][0]["narrative"] = {"text": f"Seen with {of}.", "screened": True}

    return change


def conditional(document: dict[str, Any]) -> None:
    """Consent with a condition: an authoriser has to look."""
    document["consents"][0] |= {"answer": "given_with_conditions", "conditions": "Not to a man."}


@dataclass
class Desk:
    """An officer of a hub, whose clock is moved by hand."""

    hub: Hub
    clock: HandClock
    officer: Actor

    def send(self, ask: Ask, *changes: Change) -> tuple[Case, DisclosureRow]:
        """A referral with one ask; returns its case and disclosure."""
        case = Case(asks=[ask])
        referral = refer(self.hub.house, self.officer, _raw(case, changes), f"key-{case.tag}").referral_id
        return case, self.rows(referral)[0]

    def correct(self, case: Case, row: DisclosureRow, *changes: Change, reason: str = "inaccurate",
                key: str | None = None) -> Corrected:  # fmt: skip
        """The same referral, put right."""
        body = json.dumps({"reason": reason, "referral": json.loads(_raw(case, changes))}).encode()
        return correct(self.hub.house, self.officer, row.referral_id, body, f"{key or 'correct'}-{case.tag}")

    def withdraw(self, row: DisclosureRow) -> Withdrawn:
        """Withdraw the case's first consent."""
        consent = read_referral(self.hub.house, self.officer, row.referral_id).consents[0]
        return withdraw(self.hub.house, self.officer, consent.id)

    def deliver(self) -> None:
        """Whatever is due."""
        deliver_due(self.hub.house, "test", 50)

    def row(self, disclosure_id: str) -> DisclosureRow:
        """How it stands."""
        with self.hub.house.store.read(EVERY) as tx:
            return outbox.get(tx, disclosure_id)

    def rows(self, referral: str) -> tuple[DisclosureRow, ...]:
        """All of a referral, notices among them."""
        with self.hub.house.store.read(EVERY) as tx:
            return outbox.of_referral(tx, referral)

    def follow_ups(self, row: DisclosureRow) -> tuple[FollowUp, ...]:
        """What is about this one."""
        with self.hub.house.store.read(EVERY) as tx:
            return follow_ups.on(tx, row.id)

    def pack(self, disclosure_id: str) -> str | None:
        """What lies in the folder of one disclosure."""
        found = [path.read_text() for path in self.packs(disclosure_id)]
        return found[0] if found else None

    def packs(self, disclosure_id: str) -> list[Path]:
        """The files of one disclosure."""
        return list((self.hub.settings.data_dir.parent / "out").glob(f"[!.]*{disclosure_id}*"))

    def entries(self, kind: EntryKind, about: str) -> list[dict[str, Any]]:
        """What the log says of that kind about one thing."""
        told = logs.entries(self.hub.house.store)
        return [dict(entry.facts) for entry in told if entry.kind is kind and about in entry.facts.values()]


class Desks:
    """One desk for each kind of database, opened when it is first asked for."""

    def __init__(self, folder: Path, **how: Any) -> None:  # noqa: ANN401 - those of `open_test_hub`
        """Nothing is opened yet; each hub is opened as `how` says."""
        self._folder, self._open, self._closing, self._how = folder, dict[str, Desk](), ExitStack(), how

    def on(self, kind: str) -> Desk:
        """The desk on that kind of database."""
        if kind not in self._open:
            self._open[kind] = self._closing.enter_context(_desk(kind, self._folder / kind, **self._how))
        return self._open[kind]

    def close(self) -> None:
        """Close what was opened."""
        self._closing.close()


@contextmanager
def _desk(kind: str, folder: Path, **how: Any) -> Iterator[Desk]:  # noqa: ANN401 - those of `open_test_hub`
    """A desk on one kind of database."""
    clock = HandClock()
    if kind == "sqlite":
        hub = open_test_hub(folder / "data", f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}", clock, **how)
        yield Desk(hub, clock, somebody(hub, Role.OFFICER))
        hub.house.store.close()
        return
    with fresh_database() as url:
        hub = open_test_hub(folder / "data", url, clock, **how)
        yield Desk(hub, clock, somebody(hub, Role.OFFICER))
        hub.house.store.close()


def _raw(case: Case, changes: tuple[Change, ...]) -> bytes:
    document = case.referral()
    for change in changes:
        change(document)
    return json.dumps(document).encode()
