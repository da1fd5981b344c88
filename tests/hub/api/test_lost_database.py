"""A database server that is stopped and started under a running hub: told at once, nothing lost, no restart needed."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hub.access.roles import Role
from hub.api import admission
from hub.api.app import make_api
from hub.bootstrap import RELEASE, Hub
from hub.flow import enrol
from tests.cases import JAG, POLICE, Case
from tests.hub.api.served import MAX_BODY_BYTES, listening
from tests.hubs import migrate_as_owner, open_test_hub
from tests.journeys.waiting import until
from tests.kills.servers import OwnPostgres, why_no_servers

AT_WORK = 4
"""How many requests this hub lets be at work at once."""


@dataclass
class Running:
    """A hub with its API and whoever delivers for it, and the server that it stands on."""

    server: OwnPostgres
    hub: Hub
    client: httpx.Client
    token: str
    packs: Path

    def refer(self, case: Case, *, danger: bool = False) -> httpx.Response:
        raw = case.raw().replace(b'"medium"', b'"immediate_danger"') if danger else case.raw()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                   "Idempotency-Key": f"key-{case.tag}"}  # fmt: skip
        return self.client.post("/v1/referrals", content=raw, headers=headers)

    def told(self, _officer: int) -> str | None:
        """The code that somebody is told who asks for something and does not wait long; None for no answer by then."""
        with suppress(httpx.ReadTimeout):
            answer = self.client.get("/v1/parked", headers={"Authorization": f"Bearer {self.token}"}, timeout=2)
            return str(answer.json().get("title"))
        return None

    def disclosures_of(self, answers: list[httpx.Response]) -> list[str]:
        """The disclosures of these referrals."""
        signed_in = {"Authorization": f"Bearer {self.token}"}
        courses = [self.client.get(answer.headers["Location"], headers=signed_in).json() for answer in answers]
        return [entry["id"] for course in courses for entry in course["disclosures"]]

    def packs_of(self, disclosures: list[str]) -> list[str]:
        """The names of the packs that lie ready for these disclosures."""
        there = [path.name for path in self.packs.glob("[!.]*")] if self.packs.exists() else []
        return [name for disclosure in disclosures for name in there if disclosure in name]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    why = why_no_servers()
    if why is not None:
        pytest.skip(f"no server of its own could be stopped: {why}")
    folder = tmp_path_factory.mktemp("lost")
    (folder / "data").mkdir(mode=0o700)
    server = OwnPostgres()
    try:
        url = server.new_database()
        migrate_as_owner(folder / "data", url, server.url)
        hub = open_test_hub(folder / "data", url, create=False)
        courier = hub.courier()
        made = enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None)
        app = make_api(hub.house, lambda _: courier.wake(), RELEASE, MAX_BODY_BYTES, most_requests=AT_WORK)
        with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            yield Running(server, hub, client, made.token, folder / "out")
        courier.stop()
        hub.house.store.close()
    finally:
        server.stop()


def _every_process(first: int) -> list[int]:
    """A server's processes, the first one last."""
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    return [*map(int, children), first]


def test_while_the_server_is_away_everything_is_told_so_at_once_and_after_it_all_goes_on(running: Running) -> None:
    before = [running.refer(Case((POLICE, JAG))) for _ in range(3)]
    assert {answer.status_code for answer in before} == {201}

    os.kill(running.server.pid, signal.SIGINT)  # as an administrator stops it: fast
    os.waitid(os.P_PID, running.server.pid, os.WEXITED | os.WNOWAIT)
    case, danger = Case((POLICE, JAG)), Case((POLICE, JAG))
    with ThreadPoolExecutor(30) as officers:
        told = list(officers.map(lambda _: running.refer(case), range(30)))
    urgent = running.refer(danger, danger=True)
    alive = running.client.get("/v1/health/live")
    ready = running.client.get("/v1/health/ready")
    assert {answer.status_code for answer in told} == {503}
    assert {answer.json()["title"] for answer in told} <= {"STORE_UNAVAILABLE", "TOO_BUSY"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in told)
    assert (urgent.status_code, urgent.json()["title"]) == (503, "TELEPHONE_NOW")
    assert (alive.status_code, ready.status_code) == (200, 503)

    running.server.resume()
    after = [running.refer(case), running.refer(danger, danger=True)]
    assert {answer.status_code for answer in after} == {201}
    disclosures = running.disclosures_of(before + after)
    until(lambda: len(running.packs_of(disclosures)) == 10, "all that was accepted has left, each once")
    until(lambda: running.client.get("/v1/health/ready").status_code == 200, "the hub is ready again")


def test_a_server_that_says_nothing_any_more_holds_up_no_more_than_may_be_at_work(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "_TURN_SECONDS", 0.2)
    assert running.refer(Case((JAG,))).status_code == 201  # so that connections are open
    frozen = _every_process(running.server.pid)
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(AT_WORK + 2) as officers:
            until(lambda: "TOO_BUSY" in officers.map(running.told, range(AT_WORK + 2)), "every turn is held")
        urgent = running.refer(Case((JAG,)), danger=True)
        assert (urgent.json()["title"], urgent.json()["cause"]) == ("TELEPHONE_NOW", "TOO_BUSY")
        assert running.client.get("/v1/health/live").status_code == 200
        assert running.client.get("/v1/health/ready").json()["title"] == "STORE_SLOW"
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    until(lambda: running.refer(Case((JAG,))).status_code == 201, "the hub takes referrals again")
