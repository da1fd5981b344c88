"""Settings: bounded, with defaults that are safe, and every one of them documented."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.settings import Settings

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CONCORDAT_{name.upper()}", raising=False)


def test_the_defaults_are_a_hub_for_this_machine_alone() -> None:
    settings = Settings()
    assert settings.host == "127.0.0.1"
    assert settings.is_embedded
    assert settings.broker.startswith("memory:")
    assert settings.keys == settings.data_dir / "keys"
    assert settings.database == f"sqlite:///{settings.data_dir / 'concordat.sqlite3'}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained_in_the_manual(name: str) -> None:
    assert f"`CONCORDAT_{name.upper()}`" in OPERATIONS.read_text(encoding="utf-8")


def test_the_manual_gives_the_defaults_that_are_in_force() -> None:
    rows = {}
    for line in OPERATIONS.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `CONCORDAT_"):
            name, default, _what = (cell.strip() for cell in line.strip("|").split("|", 2))
            rows[name.strip("`").removeprefix("CONCORDAT_").lower()] = default.strip("`")
    for name, field in Settings.model_fields.items():
        shown = "unset" if field.default is None else str(field.default)
        assert rows[name] == shown, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hub_name", "Hub Name"), ("hub_name", "x"), ("port", "65536"), ("port", "-1"), ("workers", "0"),
        ("workers", "65"), ("lease_seconds", "4"), ("lease_seconds", "3601"), ("sweep_seconds", "0"),
        ("sweep_seconds", "61"), ("give_up_after_hours", "0"), ("give_up_after_hours", "nan"),
        ("max_body_bytes", "100"),        ("max_body_bytes", "100000000"),
    ],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"CONCORDAT_{name.upper()}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert name in str(refused.value)
    assert "input_value" not in str(refused.value)


def test_secrets_come_from_files_where_files_are_given(tmp_path: Path) -> None:
    for name in ("database", "broker"):
        (tmp_path / name).write_text(f"{name}://from-a-file\n", encoding="utf-8")
    settings = Settings(
        database_url="database://from-the-environment", database_url_file=tmp_path / "database",
        broker_url="broker://from-the-environment", broker_url_file=tmp_path / "broker",
    )  # fmt: skip
    assert (settings.database, settings.broker) == ("database://from-a-file", "broker://from-a-file")
    assert not settings.is_embedded


def test_settings_cannot_be_changed_once_read() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1
