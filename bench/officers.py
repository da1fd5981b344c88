"""Officers' systems: referrals over HTTP, on connections that stay open, as fast as they are taken or at a pace."""

import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_TEMPLATE = json.loads((Path(__file__).parent / "referral.json").read_text())
_PURPOSE = "crime_investigation"


@dataclass(frozen=True, slots=True)
class Sent:
    """One referral that was accepted: its id, when the request began and when it was answered (seconds since 1970)."""

    referral: str
    began: float
    answered: float


def one_recipient(agency: str, risk: str = "medium") -> bytes:
    """A referral to one agency, on a case of its own."""
    given = {**_TEMPLATE, "asks": [{"agency": agency, "purpose": _PURPOSE, "routine": True}]}
    given["consents"] = [each for each in _TEMPLATE["consents"] if each["purpose"] == _PURPOSE][:1]
    record = _TEMPLATE["record"]
    case = {**record["case"], "reference": f"LMH/{secrets.token_hex(6)}"}
    given["record"] = {**record, "case": case, "risk": {"level": risk}}
    return json.dumps(given).encode()


def send(
    addresses: list[str], token: str, bodies: list[bytes], *, at_once: int, per_second: float | None
) -> list[Sent]:
    """Send all of them, by `at_once` connections; `per_second` begins each in its own moment."""
    begins = time.time() + 0.05
    turn = iter(range(len(bodies)))
    taking = threading.Lock()

    def work(worker: int) -> list[Sent]:
        parts = urlsplit(addresses[worker % len(addresses)])
        line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        done: list[Sent] = []
        while True:
            with taking:
                number = next(turn, None)
            if number is None:
                return done
            if per_second is not None:
                time.sleep(max(0.0, begins + number / per_second - time.time()))
            done.append(_post(line, token, bodies[number]))

    with ThreadPoolExecutor(at_once) as workers:
        return [sent for each in workers.map(work, range(at_once)) for sent in each]


def _post(line: http.client.HTTPConnection, token: str, body: bytes) -> Sent:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json",
               "Idempotency-Key": secrets.token_hex(12)}  # fmt: skip
    began = time.time()
    line.request("POST", "/v1/referrals", body, headers)
    answer = line.getresponse()
    said = json.loads(answer.read())
    if answer.status != 201:
        raise RuntimeError(f"a referral was not taken: {answer.status} {said}")
    return Sent(said["referral"], began, time.time())


def wait_for(ready: Callable[[], bool], what: str, seconds: float = 600) -> None:
    """Wait until something is so. Raises TimeoutError."""
    until = time.time() + seconds
    while not ready():
        if time.time() > until:
            raise TimeoutError(what)
        time.sleep(0.02)
