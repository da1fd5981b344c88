"""A partner's fetch that the hub dies of, between its two transactions."""

from unittest.mock import patch

import pytest

from hub.access.roles import Role
from hub.delivery.outbox import State
from hub.flow.collect import collect
from tests.hub.flow.correcting import Desk
from tests.hubs import somebody


def cut_short(here: Desk, disclosure_id: str) -> None:
    """The fire service fetches; the attempt is begun, and nobody ever says how it ended."""
    with patch("hub.flow.collect.settle", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        collect(here.hub.house, somebody(here.hub, Role.PARTNER, "agy_fire"), disclosure_id)
    assert here.row(disclosure_id).state is State.LEAVING
