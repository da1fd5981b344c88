"""kill -9 of API, worker, database and broker at every named crash point, under load: nothing is lost, nothing comes
twice, nothing leaves without leave or without being logged first, nothing leaves after its withdrawal.

The short run. Hundreds of rounds, each judged by itself: `python -m tests.kills` (CONTRIBUTING.md).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills.hubs import BROKER, DATABASE, DATABASE_AT_ONCE, SELF, Servers, running
from tests.kills.plans import all_at_once
from tests.kills.points import POINTS
from tests.kills.servers import why_no_servers
from tests.servers import REQUIRED

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    why = why_no_servers()
    if why is not None and not REQUIRED:
        pytest.skip(f"{why}, so there is no server to kill")
    assert why is None
    started = Servers("scaled_out")
    yield started
    started.stop()


@pytest.mark.parametrize("kind", ["embedded", "scaled_out"])
def test_a_hub_that_is_killed_at_every_point_under_load_has_a_history_without_fault(
    kind: str, servers: Servers, tmp_path: Path
) -> None:
    plan = all_at_once(kind)
    with running(kind, tmp_path, servers) as hub:
        hub.kill_all(plan)
        faults = hub.judge()

        assert faults == []
        assert hub.unexpected() == []
        assert min(hub.load.accepted, hub.load.withdrawn) > 0
    kills = [kill for each in plan.values() for kill in each]
    assert {kill.point for kill in kills if kill.victim == SELF} == set(POINTS[kind])
    victims = Counter(kill.victim for kill in kills)
    assert victims.keys() == ({SELF} if kind == "embedded" else {SELF, DATABASE, DATABASE_AT_ONCE, BROKER})
