"""One hub of each kind for all journeys; each journey tells a case of its own."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.journeys.backends import running
from tests.journeys.people import Landlord

SCALED_OUT = pytest.param("scaled_out", marks=[pytest.mark.postgresql, pytest.mark.rabbitmq])

_SHOWN = 6_000


@pytest.fixture(scope="session", params=["embedded", SCALED_OUT])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landlord]:
    """A landlord with a running hub and partners, on either back-end."""
    folder: Path = tmp_path_factory.mktemp(str(request.param))
    with running(request.param, folder) as (backend, partners):
        landlord = Landlord(backend, partners)
        yield landlord
        landlord.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failed journey, show what the hub's processes printed last."""
    report = yield
    landlord = getattr(item, "funcargs", {}).get("hub")
    if report.failed and isinstance(landlord, Landlord):
        for process in landlord.backend.processes.values():
            report.sections.append((f"{process.name} printed", process.output()[-_SHOWN:]))
    return report
