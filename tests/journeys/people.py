"""The people of a landlord and its partners, who know the hub by its HTTP API alone."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.ids import Prefix, new_id
from tests.cases import Case
from tests.journeys.backends import Backend
from tests.journeys.partners import Partners
from tests.journeys.waiting import until

JSON = {"Content-Type": "application/json"}
UNFINISHED = {"queued", "leaving"}
LogEntry = dict[str, Any]


class Person:
    """Somebody with a token; nobody signed in without one."""

    def __init__(self, backend: Backend, client: httpx.Client, token: str | None, address: str | None = None) -> None:
        """Remember the token; unless `address` is given, it is asked for each time, for it may have changed."""
        self._backend, self._client, self._token, self._address = backend, client, token, address

    def at(self, address: str) -> "Person":
        """The same person, at one address."""
        return Person(self._backend, self._client, self._token, address)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request. `body` is bytes as they are, or anything that JSON can say."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        said = (JSON if body is not None else {}) | headers
        if self._token is not None:
            said |= {"Authorization": f"Bearer {self._token}"}
        where = (self._address or self._backend.address) + path
        return self._client.request(method, where, content=content, headers=said)

    def get(self, path: str) -> dict[str, Any]:
        """The answer's JSON; anything but 200 is a failure."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refer(self, case: Case, key: str | None = None) -> httpx.Response:
        """Send a referral."""
        return self.ask("POST", "/v1/referrals", case.raw(), **{"Idempotency-Key": key or f"key-{case.tag}"})


@dataclass(frozen=True)
class Disclosure:
    """One disclosure as its referral's course tells it."""

    id: str
    agency: str
    state: str
    cause: str | None
    rung: str
    outcome: str
    told: dict[str, Any]


class Landlord:
    """The people of LMH, its partners' systems, and what they see."""

    def __init__(self, backend: Backend, partners: Partners) -> None:
        """Sign the first administrator in with the code that the hub printed, and enrol everybody."""
        self.backend, self.partners = backend, partners
        # A connection for each request: a hub that is killed takes none with it that the next request would use.
        self._client = httpx.Client(timeout=30, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        signed_in = Person(backend, self._client, None).ask("POST", "/v1/sign-in", {"code": backend.sign_in_code})
        assert signed_in.status_code == 200, signed_in.text
        self.administrator = self.signed_in(signed_in.json()["token"])
        review = self.administrator.ask(
            "PUT", "/v1/landlords/LMH/policy-document", {"review_by": "2089-12-31T00:00:00Z"}
        )
        assert review.status_code == 204, review.text
        author = new_id(Prefix.PERSON)
        self.officer = self._enrol(role="officer", landlord="LMH", person=author)
        self.author_as_authoriser = self._enrol(role="authoriser", landlord="LMH", person=author)
        self.authoriser = self._enrol(role="authoriser", landlord="LMH")
        self.dpo = self._enrol(role="dpo", landlord="LMH")
        self.police = self._enrol(role="partner", agency="agy_police")
        self.fire = self._enrol(role="partner", agency="agy_fire")

    def _enrol(self, **who: str) -> Person:
        made = self.administrator.ask("POST", "/v1/credentials", who)
        assert made.status_code == 201, made.text
        return self.signed_in(made.json()["token"])

    def signed_in(self, token: str) -> Person:
        """Whoever has this token."""
        return Person(self.backend, self._client, token)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def refer(self, case: Case) -> str:
        """Have a referral accepted; returns its id."""
        answer = self.officer.refer(case)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["referral"])

    def course(self, referral: str) -> dict[str, Disclosure]:
        """How each disclosure of a referral fares, by agency."""
        found = self.officer.get(f"/v1/referrals/{referral}")["disclosures"]
        return {
            told["agency"]: Disclosure(told["id"], told["agency"], told["state"], told["cause"], told["rung"],
                                       told["decision"]["outcome"], told)
            for told in found
        }  # fmt: skip

    def settled(self, referral: str, patience: float = 60.0) -> dict[str, Disclosure]:
        """The course once nothing of it is on its way any more."""

        def done() -> dict[str, Disclosure]:
            course = self.course(referral)
            waits = any(entry.state in UNFINISHED for entry in course.values() if entry.agency != "agy_fire")
            return {} if waits else course

        return until(done, "every disclosure is settled", patience)

    def reaches(self, referral: str, agency: str, *states: str) -> Disclosure:
        """One disclosure once it is in one of these states."""

        def there() -> Disclosure | None:
            entry = self.course(referral)[agency]
            return entry if entry.state in states else None

        found = until(there, f"{agency} is {' or '.join(states)}")
        assert found is not None
        return found

    def export(self) -> bytes:
        """The audit log as the DPO takes it away."""
        answer = self.dpo.ask("GET", "/v1/log/export")
        assert answer.status_code == 200, answer.text
        return answer.content

    def log(self, folder: Path) -> list[LogEntry]:
        """Every entry of the log, in order, after a stranger's program has verified the export."""
        packed = self.export()
        verified = verify(packed, self.log_key(), folder)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        return list(entries_of(packed))

    def log_key(self) -> str:
        """The public key of the log."""
        return self.dpo.ask("GET", "/v1/log/key").text.strip()


def verify(packed: bytes, key: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the verifier that came with the export, alone: `-I` keeps this project's code from it."""
    (folder / "export.zip").write_bytes(packed)
    with zipfile.ZipFile(folder / "export.zip") as bundle:
        bundle.extract("verify.py", folder)
    return subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder / "export.zip"), "--key", key],
        capture_output=True, text=True, check=False, cwd=folder, timeout=60,
    )  # fmt: skip


def entries_of(packed: bytes) -> Iterator[LogEntry]:
    """The entries of an export, each behind its length in 16 bits (C2SP tlog-tiles)."""
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        paths = [name for name in bundle.namelist() if name.startswith("tile/entries/")]
        for path in sorted(paths, key=lambda name: name.removesuffix(".p").partition(".p/")[0]):
            rest = bundle.read(path)
            while rest:
                end = 2 + int.from_bytes(rest[:2], "big")
                yield json.loads(rest[2:end])
                rest = rest[end:]
