"""The load under which the hub is killed: officers who refer and withdraw, a fire service that fetches.

Each of them does what its system would: what got no answer is sent again under the same key until it gets one, and what
was answered is written down before anything else happens.
"""

import json
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.cases import ADVICE, FIRE, HELPLINE, JAG, POLICE, SOCIAL, Ask, Case
from tests.journeys.waiting import until
from tests.kills.partners import Partners

_TOGETHER: tuple[tuple[Ask, ...], ...] = (
    (POLICE, JAG, HELPLINE), (POLICE, ADVICE), (SOCIAL,), (FIRE, POLICE), (POLICE, HELPLINE), (JAG, ADVICE),
)  # fmt: skip
_TAKEN_BACK: tuple[Ask, ...] = (ADVICE, HELPLINE, FIRE)
"""Who is told on the strength of one consent alone: once it is withdrawn nothing may go."""
_PAUSE = 0.25
_ON_ITS_WAY = {"queued", "leaving"}


class Load:
    """Everybody outside the hub, and what they were answered."""

    def __init__(self, folder: Path, tokens: dict[str, str], partners: Partners, addresses: Callable[[], str]) -> None:
        """Write down answers in `folder`; `addresses` tells where to turn now."""
        folder.mkdir(parents=True)
        self._record = folder / "officers.jsonl"
        self._tokens, self._partners, self._addresses = tokens, partners, addresses
        self._client = httpx.Client(timeout=10, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._lock = threading.Lock()
        self._unsettled: set[str] = set()
        self._idle, self._ends = threading.Event(), threading.Event()
        self._fetched_to = 0
        self._threads: list[threading.Thread] = []
        self.surprises: list[str] = []
        """Answers that no hub should give, not even one that is being killed."""
        self.accepted = self.withdrawn = 0

    def begin(self) -> None:
        """Everybody starts to work."""
        self._idle.clear()
        for seed in (0, 1):
            self._spawn(self._refer, random.Random(time.monotonic_ns() + seed))  # noqa: S311 - picks cases
        self._spawn(self._fetch_on)

    def pause(self) -> None:
        """Nobody begins anything more; what was begun is brought to its answer."""
        self._idle.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "somebody never got an answer"
        self._threads.clear()

    def settle(self) -> None:
        """Wait until nothing that was accepted is on its way any more, and everything that waits was fetched."""
        until(self._is_settled, "everything is settled", 120)
        self._partners.carry_packs()

    def ask_for_checkpoint(self) -> None:
        """Have the head of the log signed now, by taking the log away."""
        self._ask("dpo", "GET", "/v1/log/export")

    def close(self) -> None:
        """Hang up, whatever is under way."""
        self._ends.set()
        self._idle.set()
        for thread in self._threads:
            thread.join(30)
        self._client.close()

    def _spawn(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _refer(self, chance: random.Random) -> None:
        while not self._idle.wait(_PAUSE):
            back = chance.choice(_TAKEN_BACK) if chance.random() < 0.4 else None
            if back == ADVICE:
                self._partners.advice.be_busy(chance.randrange(4))
            asks = (back,) if back is not None else chance.choice(_TOGETHER)
            case = Case(asks)
            answer = self._insist("officer", "POST", "/v1/referrals", case.raw(), {"Idempotency-Key": case.tag})
            if answer is None or answer.status_code not in (200, 201):
                continue
            referral = answer.json()["referral"]
            self._note(act="accepted", referral=referral, asks=[list(ask) for ask in asks])
            if back is not None:
                time.sleep(chance.random() * 0.15)
                self._take_back(referral, back[0])

    def _take_back(self, referral: str, agency: str) -> None:
        course = self._insist("officer", "GET", f"/v1/referrals/{referral}")
        if course is None:
            return
        consent = course.json()["consents"][0]["id"]
        answer = self._insist("officer", "POST", f"/v1/consents/{consent}/withdrawal")
        # An earlier try of ours got through, and its answer was lost.
        if answer is not None and (answer.status_code == 200 or answer.json()["title"] == "CONSENT_ALREADY_WITHDRAWN"):
            self._note(act="withdrawn", consent=consent, referral=referral, agency=agency)

    def _note(self, **answered: object) -> None:
        said = json.dumps({"at": datetime.now(UTC).isoformat(), **answered})
        with self._lock:
            with self._record.open("a", encoding="utf-8") as record:
                record.write(f"{said}\n")
            if answered["act"] == "accepted":
                self._unsettled.add(str(answered["referral"]))
                self.accepted += 1
            else:
                self.withdrawn += 1

    def _fetch_on(self) -> None:
        while not self._idle.wait(_PAUSE):
            self._fetch()

    def _fetch(self) -> bool:
        """Fetch what waits, and again what the feed says was fetched though we do not have it; True once all is had."""
        page = self._ask("fire", "GET", f"/v1/feed?after={self._fetched_to}")
        if page is None or page.status_code != 200:
            return False
        ledger, told = self._partners.ledgers["agy_fire"], page.json()
        missing = [line["disclosure"] for line in [*told["waiting"], *told["events"]]]
        missing = [disclosure for disclosure in dict.fromkeys(missing) if disclosure not in ledger.seen]
        whole = True
        for disclosure in missing:
            answer = self._ask("fire", "POST", f"/v1/feed/{disclosure}/collection")
            if answer is not None and answer.status_code == 200:
                ledger.note(disclosure, answer.content, "taken")
            whole = whole and answer is not None and answer.status_code in (200, 409)
        if whole:
            self._fetched_to = told["cursor"]
        return whole and not missing

    def _is_settled(self) -> bool:
        fetched = self._fetch()
        for referral in sorted(self._unsettled):
            course = self._ask("officer", "GET", f"/v1/referrals/{referral}")
            if course is None or course.status_code != 200:
                return False
            on_file = course.json()
            if any(told["state"] in _ON_ITS_WAY for told in [*on_file["disclosures"], *on_file["notices"]]):
                return False
            self._unsettled.discard(referral)
        return fetched

    def _insist(
        self, who: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        """Ask until there is an answer that is one; None where the test ends first."""
        while not self._ends.is_set():
            answer = self._ask(who, method, path, body, headers)
            if answer is not None and answer.status_code not in (429, 503):
                return answer
            time.sleep(_PAUSE)
        return None

    def _ask(
        self, who: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        said: dict[str, Any] = {"Authorization": f"Bearer {self._tokens[who]}"} | (headers or {})
        said |= {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = self._client.request(method, self._addresses() + path, content=body, headers=said)
        except httpx.TransportError:
            return None
        if answer.status_code in (400, 401, 403, 422) or (answer.status_code >= 500 and answer.status_code != 503):
            self.surprises.append(f"{method} {path.partition('?')[0]}: {answer.status_code} {answer.text[:300]}")
        return answer
