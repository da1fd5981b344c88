"""A served hub for each file of tests; each test brings a case of its own."""

from collections.abc import Iterator

import pytest

from tests.hub.api.served import Api, served


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A hub's API, listening."""
    with served(tmp_path_factory.mktemp("api")) as found:
        yield found
