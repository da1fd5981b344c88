"""The compose file: valid by the published schema, hardened, without a default password."""

import json
import re
import subprocess
import sys
from typing import Any, cast

import jsonschema
import pytest
import yaml

from hub.flow.house import House
from hub.flow.readiness import Looked
from hub.settings import Settings
from hub.watch.listener import Listener
from tests.deployment.checkout import ROOT, compose_file, files, parse_yaml, text

COMPOSE = compose_file()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
by_service = pytest.mark.parametrize("name", sorted(SERVICES))
by_service_of_ours = pytest.mark.parametrize("name", OURS)


def is_one_shot(name: str) -> bool:
    """Runs once and ends, and somebody waits for its end."""
    awaited = [service["depends_on"].get(name, {}) for service in SERVICES.values() if "depends_on" in service]
    ends = {"condition": "service_completed_successfully"}
    return SERVICES[name]["restart"] == "no" and ends in awaited


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(yaml.composer.ComposerError, match="said twice"):
        parse_yaml("services: {api: {read_only: true, read_only: false}}")


def test_a_merged_key_may_be_overridden() -> None:
    assert parse_yaml("a: &a {x: 1}\nb: {<<: *a, x: 2}\nc: {<<: *a}") == {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 1}}


def test_the_file_is_valid_by_the_published_compose_schema() -> None:
    schema = json.loads(text("tests/deployment/compose-spec.json"))
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_the_schema_refuses_what_compose_refuses() -> None:
    schema = json.loads(text("tests/deployment/compose-spec.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({"services": {"api": {"read_onyl": True}}})


def test_it_runs_the_hub_in_its_parts_and_its_two_servers() -> None:
    assert set(SERVICES) == {"migrate", "api", "worker", "timetable", "postgres", "rabbitmq"}


@by_service_of_ours
def test_every_setting_is_one_that_the_hub_reads(name: str) -> None:
    given = {key.removeprefix("CONCORDAT_").lower() for key in SERVICES[name]["environment"]}
    assert given <= set(Settings.model_fields)


@by_service
def test_no_service_is_given_a_secret_in_its_environment(name: str) -> None:
    for key, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASS|SECRET|TOKEN|KEY|URL|COOKIE", key):
            assert key.endswith(("_FILE", "_DIR")), key
            assert str(value).startswith("/run/"), key


def test_nothing_in_the_file_is_a_password_or_falls_back_to_one() -> None:
    source = text("docker-compose.yml")
    assert not re.search(r"://[^\s/]+:[^\s/]+@", source)
    assert "${" not in source


def test_every_secret_is_a_file_that_the_operator_makes_and_nobody_commits() -> None:
    sources = [secret["file"] for secret in COMPOSE["secrets"].values()]
    sources += [
        volume["source"]
        for service in SERVICES.values()
        for volume in service["volumes"]
        if isinstance(volume, dict) and volume["type"] == "bind"
    ]
    assert all(source.startswith("./secrets/") for source in sources)
    assert not [file for file in files() if file.is_relative_to(ROOT / "secrets")]
    documented = text("docs/operations.md")
    assert all(source.removeprefix("./") in documented for source in sources)


@by_service
def test_what_a_service_uses_is_declared(name: str) -> None:
    service = SERVICES[name]
    secrets = {entry if isinstance(entry, str) else entry["source"] for entry in service.get("secrets", [])}
    named = {entry.split(":")[0] for entry in service["volumes"] if isinstance(entry, str)}
    assert secrets <= set(COMPOSE["secrets"])
    assert named <= set(COMPOSE["volumes"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)


@by_service
def test_no_service_is_root_or_can_become_more_than_it_is(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in {"root", "0"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is True
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & set(service)


@by_service
def test_every_image_names_its_version(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert tag not in {"", "latest"}


@by_service
def test_every_service_has_a_health_check_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    check = service.get("healthcheck", {})
    from_image = "build" in service and not check
    assert "test" in check or is_one_shot(name) or (from_image and "HEALTHCHECK" in text("Dockerfile"))


@by_service
def test_a_service_waits_until_what_it_needs_is_ready(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if is_one_shot(needed) else "service_healthy"
        assert how["condition"] == expected


def test_only_the_api_can_be_reached_and_only_from_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in published["api"])


@pytest.mark.parametrize("name", ["postgres", "rabbitmq", "migrate", "timetable"])
def test_what_need_not_leave_the_house_cannot(name: str) -> None:
    assert all(COMPOSE["networks"][network].get("internal") for network in SERVICES[name]["networks"])


@by_service_of_ours
def test_no_part_of_the_hub_can_write_its_keys(name: str) -> None:
    mounts = [volume for volume in SERVICES[name]["volumes"] if isinstance(volume, dict)]
    assert [mount["target"] for mount in mounts if mount["read_only"]] == [
        SERVICES[name]["environment"]["CONCORDAT_KEYS_DIR"]
    ]


@pytest.mark.parametrize("name", ["worker", "timetable"])
def test_the_check_of_a_worker_asks_it_whether_it_is_ready(name: str) -> None:
    _, _, flag, program = SERVICES[name]["healthcheck"]["test"]
    there = SERVICES[name]["environment"]["CONCORDAT_METRICS_PORT"]
    assert f"127.0.0.1:{there}/ready" in program
    looked = [Looked(("STORE_SLOW",))]
    house = cast("House", None)  # whether it is ready asks for no figures
    listener = Listener(house, lambda: looked[0], "127.0.0.1", 0)
    try:
        ours = program.replace(f":{there}/", f":{listener.port}/")

        def is_well() -> bool:
            return subprocess.run([sys.executable, flag, ours], check=False, stderr=subprocess.DEVNULL).returncode == 0

        assert not is_well()
        looked[0] = Looked((), ("BROKER_AWAY",))
        assert is_well()
    finally:
        listener.stop()
