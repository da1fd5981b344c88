"""What waits for an agency is bounded, whatever way it goes: sent, fetched by the agency, or carried by a person."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.access.roles import Role
from hub.delivery.backlog import Backlog
from hub.errors import Unavailable
from hub.flow.collect import collect
from hub.flow.refer import refer
from tests.cases import FIRE, JAG, POLICE, Ask, Case
from tests.conftest import POSTGRESQL
from tests.hub.flow.correcting import Desk, Desks
from tests.hubs import somebody

MOST = 3


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = Desks(tmp_path_factory.mktemp("backlog"))
    yield found.on(request.param)
    found.close()


on_both = pytest.mark.parametrize("desk", ["sqlite", POSTGRESQL], indirect=True)


def _one_more(here: Desk, ask: Ask) -> None:
    """Refer one more, with what waits counted anew."""
    case = Case(asks=[ask])
    refer(replace(here.hub.house, backlog=Backlog(MOST)), here.officer, case.raw(), f"key-{case.tag}")


def _is_full(here: Desk, ask: Ask) -> bool:
    with pytest.raises(Unavailable) as told:
        _one_more(here, ask)
    return told.value.code == "QUEUE_FULL"


@on_both
def test_what_waits_to_be_fetched_is_counted_until_it_is_fetched(desk: Desk) -> None:
    first, *_ = [desk.send(FIRE)[1] for _ in range(MOST)]
    assert _is_full(desk, FIRE)
    _one_more(desk, JAG)  # no other agency is behind
    collect(desk.hub.house, somebody(desk.hub, Role.PARTNER, "agy_fire"), first.id)
    _one_more(desk, FIRE)
    assert _is_full(desk, FIRE)


@on_both
def test_what_waits_to_be_carried_is_counted_also_when_its_pack_is_made(desk: Desk) -> None:
    for _ in range(MOST):
        desk.send(POLICE)
    assert _is_full(desk, POLICE)
    desk.deliver()
    assert _is_full(desk, POLICE)
