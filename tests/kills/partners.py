"""Partners as real servers, each with a ledger on disk of what reached it, when, and what it answered.

A partner that notices copies does so by the id that the sender gives; the helpline's mail server does not.
"""

import hashlib
import json
import re
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Final

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.cli.demo.receivers import (
    Certificates,
    PoliceReceiver,
    SocialServicesReceiver,
    StopHateReceiver,
    make_certificate_authority,
)
from tests.cases import KINDS
from tests.hubs import PARTNERS

_DISCLOSURE = re.compile(r"dsc_[0-9a-z]{26}")
AGENCIES: Final = ("agy_police", "agy_advice", "agy_social", "agy_helpline", "agy_jag", "agy_fire")


class Ledger:
    """What one partner writes down, a line for each arrival, and the bytes beside it."""

    def __init__(self, folder: Path, *, notices_copies: bool) -> None:
        """Begin an empty one."""
        (folder / "bodies").mkdir(parents=True)
        (folder / "about.json").write_text(json.dumps({"notices_copies": notices_copies}), encoding="utf-8")
        self._folder = folder
        self._lock = threading.Lock()
        self.seen: set[str] = set()

    def note(self, disclosure: str, body: bytes, answered: str) -> None:
        """Something came, and was answered so."""
        digest = hashlib.sha256(body).hexdigest()
        said = {"at": datetime.now(UTC).isoformat(), "disclosure": disclosure, "sha256": digest, "answered": answered}
        with self._lock, (self._folder / "ledger.jsonl").open("a", encoding="utf-8") as ledger:
            (self._folder / "bodies" / digest).write_bytes(body)
            ledger.write(f"{json.dumps(said)}\n")
            self.seen.add(disclosure)


class _Webhook(PoliceReceiver):
    """An HTTPS door that writes down every arrival."""

    def __init__(self, certificates: Certificates, public_key: Ed25519PublicKey, ledger: Ledger) -> None:
        self._ledger = ledger
        super().__init__(certificates, public_key)

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        status, extra, said = super().answer(headers, body)
        answers = {202: "taken", 200: "copy", 503: "busy"}
        self._ledger.note(headers["webhook-id"], body, answers.get(status, "refused"))
        return status, extra, said


class _Mail(StopHateReceiver):
    """A mail server that writes down every email, and never knows one again."""

    def __init__(self, certificates: Certificates, ledger: Ledger) -> None:
        self._ledger = ledger
        super().__init__(certificates)

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802  # aiosmtpd's
        content: bytes = envelope.content  # type: ignore[attr-defined]
        (attached,) = message_from_bytes(content, policy=default).iter_attachments()
        body = attached.get_payload(decode=True)
        assert isinstance(body, bytes)
        self._ledger.note(_DISCLOSURE.findall(str(attached.get_filename()))[0], body, "taken")
        return "250 taken"


class _Files(list[tuple[str, bytes]]):
    """What the SFTP server says that it took, written down as it says so."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def append(self, taken: tuple[str, bytes]) -> None:
        """One file was given its final name."""
        disclosure = _DISCLOSURE.findall(taken[0])[0]
        self._ledger.note(disclosure, taken[1], "copy" if disclosure in self._ledger.seen else "taken")


class Partners:
    """Police and an advice line (HTTPS), social services (SFTP), a helpline (SMTP), a meeting (packs), and a fire
    service, which fetches for itself (see `tests.kills.load`)."""

    def __init__(self, folder: Path, hub_key: Ed25519PublicKey) -> None:
        """Start all servers; ledgers are under `folder/partners`."""
        self._folder = folder
        self.ledgers = {
            agency: Ledger(folder / "partners" / agency, notices_copies=agency != "agy_helpline") for agency in AGENCIES
        }
        certificates = make_certificate_authority(folder / "certificates")
        self._ca_file = certificates.ca_file
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.police = _Webhook(certificates, hub_key, self.ledgers["agy_police"])
        self.advice = _Webhook(certificates, hub_key, self.ledgers["agy_advice"])
        self._social = SocialServicesReceiver(folder / "inbox", client_key.export_public_key().decode())
        self._social.received = _Files(self.ledgers["agy_social"])
        self._helpline = _Mail(certificates, self.ledgers["agy_helpline"])
        self._out = folder / "out"
        (folder / "host_key.pub").write_text(self._social.host_key)
        (folder / "client_key").write_bytes(client_key.export_private_key())
        (folder / "client_key").chmod(0o600)

    def stop(self) -> None:
        """Stop all servers; the ledgers stay."""
        for receiver in (self.police, self.advice, self._social, self._helpline):
            receiver.stop()

    def carry_packs(self) -> None:
        """Somebody takes every pack that lies there to the meeting; a pack that is still being written is not there."""
        for pack in sorted(self._out.glob("[!.]*")) if self._out.exists() else []:
            disclosure = _DISCLOSURE.findall(pack.name)[0]
            if disclosure not in self.ledgers["agy_jag"].seen:
                self.ledgers["agy_jag"].note(disclosure, pack.read_bytes(), "taken")

    def toml(self) -> str:
        """The hub's `partners.toml`."""
        webhook = 'transport = "webhook"\nsettings = {{ url = "{}", ca_file = "{}", timeout = 4 }}'
        doors = {
            "agy_police": webhook.format(self.police.address, self._ca_file),
            "agy_advice": webhook.format(self.advice.address, self._ca_file),
            "agy_social": f'transport = "sftp"\nsettings = {{ host = "{self._social.host}", '
            f'port = {self._social.port}, username = "concordat", host_key_file = "{self._folder / "host_key.pub"}", '
            f'client_key_file = "{self._folder / "client_key"}", timeout = 4 }}',
            "agy_helpline": f'transport = "secure_email"\nsettings = {{ host = "{self._helpline.host}", '
            f'port = {self._helpline.port}, sender = "hub@homes.harbour.example", '
            f'recipient = "cases@helpline.example", ca_file = "{self._ca_file}", timeout = 4 }}',
            "agy_jag": f'transport = "carried"\nsettings = {{ folder = "{self._out}" }}',
            "agy_fire": 'transport = "collection"',
        }
        return "\n".join(
            f'[agencies.{agency}]\nkind = "{KINDS[agency]}"\nname = "{agency} example"\n'
            f'partner = "{PARTNERS[agency]}"\n{door}\n'
            for agency, door in doors.items()
        )
