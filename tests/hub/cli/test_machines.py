"""`concordat machines`: register, give keys and tokens, change them with an overlap, end them, list."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli import main
from hub.flow.prove import machine_by_token
from tests.hub.access.machinery import Ed25519
from tests.hub.api.test_mtls import Authority


@pytest.fixture
def run(embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line beside that hub."""
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(embedded_hub.settings.data_dir))
    return CliRunner()


def _said(run: CliRunner, *words: str) -> str:
    done: Result = run.invoke(main, ["machines", *words])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_a_machine_is_registered_given_its_keys_listed_and_ended(
    run: CliRunner, embedded_hub: Hub, tmp_path: Path
) -> None:
    machine = _said(run, "add", "fire-system", "feed", "--agency", "agy_fire")
    (tmp_path / "key.json").write_text(json.dumps(Ed25519().jwk))
    key = _said(run, "key", machine, str(tmp_path / "key.json"), "--overlap", "48")
    token = _said(run, "token", machine)
    assert machine_by_token(embedded_hub.house, token, None, None).machine == machine

    listed = _said(run, "list")
    assert all(part in listed for part in (machine, key, "fire-system", "agy_fire", "public_key", "in use"))
    assert token not in listed

    assert _said(run, "retire", machine, key) == "Ended."
    assert _said(run, "revoke", machine) == "Ended."
    assert "ended" in _said(run, "list")


def test_a_certificate_is_pinned_from_a_file(run: CliRunner, tmp_path: Path) -> None:
    machine = _said(run, "add", "fire-system", "feed", "--agency", "agy_fire")
    certificate, _, _ = Authority(tmp_path, "machines").issue("fire")
    assert _said(run, "key", machine, str(certificate)).startswith("mky_")
    assert "certificate" in _said(run, "list")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"kty": 7}', "BEGIN", json.dumps(Ed25519().jwk | {"d": "Qanaryzq77"})]
)
def test_a_file_that_is_no_public_key_is_refused_and_not_repeated(run: CliRunner, tmp_path: Path, content: str) -> None:
    machine = _said(run, "add", "fire-system", "feed", "--agency", "agy_fire")
    (tmp_path / "key").write_text(content)
    refused = run.invoke(main, ["machines", "key", machine, str(tmp_path / "key")])
    assert refused.exit_code == 1
    assert "Qanaryzq77" not in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.parametrize(
    "words", [("add", "x-y-z", "refer"), ("add", "x-y-z", "feed", "--landlord", "LMH"), ("token", "mch_none"),
              ("add", "x-y-z", "feed", "--agency", "agy_none"), ("revoke", "mch_none"),
              ("retire", "mch_none", "mky_x")],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(run: CliRunner, words: tuple[str, ...]) -> None:
    refused = run.invoke(main, ["machines", *words])
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert len(refused.output.splitlines()) == 1
