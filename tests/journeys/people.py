"""The people of a landlord and its partners, who know the hub by its HTTP API alone."""

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner

from hub.access import totp
from hub.access.roles import AuthoriserKind
from hub.cli import main
from hub.ids import Prefix, new_id
from tests.cases import IN_FORCE, Case
from tests.journeys.backends import Backend
from tests.journeys.partners import Partners
from tests.journeys.waiting import until
from tests.members import PASSWORD, key_in

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


class Member(Person):
    """Somebody who joined by an invitation, signs in with a password and an app, and proves anew when asked."""

    def __init__(self, backend: Backend, client: httpx.Client, invitation: str, name: str) -> None:
        """Join by the invitation."""
        super().__init__(backend, client, None)
        joined = self._send("POST", "/v1/sign-in/enrol", {"invitation": invitation, "name": name, "password": PASSWORD})
        assert joined.status_code == 201, joined.text
        self.id, self._name = joined.json()["person"], name
        self._key, self._step = key_in(joined.json()["otpauth_uri"]), 0

    def sign_in(self) -> "Member":
        """Sign in, as is needed once a colleague has confirmed who they are."""
        said = {"name": self._name, "password": PASSWORD, "code": self._code()}
        answer = self._send("POST", "/v1/sign-in/password", said)
        assert answer.status_code == 200, answer.text
        self._token = answer.json()["token"]
        return self

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request, repeated after a proof of who they are where the hub wants one."""
        answer = self._send(method, path, body, **headers)
        if answer.status_code != 403 or answer.json()["title"] != "STEP_UP_NEEDED":
            return answer
        proved = self._send("POST", "/v1/session/proof", {"code": self._code()})
        assert proved.status_code == 200, proved.text
        self._token = proved.json()["token"]
        return self._send(method, path, body, **headers)

    def _send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        return super().ask(method, path, body, **headers)

    def _code(self) -> str:
        """A code that was not used: the app's, or its next one, which the hub takes early."""
        self._step = max(self._step + 1, int(time.time()) // totp.STEP_SECONDS)
        until(lambda: self._step <= time.time() // totp.STEP_SECONDS + 1, "the app shows another code", 60)
        return totp.code_at(self._key, datetime.fromtimestamp(0, UTC) + timedelta(seconds=self._step * 30))


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
        assessed = self.administrator.ask(
            "POST", "/v1/landlords/LMH/documents",
            {"kind": "data_protection_impact_assessment", "review_by": "2089-12-31T00:00:00Z"},
        )  # fmt: skip
        assert assessed.status_code == 201, assessed.text
        self._approve_agreements()
        kinds = [kind.value for kind in AuthoriserKind]
        self.dpo = self._member(self._command("invite", "dpo", "--landlord", "LMH"), "dpo").sign_in()
        self.officer = self._confirmed("officer")
        self.authoriser = self._confirmed("authoriser", kinds=kinds)
        said = [word for kind in kinds for word in ("--kind", kind)]
        self.author_as_authoriser = self.signed_in(
            self._command("token", "authoriser", "--landlord", "LMH", "--person", self.officer.id, *said)
        )
        self.police = self._partner("agy_police")
        self.fire = self._partner("agy_fire")

    def _approve_agreements(self) -> None:
        """On the hub's own machine, for two people: the agreements are files there."""
        people = ["--person", new_id(Prefix.PERSON), "--person", new_id(Prefix.PERSON)]
        self._command("agreements", "approve", *IN_FORCE, "--landlord", "LMH", *people)

    def _command(self, *words: str) -> str:
        """Run a command on the hub's own machine, in this process; returns what it prints."""
        here = {
            "CONCORDAT_DATA_DIR": str(self.backend.data), "CONCORDAT_KEYS_DIR": str(self.backend.keys),
            "CONCORDAT_DATABASE_URL": self.backend.database_url,
        }  # fmt: skip
        told = CliRunner().invoke(main, words, env=here)
        assert told.exit_code == 0, told.output
        return told.stdout.strip()

    def _confirmed(self, role: str, **more: object) -> Member:
        """Somebody whom the administrator invited and the DPO confirmed, signed in."""
        made = self.administrator.ask("POST", "/v1/people", {"role": role, "landlord": "LMH", **more})
        assert made.status_code == 201, made.text
        member = self._member(made.json()["invitation"], role)
        confirmed = self.dpo.ask("POST", f"/v1/people/{member.id}/confirm")
        assert confirmed.status_code == 204, confirmed.text
        return member.sign_in()

    def _member(self, invitation: str, role: str) -> Member:
        return Member(self.backend, self._client, invitation, f"{role}@homes.example")

    def _partner(self, agency: str) -> Person:
        """Whoever has the token that the administrator made and the DPO confirmed."""
        made = self.administrator.ask("POST", "/v1/credentials", {"role": "partner", "agency": agency})
        assert made.status_code == 201, made.text
        confirmed = self.dpo.ask("POST", f"/v1/credentials/{made.json()['id']}/confirmation")
        assert confirmed.status_code == 204, confirmed.text
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
