"""Openings bind a partner's copy of a message to its entry in the log, for whoever is given them and for as long as the
person it is about is not erased."""

import hashlib
import hmac
import json
from pathlib import Path
from stat import S_IMODE

import pytest
from click.testing import CliRunner

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.cli.data import export as export_command
from hub.flow.collect import collect
from hub.flow.consult import read_referral
from hub.flow.erase import erase
from hub.flow.export import export, take_openings
from hub.flow.refer import refer
from hub.register.erasures import ErasureGround
from tests.cases import FIRE, Case
from tests.history.evidence import Facts
from tests.hubs import proved, somebody
from tests.journeys.people import entries_of


def release(hub: Hub) -> tuple[str, str, bytes]:
    """Referral and disclosure of something that a partner fetched, and what it got."""
    case = Case((FIRE,))
    officer = somebody(hub, Role.OFFICER)
    referral = refer(hub.house, officer, case.raw(), f"key-{case.tag}").referral_id
    (waits,) = read_referral(hub.house, officer, referral).disclosures
    return referral, waits.row.id, collect(hub.house, somebody(hub, Role.PARTNER, "agy_fire"), waits.row.id).body


def opened(hub: Hub) -> dict[str, bytes]:
    """The salt of the one attempt at each disclosure."""
    lines: list[Facts] = [json.loads(line) for line in take_openings(hub.house).splitlines()]
    assert all(line["attempt"] == 1 for line in lines)
    return {line["disclosure"]: bytes.fromhex(line["salt"]) for line in lines}


def test_an_opening_binds_the_bytes_that_came_to_the_intent_that_was_logged_and_goes_with_an_erasure(
    embedded_hub: Hub,
) -> None:
    hub = embedded_hub
    (erased, told, _), (_, kept, body) = release(hub), release(hub)
    before = opened(hub)
    log = list(entries_of(export(hub.house, None)))
    (intent,) = (
        line["facts"] for line in log if line["kind"] == "release.intended" and line["facts"]["disclosure"] == kept
    )

    erase(hub.house, proved(hub, somebody(hub, Role.DPO)), erased, "p1", ErasureGround.CONSENT_WITHDRAWN)

    assert intent["message_commitment"] == hmac.new(before[kept], body, hashlib.sha256).hexdigest()
    assert before.keys() == {told, kept}
    assert opened(hub) == {kept: before[kept]}
    assert [line["facts"]["scope"] for line in log if line["kind"] == "export.made"] == ["openings", "log"]


def test_the_command_writes_openings_only_when_asked_and_for_its_owner_alone(
    embedded_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(embedded_hub)
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(embedded_hub.settings.data_dir))
    log, openings = tmp_path / "log.zip", tmp_path / "openings.jsonl"
    openings.touch(mode=0o644)

    for words in ([str(log)], [str(log), "--openings", str(openings)]):
        assert openings.stat().st_size == 0
        done = CliRunner().invoke(export_command, words)
        assert done.exit_code == 0, done.output

    assert len(openings.read_text(encoding="utf-8").splitlines()) == 1
    assert S_IMODE(openings.stat().st_mode) == 0o600
