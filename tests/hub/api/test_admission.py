"""Only so much is at work at once, only so much waits; the rest is turned away at once, and danger goes in front."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from hub.api import admission
from hub.api.admission import Admission

ROUTINE = json.dumps({"record": {"risk": {"level": "medium"}}}).encode()
DANGER = json.dumps({"record": {"risk": {"level": "immediate_danger"}}}).encode()


@dataclass
class Behind:
    """The application behind it, which is at work until it is told to end."""

    at_work: list[str] = field(default_factory=list)
    most_at_work: int = 0
    began: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["query_string"].decode()
        self.began.append(name)
        self.at_work.append(name)
        self.most_at_work = max(self.most_at_work, len(self.at_work))
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        await self.ends.wait()
        self.at_work.remove(name)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


async def ask(
    front: Admission, path: str = "/v1/referrals", body: bytes = ROUTINE, name: str = "", pieces: int = 1
) -> Answer:
    """One request, its body in so many pieces."""
    size = max(1, -(-len(body) // pieces))
    parts = [body[begin : begin + size] for begin in range(0, len(body), size)] or [b""]
    coming = [{"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts]

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    return await asked(front, path, receive, name)


async def asked(front: Admission, path: str, receive: Callable[[], Awaitable[Message]], name: str = "") -> Answer:
    """One request whose body comes as `receive` gives it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http", "method": "POST", "path": path, "query_string": name.encode(), "headers": [],
    }  # fmt: skip
    await front(scope, receive, send)
    headers = {key.decode().lower(): value.decode() for key, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


async def settled() -> None:
    """Everything that could go on has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_beyond_what_works_and_waits_a_request_is_turned_away_at_once_and_says_when_to_come_back() -> None:
    async def course() -> None:
        behind = Behind()
        front = Admission(behind, 2, 10_000)
        served = [asyncio.create_task(ask(front, name=str(number))) for number in range(10)]
        await settled()
        assert len(behind.at_work) == 2
        away = await ask(front)
        assert (away.status, away.problem["title"]) == (503, "TOO_BUSY")
        assert int(away.headers["retry-after"]) > 0
        assert away.headers["content-type"] == "application/problem+json"
        assert away.headers["cache-control"] == "no-store"
        behind.ends.set()
        assert {answer.status for answer in await asyncio.gather(*served)} == {200}
        assert behind.most_at_work == 2
        assert behind.bodies == [ROUTINE] * 10
        assert (await ask(front)).status == 200

    asyncio.run(course())


def test_danger_goes_in_front_of_what_waits_and_what_is_turned_away_is_told_to_telephone() -> None:
    async def course() -> None:
        behind = Behind()
        front = Admission(behind, 1, 10_000)
        served = [asyncio.create_task(ask(front, name=f"routine{number}")) for number in range(5)]
        await settled()
        served += [asyncio.create_task(ask(front, body=DANGER, name=f"danger{number}")) for number in range(4)]
        await settled()
        away = await ask(front, body=DANGER)
        assert (away.status, away.problem["title"], away.problem["cause"]) == (503, "TELEPHONE_NOW", "TOO_BUSY")
        assert "999" in away.problem["detail"]
        behind.ends.set()
        assert {answer.status for answer in await asyncio.gather(*served)} == {200}
        assert [name.rstrip("0123456789") for name in behind.began] == ["routine"] + ["danger"] * 4 + ["routine"] * 4

    asyncio.run(course())


def test_whether_it_lives_is_answered_while_everything_is_busy_and_whether_it_is_ready_as_well() -> None:
    async def course() -> None:
        busy, behind = Behind(), Behind()
        behind.ends.set()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await (behind if "health" in scope["path"] else busy)(scope, receive, send)

        front = Admission(app, 1, 10_000)
        served = [asyncio.create_task(ask(front)) for _ in range(5)]
        await settled()
        assert (await ask(front)).status == 503
        assert (await ask(front, "/v1/health/live")).status == 200
        assert (await ask(front, "/v1/health/ready")).status == 200
        busy.ends.set()
        await asyncio.gather(*served)

    asyncio.run(course())


def test_whoever_sends_slowly_or_gives_up_keeps_nobody_else_from_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_BODY_SECONDS", 0.05)
    monkeypatch.setattr(admission, "_TURN_SECONDS", 0.05)

    async def course() -> None:
        behind = Behind()
        front = Admission(behind, 1, 10_000)

        async def never() -> Message:
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        slow = await asyncio.gather(*(asked(front, "/v1/referrals", never) for _ in range(8)))
        assert {(answer.status, answer.problem["cause"]) for answer in slow} == {(503, "REQUEST_SLOW")}
        served = asyncio.create_task(ask(front))
        await settled()
        waiting = asyncio.create_task(ask(front))
        gone = asyncio.create_task(ask(front))
        await settled()
        gone.cancel()
        assert (await waiting).problem["title"] == "TOO_BUSY"
        behind.ends.set()
        assert (await served).status == 200
        assert (await ask(front)).status == 200

    asyncio.run(course())


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_body_comes_to_the_application_as_it_was_sent_also_one_that_is_too_large(pieces: int) -> None:
    async def course() -> None:
        behind = Behind()
        behind.ends.set()
        front = Admission(behind, 1, 1_000)
        for body in (b"", b"x", b"y" * 1_000, b"z" * 1_001, b"w" * 50_000):
            assert (await ask(front, "/v1/previews", body, pieces=pieces)).status == 200
            assert behind.bodies[-1] == body

    asyncio.run(course())


def test_files_that_come_in_for_minutes_take_no_turn_from_what_is_short() -> None:
    async def course() -> None:
        behind = Behind()
        front = Admission(behind, 4, 10_000)
        files = [asyncio.create_task(ask(front, "/v1/referrals/ref_1/attachments")) for _ in range(4)]
        await settled()
        assert len(behind.at_work) == 1
        others = [asyncio.create_task(ask(front)) for _ in range(4)]
        await settled()
        assert len(behind.at_work) == 5
        behind.ends.set()
        await asyncio.gather(*files, *others)

    asyncio.run(course())
