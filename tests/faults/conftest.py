"""One authority, one message; keys of one attempt each, so that a ledger tells one from another."""

from itertools import count

import pytest

from connectors.contract import Message
from connectors.partners.event import event
from connectors.partners.police import PROFILE as POLICE
from hub.cli.demo.certificates import Certificates, make_certificate_authority
from tests.connectors.conftest import GRAFFITI, disclosure

_numbers = count(1)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def message() -> Message:
    return event(POLICE, disclosure(*GRAFFITI))


@pytest.fixture
def key() -> str:
    return next_key()


def next_key() -> str:
    """An idempotency key that no other attempt has."""
    return f"dsc_{next(_numbers):026d}"
