"""A hub with a clock that is moved by hand, and people of it, for tests of journeys."""

from collections.abc import Iterator

import pytest

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from tests.conftest import POSTGRESQL, OpenHub
from tests.hub.flow.correcting import Desk, Desks
from tests.hubs import HandClock, somebody


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, clock: HandClock) -> Hub:
    return open_hub_here(clock)


@pytest.fixture
def officer(hub: Hub) -> Actor:
    return somebody(hub, Role.OFFICER)


@pytest.fixture
def dpo(hub: Hub) -> Actor:
    return somebody(hub, Role.DPO)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    found = Desks(tmp_path_factory.mktemp("desks"))
    yield found
    found.close()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def on_each(request: pytest.FixtureRequest, desks: Desks) -> Desk:
    return desks.on(request.param)


@pytest.fixture
def here(desks: Desks) -> Desk:
    return desks.on("sqlite")
