"""A true history told by a hub in this process: what it logged, what its partners got, what its API answered; free to
be falsified afterwards, and signed again by the hub's own key, as a hub that lies would."""

import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.access.roles import Actor, Role
from hub.audit import tree
from hub.audit.note import Checkpoint, sign_checkpoint
from hub.bootstrap import Hub
from hub.flow.checkpoint import verifier_key
from hub.flow.collect import collect
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.export import bundle_export, export, take_openings
from hub.flow.feed import read_feed
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from tests.cases import FIRE, HELPLINE, JAG, POLICE, Ask, Case
from tests.hubs import somebody
from tests.journeys.people import entries_of

Line = dict[str, Any]


@dataclass
class Story:
    """Evidence as it can be changed: entries and lines as dictionaries."""

    hub: Hub
    entries: list[Line] = field(default_factory=list)
    openings: list[Line] = field(default_factory=list)
    ledgers: dict[str, list[Line]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    answered: list[Line] = field(default_factory=list)
    blind: set[str] = field(default_factory=set)
    """Partners that do not notice copies."""

    def retold(self) -> "Story":
        """A copy to be falsified."""
        return Story(
            self.hub, copy.deepcopy(self.entries), copy.deepcopy(self.openings), copy.deepcopy(self.ledgers),
            dict(self.bodies), copy.deepcopy(self.answered), set(self.blind),
        )  # fmt: skip

    def of(self, kind: str, **facts: object) -> Iterator[Line]:
        """The entries of a kind with these facts, in order."""
        return (
            entry for entry in self.entries
            if entry["kind"] == kind and all(entry["facts"].get(name) == value for name, value in facts.items())
        )  # fmt: skip

    def arrive(self, agency: str, disclosure: str, body: bytes, answered: str = "taken") -> Line:
        """Something comes to a partner."""
        digest = hashlib.sha256(body).hexdigest()
        line = {"at": now(), "disclosure": disclosure, "sha256": digest, "answered": answered}
        self.bodies[digest] = body
        self.ledgers.setdefault(agency, []).append(line)
        return line

    def write(self, folder: Path) -> str:
        """Lay the evidence out as the checker reads it; returns the log's key."""
        leaves = [json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() for entry in self.entries]
        name, key = self.hub.house.name, self.hub.house.keys.log
        frontier: tree.Frontier = ()
        for leaf in leaves:
            frontier, _ = tree.append(frontier, tree.leaf_hash(leaf))
        signed = sign_checkpoint(Checkpoint(name, len(leaves), tree.root(frontier)), name, key)
        folder.mkdir(exist_ok=True)
        (folder / "export.zip").write_bytes(bundle_export(signed, leaves))
        write_lines(folder / "openings.jsonl", self.openings)
        write_lines(folder / "clients" / "officer.jsonl", self.answered)
        for agency, lines in self.ledgers.items():
            write_lines(folder / "partners" / agency / "ledger.jsonl", lines)
            about = {"notices_copies": agency not in self.blind}
            (folder / "partners" / agency / "about.json").write_text(json.dumps(about), encoding="utf-8")
            (folder / "partners" / agency / "bodies").mkdir()
            for digest in {line["sha256"] for line in lines}:
                (folder / "partners" / agency / "bodies" / digest).write_bytes(self.bodies[digest])
        return verifier_key(self.hub.house)


def write_lines(path: Path, lines: list[Line]) -> None:
    """One line of JSON each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def now() -> str:
    """This moment, as ledgers write it."""
    return datetime.now(UTC).isoformat()


def live(hub: Hub) -> Story:
    """Referrals that come through, one that is taken back while its pack lies there, one in time, and one that is
    fetched twice, taken back after that, and followed by a notice."""
    story = Story(hub, blind={"agy_helpline"})
    officer, fire = somebody(hub, Role.OFFICER), somebody(hub, Role.PARTNER, "agy_fire")
    sent, told = accept(story, officer, (POLICE, JAG)), accept(story, officer, (HELPLINE,))
    fetched = accept(story, officer, (FIRE,))
    deliver_due(hub.house, "w", 100)
    (waits,) = read_referral(hub.house, officer, fetched).disclosures
    for answered in ("taken", "copy"):
        story.arrive("agy_fire", waits.row.id, collect(hub.house, fire, waits.row.id).body, answered)
    packs = list((hub.settings.data_dir.parent / "out").iterdir())
    for row in (
        entry.row for referral in (sent, told) for entry in read_referral(hub.house, officer, referral).disclosures
    ):
        (pack,) = (pack for pack in packs if row.id in pack.name)
        story.arrive(row.agency, row.id, pack.read_bytes())
    take_back(story, officer, told, "agy_helpline")
    take_back(story, officer, accept(story, officer, (HELPLINE,)), "agy_helpline")
    take_back(story, officer, fetched, "agy_fire")
    (notice,) = read_feed(hub.house, fire, 0, 100).waiting
    story.arrive("agy_fire", notice.id, collect(hub.house, fire, notice.id).body)
    deliver_due(hub.house, "w", 100)
    story.openings = [json.loads(line) for line in take_openings(hub.house).splitlines()]
    story.entries = list(entries_of(export(hub.house, None)))
    return story


def accept(story: Story, officer: Actor, asks: tuple[Ask, ...]) -> str:
    """Have a referral accepted, and write down that it was."""
    case = Case(asks)
    referral = refer(story.hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    story.answered.append({"act": "accepted", "at": now(), "referral": referral, "asks": [list(ask) for ask in asks]})
    return referral


def take_back(story: Story, officer: Actor, referral: str, agency: str) -> None:
    """Withdraw the one consent of a referral, and write down that it was answered."""
    (consent,) = read_referral(story.hub.house, officer, referral).consents
    withdraw(story.hub.house, officer, consent.id)
    story.answered.append({
        "act": "withdrawn", "at": now(), "consent": consent.id, "referral": referral, "agency": agency,
    })  # fmt: skip
