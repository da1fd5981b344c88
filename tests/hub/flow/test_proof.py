"""What proves a disclosure for ever: to its recipient and its case, offline, and to nobody else."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from hub.access.roles import Actor, Role
from hub.audit import verify
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub
from hub.errors import NotFound
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.collect import collect
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.proof import prove_disclosure
from hub.flow.refer import refer
from hub.store import content
from tests import logs
from tests.cases import FIRE, JAG, POLICE, Case
from tests.hubs import LMH, somebody


@pytest.fixture
def gone(hub: Hub, officer: Actor) -> dict[str, str]:
    """One case that went to the police and to a meeting, and waits to be fetched by the fire service."""
    case = Case((POLICE, JAG, FIRE))
    sent = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    assert deliver_due(hub.house, "worker", 10) == 2
    checkpoint(hub.house)
    told = read_referral(hub.house, officer, sent.referral_id)
    rows = [one.row for one in told.disclosures]
    return {row.agency: row.id for row in rows} | {"case": rows[0].case_id}


def holds(hub: Hub, entry: bytes, proof: str) -> bool:
    return verify.verify_receipt(entry, proof, verifier_key(hub.house))[0] > 0


def test_recipient_and_case_have_proofs_that_verify_offline_and_bind_the_bytes_that_came(
    hub: Hub, officer: Actor, gone: dict[str, str], tmp_path: Path
) -> None:
    police = somebody(hub, Role.PARTNER, "agy_police")
    for actor in (police, officer):
        told = prove_disclosure(hub.house, actor, gone["agy_police"])
        entries = [json.loads(one.proof.entry) for one in told]
        assert [entry["kind"] for entry in entries] == ["release.intended", "release.settled"]
        assert all(holds(hub, one.proof.entry, one.proof.proof) for one in told)
        (pack,) = (path for path in (tmp_path / "out").iterdir() if gone["agy_police"] in path.name)
        assert told[0].salt is not None
        bound = hmac.new(told[0].salt, pack.read_bytes(), hashlib.sha256).hexdigest()
        assert entries[0]["facts"]["message_commitment"] == bound
        assert told[1].salt is None


def test_opening_a_commitment_is_a_reading_of_the_case_in_the_log_and_its_recipient_reads_none(
    hub: Hub, officer: Actor, gone: dict[str, str]
) -> None:
    size = logs.size(hub.house.store)
    prove_disclosure(hub.house, somebody(hub, Role.PARTNER, "agy_police"), gone["agy_police"])
    assert readings(hub, size) == []
    dpo = somebody(hub, Role.DPO)
    for actor in (officer, dpo):
        prove_disclosure(hub.house, actor, gone["agy_police"])
    assert readings(hub, size) == [
        (officer.person, "officer", "proof", "case_work"), (dpo.person, "dpo", "proof", "audit")
    ]  # fmt: skip
    with hub.house.store.write(LMH) as tx:
        content.erase(tx, gone["case"], "p1")
    prove_disclosure(hub.house, officer, gone["agy_police"])
    assert len(readings(hub, size)) == 2, "where nothing opens any more nothing is read"


def readings(hub: Hub, since: int) -> list[tuple[str, object, object, object]]:
    told = [entry for entry in logs.entries(hub.house.store)[since:] if entry.kind is EntryKind.CASE_READ]
    return [(one.actor, one.facts["role"], one.facts["view"], one.facts["purpose"]) for one in told]


def test_nobody_else_is_told_and_nothing_of_what_did_not_go(hub: Hub, gone: dict[str, str]) -> None:
    fire, police = (somebody(hub, Role.PARTNER, agency) for agency in ("agy_fire", "agy_police"))
    for actor, about in ((fire, "agy_police"), (police, "agy_jag"), (fire, "agy_fire")):
        with pytest.raises(NotFound):
            prove_disclosure(hub.house, actor, gone[about])
    with pytest.raises(NotFound):
        prove_disclosure(hub.house, police, f"dsc_{'0' * 26}")
    message = collect(hub.house, fire, gone["agy_fire"])
    with pytest.raises(NotFound, match="ask again in a moment"):
        prove_disclosure(hub.house, fire, gone["agy_fire"])
    checkpoint(hub.house)
    first = prove_disclosure(hub.house, fire, gone["agy_fire"])[0]
    assert first.salt is not None
    bound = hmac.new(first.salt, message.body, hashlib.sha256).hexdigest()
    assert json.loads(first.proof.entry)["facts"]["message_commitment"] == bound


def test_after_an_erasure_the_proof_still_verifies_and_the_commitment_opens_for_nobody(
    hub: Hub, officer: Actor, gone: dict[str, str]
) -> None:
    before = prove_disclosure(hub.house, officer, gone["agy_police"])
    with hub.house.store.write(LMH) as tx:
        content.erase(tx, gone["case"], "p1")
    police = somebody(hub, Role.PARTNER, "agy_police")
    after = prove_disclosure(hub.house, police, gone["agy_police"])
    assert [one.proof.entry for one in after] == [one.proof.entry for one in before]
    assert all(holds(hub, one.proof.entry, one.proof.proof) for one in (*before, *after))
    assert [one.salt for one in after] == [None, None]
