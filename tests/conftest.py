"""For every test: where the servers are, what is said when one cannot be reached, and a hub in this process."""

import gc
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from hub.bootstrap import Hub
from hub.clock import Clock
from tests.hubs import migrated_database, open_test_hub
from tests.servers import REQUIRED, SERVERS, fresh_database, why_away

# How long an example takes says nothing about the code on a machine that others use too.
settings.register_profile("concordat", deadline=None)
settings.load_profile("concordat")

OpenHub = Callable[..., Hub]

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


_LONGEST_FIRST = (
    "tests/journeys", "tests/consent/test_z3.py", "tests/consent/test_proofs.py", "tests/hub/cli/test_rules.py",
    "tests/hub/cli/test_decide.py", "tests/consent/test_impact.py", "tests/kills", "tests/demo", "tests/hub/cli",
    "tests/hub/flow", "tests/consent",
)  # fmt: skip
"""So that at the end no process is left alone with a file that takes long."""


class OneHubOfAKind(LoadScopeScheduling):
    """What shares a fixture stays in one process, in the order written: a file, and all journeys on one back-end."""

    def _split_scope(self, nodeid: str) -> str:
        backend = re.search(r"tests/journeys/.*\[(embedded|scaled_out)\b", nodeid)
        return backend.group(1) if backend else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneHubOfAKind:
    return OneHubOfAKind(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        known = (at for at, start in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(known, len(_LONGEST_FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was read to find the tests stays for ever: not to look through it again so often saves a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (name, variable) in SERVERS.items():
        if item.get_closest_marker(marker) is None:
            continue
        why = why_away(marker)
        if why is not None and REQUIRED:
            pytest.fail(f"{name} is required here and {why} ({variable})", pytrace=False)
        if why is not None:
            pytest.skip(f"{name} was not reached: it {why}; not tested on it")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly which server was not reached, and what therefore nobody tested."""
    skipped = [
        (report.nodeid.partition("::")[0], str(report.longrepr[2]))
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple)
    ]
    for name, variable in SERVERS.values():
        files = Counter(file for file, reason in skipped if f"{name} was not reached" in reason)
        if files:
            terminalreporter.section(f"{name} WAS NOT REACHED", sep="!", red=True, bold=True)
            terminalreporter.line(f"{sum(files.values())} tests on it were left out, so this run says nothing of:")
            for file, count in sorted(files.items()):
                terminalreporter.line(f"  {count:4d}  {file}")
            terminalreporter.line(f"Start it, or name another with {variable}.")


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of this test's own, once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh' / 'concordat.sqlite3'}"
        return
    with fresh_database() as url:
        yield url


@pytest.fixture(params=["sqlite", POSTGRESQL])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of this test's own, once on each kind. Nobody asks for this and for an empty one."""
    with migrated_database(request.param, tmp_path / "fresh") as url:
        yield url


@pytest.fixture
def open_hub_here(migrated_url: str, tmp_path: Path) -> Iterator[OpenHub]:
    """Opens hubs of this test's own in this process, all on one database; they are closed at the end."""
    with ExitStack() as closing:

        def opening(clock: Clock | None = None, *, create: bool = True) -> Hub:
            hub = open_test_hub(tmp_path / "data", migrated_url, clock, create=create)
            closing.callback(hub.house.store.close)
            return hub

        yield opening


@pytest.fixture
def embedded_hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub in this process on SQLite, for what has nothing to do with the database."""
    hub = open_test_hub(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'concordat.sqlite3'}")
    yield hub
    hub.house.store.close()
