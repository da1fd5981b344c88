"""What the oracle is given: the log's bytes, the partners' ledgers, what clients were answered, the rows at rest.

And what is still readable with the hub's own keys, because some of it must be, and some must not.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.intake.referrals import PART
from hub.store import content
from hub.store.scope import of_landlord
from hub.store.unit_of_work import Reading
from tests.simulation.partners import Arrival
from tests.simulation.play import Answers, Play
from tests.simulation.scenes import Scene, Told
from tests.simulation.world import Commit

_ROWS = (
    "SELECT d.id, d.agency, d.case_id, d.referral_id, d.seq, d.state, d.cause, o.ready, o.lease_until "
    "FROM disclosure d LEFT JOIN outbox o ON o.disclosure_id = d.id ORDER BY d.seq"
)
_ATTEMPTS = "SELECT disclosure_id, number, id, outcome, commitment FROM attempt ORDER BY disclosure_id, number"


@dataclass(frozen=True)
class Row:
    """A disclosure as it stands at rest."""

    id: str
    agency: str
    case: str
    referral: str
    seq: int
    state: str
    cause: str | None
    ready: bool | None
    lease_until: int | None


@dataclass(frozen=True)
class Attempt:
    """One attempt on file."""

    disclosure: str
    number: int
    id: str
    outcome: str | None
    commitment: str
    salt: bytes | None


@dataclass(frozen=True)
class Leaf:
    """An entry of the log, by its number."""

    number: int
    kind: str
    at: datetime
    actor: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """What a person answered in a case, and when that is said to have been."""

    case: str
    answer: str
    claimed_at: datetime
    gives_for_good: bool


@dataclass(frozen=True)
class Evidence:
    """All of it."""

    scene: Scene
    raw: tuple[bytes, ...]
    leaves: tuple[Leaf, ...]
    frontier: tuple[tuple[int, str], ...]
    log_key: Ed25519PublicKey
    commits: tuple[Commit, ...]
    starts: tuple[datetime, ...]
    arrivals: tuple[Arrival, ...]
    packs: Mapping[str, Mapping[str, bytes]]
    rows: Mapping[str, Row]
    attempts: tuple[Attempt, ...]
    consents: Mapping[str, str]
    """The case of each consent."""
    withdrawals: Mapping[str, str]
    """By consent: the answer that withdrew it."""
    words: Mapping[str, Word]
    """The answer of each consent that can still be opened."""
    versions: Mapping[str, bytes]
    """What each referral and correction that can still be opened says."""
    erased: Mapping[str, str]
    """The case of each erasure."""
    readable: Mapping[str, bytes]
    """All that can still be opened of the cases in which somebody was erased."""
    answers: Answers
    told: Mapping[str, Told]
    author: str
    """The person who wrote every referral."""

    def of(self, kind: str) -> list[Leaf]:
        """The entries of a kind, in order."""
        return [leaf for leaf in self.leaves if leaf.kind == kind]

    @property
    def follows(self) -> Mapping[str, str]:
        """Disclosures that were made to follow up earlier ones: which."""
        return {leaf.facts["disclosure"]: leaf.facts["earlier"] for leaf in self.of("disclosure.followed_up")}

    @property
    def bare(self) -> frozenset[str]:
        """Those of them that are notices and tell nothing about anybody."""
        return frozenset(leaf.facts["disclosure"] for leaf in self.of("disclosure.followed_up") if leaf.facts["bare"])


def gather(play: Play) -> Evidence:
    """Everything there is at the end of a history."""
    file, ledger = play.stage.disk.file, play.stage.ledger
    raw = tuple(bytes(row[0]) for row in file.execute("SELECT leaf FROM audit_entry ORDER BY number"))
    (frontier,) = file.execute("SELECT frontier FROM audit_head").fetchone()
    rows = {row[0]: Row(*row) for row in file.execute(_ROWS)}
    found = file.execute(_ATTEMPTS).fetchall()
    came = {arrival.disclosure for arrival in ledger.arrivals}
    consents = dict(file.execute("SELECT id, case_id FROM consent"))
    versions = [*file.execute("SELECT id, case_id FROM referral"), *file.execute("SELECT id, case_id FROM correction")]
    erased = dict(file.execute("SELECT id, case_id FROM erasure"))
    with play.stage.house.store.read(of_landlord("LMH")) as tx:
        salts = _opened(tx, "salt", [(row[2], rows[row[0]].case) for row in found if row[0] in came])
        answers = _opened(tx, "consent", consents.items())
        told = _opened(tx, PART, versions if len(versions) > len(play.answers.accepted) else ())
        readable = {case: _readable(tx, play, case) for case in erased.values()}
    return Evidence(
        play.scene, raw, tuple(_leaf(number, each) for number, each in enumerate(raw)),
        tuple((level, value) for level, value in json.loads(frontier)), play.stage.keys.log.public_key(),
        tuple(play.world.commits), tuple(play.world.starts), tuple(ledger.arrivals), ledger.packs, rows,
        tuple(Attempt(*row, salts.get(row[2])) for row in found), consents,
        dict(file.execute("SELECT withdraws, id FROM consent WHERE withdraws IS NOT NULL")),
        {each: _word(consents[each], said) for each, said in answers.items()}, told, erased, readable, play.answers,
        {each.key: each for each in (*play.scene.told, *play.scene.later)}, play.stage.people["officer"].person,
    )  # fmt: skip


def _opened(tx: Reading, part: str, owners: Iterable[tuple[str, str]]) -> dict[str, bytes]:
    """What is kept as that part of each owner in its case, all pieces of it together, where any can be opened."""
    by_case: dict[str, list[str]] = {}
    for owner, case in owners:
        by_case.setdefault(case, []).append(owner)
    return {
        owner: b"\n".join(piece for each in pieces.values() for piece in each.values())
        for case, mine in by_case.items() for owner, pieces in content.read_classes(tx, case, mine, part).items()
    }  # fmt: skip


def _readable(tx: Reading, play: Play, case: str) -> bytes:
    asked = play.stage.disk.file.execute("SELECT DISTINCT part, owner FROM sealed WHERE case_id = ?", (case,))
    by_part: dict[str, list[tuple[str, str]]] = {}
    for part, owner in asked.fetchall():
        by_part.setdefault(part, []).append((owner, case))
    return b"\n".join(piece for part, owners in by_part.items() for piece in _opened(tx, part, owners).values())


def _word(case: str, said: bytes) -> Word:
    fact = json.loads(said)
    for_good = fact["answer"] == "given_explicit" and fact["expires_at"] is None
    return Word(case, fact["answer"], datetime.fromisoformat(fact["claimed_at"]), for_good)


def _leaf(number: int, raw: bytes) -> Leaf:
    said = json.loads(raw)
    return Leaf(number, said["kind"], datetime.fromisoformat(said["at"]), said["actor"], said["facts"])
