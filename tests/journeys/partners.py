"""The partners of a hub under test, as real servers on this machine, and what each has in its hands."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from connectors.kit.decode import everything_said
from hub.cli.demo.receivers import (
    PoliceReceiver,
    SocialServicesReceiver,
    StopHateReceiver,
    make_certificate_authority,
)
from tests.cases import KINDS
from tests.hubs import PARTNERS

MAIL_NAME = "hub.concordat.example"
"""The hub's default name, which ends each Message-ID."""

_DISCLOSURE = re.compile(r"dsc_[0-9a-z]{26}")


class Partners:
    """Police and an advice line (HTTPS), a force that refuses all, social services (SFTP), a helpline (SMTP with
    STARTTLS), a meeting (a folder of packs), and a fire service that collects."""

    def __init__(self, folder: Path, hub_key: Ed25519PublicKey) -> None:
        """Start all servers; `hub_key` is what the hub signs with."""
        self._folder = folder
        certificates = make_certificate_authority(folder / "certificates")
        self._ca_file = certificates.ca_file
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        self.police = PoliceReceiver(certificates, hub_key)
        self.advice = PoliceReceiver(certificates, hub_key)
        # It pins a key that is not the hub's, so it answers every message 401.
        self.refusing = PoliceReceiver(certificates, Ed25519PrivateKey.generate().public_key())
        self.social = SocialServicesReceiver(folder / "inbox", client_key.export_public_key().decode())
        self.helpline = StopHateReceiver(certificates)
        self.out = folder / "out"
        (folder / "host_key.pub").write_text(self.social.host_key)
        (folder / "client_key").write_bytes(client_key.export_private_key())
        (folder / "client_key").chmod(0o600)

    def stop(self) -> None:
        """Stop all servers."""
        for receiver in (self.police, self.advice, self.refusing, self.social, self.helpline):
            receiver.stop()

    def toml(self) -> str:
        """The hub's `partners.toml`."""
        webhook = 'transport = "webhook"\nsettings = {{ url = "{}", ca_file = "{}", timeout = 4 }}'
        doors = {
            "agy_police": webhook.format(self.police.address, self._ca_file),
            "agy_advice": webhook.format(self.advice.address, self._ca_file),
            "agy_refusing": webhook.format(self.refusing.address, self._ca_file),
            "agy_social": f'transport = "sftp"\nsettings = {{ host = "{self.social.host}", port = {self.social.port}, '
            f'username = "concordat", host_key_file = "{self._folder / "host_key.pub"}", '
            f'client_key_file = "{self._folder / "client_key"}", timeout = 4 }}',
            "agy_helpline": f'transport = "secure_email"\nsettings = {{ host = "{self.helpline.host}", '
            f'port = {self.helpline.port}, sender = "hub@homes.harbour.example", recipient = "cases@helpline.example", '
            f'ca_file = "{self._ca_file}", timeout = 4 }}',
            "agy_jag": f'transport = "carried"\nsettings = {{ folder = "{self.out}" }}',
            "agy_fire": 'transport = "collection"',
        }
        return "\n".join(
            f'[agencies.{agency}]\nkind = "{KINDS[agency]}"\nname = "{agency} example"\n'
            f'partner = "{PARTNERS[agency]}"\n{door}\n'
            for agency, door in doors.items()
        )

    def ledger(self, agency: str) -> Counter[str]:
        """How often a partner took each disclosure, by the id that the message itself names."""
        return Counter(_DISCLOSURE.findall(everything_said(body))[0] for body in self._bodies(agency))

    def told(self, agency: str, disclosure_id: str) -> str:
        """All that a partner was told in one disclosure, with every wrapping off."""
        (said,) = (text for text in map(everything_said, self._bodies(agency)) if disclosure_id in text)
        return said

    def told_items(self, agency: str, disclosure_id: str) -> set[tuple[str, str, str]]:
        """Path, person and value of each item in an event that a machine was sent."""
        (body,) = (body for body in self._bodies(agency) if disclosure_id.encode() in body)
        sections = json.loads(body)["data"]["sections"]
        return {(item["path"], item["of"], item["value"]) for section in sections for item in section["items"]}

    def emails_of(self, disclosure_id: str) -> int:
        """How many emails of one disclosure the helpline's server took, by Message-ID."""
        expected = f"<{hashlib.sha256(disclosure_id.encode()).hexdigest()[:32]}@{MAIL_NAME}>"
        return sum(message_id == expected for message_id, _ in list(self.helpline.received))

    def _bodies(self, agency: str) -> list[bytes]:
        if agency == "agy_jag":
            return [path.read_bytes() for path in self.out.glob("[!.]*")] if self.out.exists() else []
        receivers: dict[str, PoliceReceiver | SocialServicesReceiver | StopHateReceiver] = {
            "agy_police": self.police, "agy_advice": self.advice, "agy_refusing": self.refusing,
            "agy_social": self.social, "agy_helpline": self.helpline,
        }  # fmt: skip
        return [body for _, body in list(receivers[agency].received)]
