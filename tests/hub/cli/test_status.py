"""`concordat status`: the same figures as /metrics, and an exit code that says whether somebody must look."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, update

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.cli import main
from hub.delivery.outbox import State
from hub.flow.checkpoint import checkpoint
from hub.flow.refer import refer
from hub.flow.status import MEANS, concerns, figures
from hub.store.scope import EVERY
from hub.store.tables import disclosure, door_state, outbox
from tests.cases import JAG, POLICE, Case
from tests.hubs import open_test_hub, somebody


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub beside which the command runs, with two disclosures that wait."""
    data: Path = tmp_path_factory.mktemp("status") / "data"
    with ExitStack() as ending, pytest.MonkeyPatch.context() as outside:
        outside.setenv("CONCORDAT_DATA_DIR", str(data))
        opened = open_test_hub(data, f"sqlite:///{data / 'concordat.sqlite3'}")
        ending.callback(opened.house.store.close)
        case = Case((JAG, POLICE))
        refer(opened.house, somebody(opened, Role.OFFICER), case.raw(), f"key-{case.tag}")
        checkpoint(opened.house)
        yield opened


def ask(*options: str) -> Result:
    return CliRunner().invoke(main, ["status", *options])


def test_a_hub_that_is_well_needs_nobody_and_tells_its_queues(hub: Hub) -> None:
    told = ask()
    assert told.exit_code == 0, told.output
    assert "Nothing needs a person." in told.output
    assert "routine   agy_jag" in told.output
    as_json = ask("--json")
    assert as_json.exit_code == 0
    said = json.loads(as_json.stdout)
    found = figures(hub.house)
    assert said["ready"] is True
    assert said["needs_a_person"] == []
    assert [(row["lane"], row["agency"], row["waiting"]) for row in said["figures"]["queues"]] == [
        (queue.lane, queue.agency, queue.waiting) for queue in found.queues.queues
    ]
    assert said["figures"]["log"]["size"] == found.log.size
    assert said["figures"]["log"]["unsigned"] == 0


def test_what_needs_a_person_is_named_in_plain_words_and_ends_with_two(hub: Hub) -> None:
    now = hub.house.clock.now()
    with hub.house.store.write(EVERY) as tx:
        tx.connection.execute(
            update(outbox).where(outbox.c.agency == "agy_jag").values(due_at=now - timedelta(hours=2))
        )
        tx.connection.execute(
            update(disclosure).where(disclosure.c.agency == "agy_police")
            .values(state=State.PARKED.value, answer_due_at=now - timedelta(hours=1))
        )  # fmt: skip
        tx.connection.execute(insert(door_state).values(agency="agy_jag", state="open", failures=5, opened_at=now))
    told = ask()
    assert told.exit_code == 2
    for code in ("LATE", "PARKED", "DOOR_OPEN", "RECEIPT_OVERDUE"):
        assert f"! {code}: {MEANS[code]}" in told.output
    assert json.loads(ask("--json").stdout)["needs_a_person"] == ["LATE", "DOOR_OPEN", "PARKED", "RECEIPT_OVERDUE"]


def test_every_code_that_may_need_a_person_is_explained(hub: Hub) -> None:
    assert set(concerns(figures(hub.house))) <= set(MEANS)
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [code for code in MEANS if f"`{code}`" not in page] == []


def test_a_hub_that_cannot_be_opened_ends_with_one(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert hub
    monkeypatch.setenv("CONCORDAT_DATA_DIR", str(tmp_path / "nowhere"))
    assert ask().exit_code == 1
