"""A hub's API on a free port of this machine, and one signed-in person of each kind."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from hub.access.oidc import Provider
from hub.access.roles import Role
from hub.api.app import make_api
from hub.api.listening import listen
from hub.bootstrap import RELEASE, Hub
from hub.clock import Clock
from hub.flow import enrol
from hub.flow.checkpoint import checkpoint
from tests.cases import FIRE, Case
from tests.hubs import EVERY_KIND, open_test_hub

MAX_BODY_BYTES = 256 * 1024

PEOPLE = {
    "officer": (Role.OFFICER, "LMH", None),
    "supervisor": (Role.SUPERVISOR, "LMH", None),
    "authoriser": (Role.AUTHORISER, "LMH", None),
    "dpo": (Role.DPO, "LMH", None),
    "administrator": (Role.ADMINISTRATOR, None, None),
    "partner": (Role.PARTNER, None, "agy_fire"),
}
STRANGERS = {
    "officer": (Role.OFFICER, "OHG", None),
    "supervisor": (Role.SUPERVISOR, "OHG", None),
    "authoriser": (Role.AUTHORISER, "OHG", None),
    "dpo": (Role.DPO, "OHG", None),
    "partner": (Role.PARTNER, None, "agy_police"),
}
"""The same roles elsewhere: nothing of the landlord LMH or the fire service is theirs to know of."""


@dataclass
class Api:
    """A served hub. `woken` holds what the API said is ready."""

    hub: Hub
    address: str
    client: httpx.Client
    tokens: dict[str, str]
    strangers: dict[str, str]
    woken: list[str]

    def ask(self, method: str, path: str, who: str | None = None, **options: Any) -> httpx.Response:  # noqa: ANN401 - those of httpx
        """One request, as that person."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.client.request(method, path, headers=headers | options.pop("headers", {}), **options)

    def refer(self, case: Case, key: str | None = None, raw: bytes | None = None) -> httpx.Response:
        """Send a referral as the officer."""
        return self.ask(
            "POST", "/v1/referrals", "officer", content=case.raw() if raw is None else raw,
            headers={"Content-Type": "application/json", "Idempotency-Key": key or f"key-{case.tag}"},
        )  # fmt: skip

    def sent(self, case: Case) -> dict[str, Any]:
        """The course of a referral, sent now."""
        answer = self.refer(case)
        assert answer.status_code == 201, answer.text
        course: dict[str, Any] = self.ask("GET", answer.headers["Location"], "officer").json()
        return course

    def waiting_for_fire(self) -> str:
        """A disclosure that waits for the fire service, which collects."""
        return str(self.sent(Case(asks=[FIRE]))["disclosures"][0]["id"])


@contextmanager
def served(
    folder: Path, url: str | None = None, clock: Clock | None = None, proxy_secret: str | None = None,
    provider: Provider | None = None,
) -> Iterator[Api]:  # fmt: skip
    """A started hub and its API, listening; both are closed at the end. On SQLite unless `url` is another's."""
    hub = open_test_hub(folder / "data", url or f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}", clock)
    hub = replace(hub, house=replace(hub.house, provider=provider))
    woken: list[str] = []
    app = make_api(hub.house, woken.extend, RELEASE, MAX_BODY_BYTES, proxy_secret)
    try:
        with listening(app) as address, httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            checkpoint(hub.house)
            yield Api(hub, address, client, _tokens(hub, PEOPLE), _tokens(hub, STRANGERS), woken)
    finally:
        hub.house.store.close()


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address of an application that listens on a free port until the block ends."""
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _tokens(hub: Hub, people: dict[str, tuple[Role, str | None, str | None]]) -> dict[str, str]:
    return {
        name: enrol.enrol(
            hub.house,
            None,
            role=role,
            landlord=landlord,
            agency=agency,
            kinds=EVERY_KIND if role is Role.AUTHORISER else frozenset(),
        ).token
        for name, (role, landlord, agency) in people.items()
    }
