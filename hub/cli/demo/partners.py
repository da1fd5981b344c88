"""The agencies of the demonstration: four real ways to receive, their settings for the hub, and their own ledgers."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import asyncssh
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.cli.demo.arrivals import Arrival, read_email, read_event, read_paper
from hub.cli.demo.certificates import make_certificate_authority, write_private
from hub.cli.demo.receivers import PoliceReceiver, SocialServicesReceiver, StopHateReceiver
from hub.keys import open_keys

POLICE, CHILDREN, ADULTS = "agy_harbour_police", "agy_harbour_children", "agy_harbour_adults"
STOP_HATE, JAG, FIRE = "agy_stop_hate_uk", "agy_harbour_jag", "agy_harbour_fire"
SUPPORT, RECOVERY = "agy_harbour_support", "agy_harbour_recovery"
HOUSING, QUAYSIDE, REPORTER = "agy_harbour_housing", "agy_quayside_homes", "agy_community_reporter"


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency: its kind, its name, the profile in which it is spoken to, and the way in."""

    kind: str
    name: str
    partner: str
    transport: str


AGENCIES = {
    POLICE: Agency("police", "Harbour Example Police", "police", "webhook"),
    CHILDREN: Agency("social_care_children", "Harbour Example Children's Services", "social_services", "sftp"),
    ADULTS: Agency("social_care_adults", "Harbour Example Adult Social Care", "social_services", "sftp"),
    STOP_HATE: Agency("stop_hate_uk", "Stop Hate UK", "stop_hate_uk", "secure_email"),
    JAG: Agency("jag", "Harbour Example Joint Action Group", "jag_citysafe", "carried"),
    FIRE: Agency("fire", "Harbour Example Fire and Rescue", "fire", "carried"),
    SUPPORT: Agency("support_charity", "Harbour Example Survivor Support", "support_charity", "collection"),
    RECOVERY: Agency("drug_alcohol_charity", "Harbour Example Recovery", "support_charity", "collection"),
    HOUSING: Agency("housing_options", "Harbour Example Housing Options", "housing_options", "carried"),
    QUAYSIDE: Agency("other_landlord", "Quayside Example Homes", "other_landlord", "carried"),
    REPORTER: Agency("third_party_reporter", "Whoever reported for somebody else", "plain", "carried"),
}


class Partners:
    """The agencies, listening. Used as a context: leaving it closes every server."""

    def __init__(self, folder: Path, data: Path) -> None:
        """Make certificates and keys, start the servers, and write the hub's `partners.toml` into `data`."""
        self._folder = folder
        # The hub's keys are made first, as `concordat up` would make them: the police pin the public half.
        signing = open_keys(data / "keys", create=True).signing_public_key()
        certificates = make_certificate_authority(folder / "certificates")
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        write_private(folder / "sftp_client_key", client_key.export_private_key())
        self.police = PoliceReceiver(certificates, Ed25519PublicKey.from_public_bytes(signing))
        self.social_services = SocialServicesReceiver(
            folder / "social_services", client_key.export_public_key().decode("ascii")
        )
        self.stop_hate = StopHateReceiver(certificates)
        self._taken: list[Arrival] = []
        write_private(folder / "sftp_host_key.pub", self.social_services.host_key.encode("ascii"))
        write_private(data / "partners.toml", self._settings(certificates.ca_file).encode())

    def __enter__(self) -> "Partners":
        """Already listening."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every server."""
        self.police.stop()
        self.social_services.stop()
        self.stop_hate.stop()

    def ways(self) -> tuple[str, ...]:
        """How each receives, for people."""
        return (
            f"Police: signed HTTPS webhook, {self.police.address}",
            f"Social services, children and adults: SFTP, {self.social_services.address}",
            f"Stop Hate UK: email under TLS, {self.stop_hate.address}",
            "JAG meeting, fire service, housing options, another landlord: packs that a person carries",
            "Two charities: they read their feed and fetch",
        )

    def collect(self, agency: str, raw: bytes) -> None:
        """Note what an agency fetched from its feed."""
        self._taken.append(read_event(agency, raw))

    def carry(self, agency: str, disclosure: str) -> None:
        """Take a prepared pack out of its folder and to its meeting, as a person would."""
        for path in self._packs(agency):
            if disclosure in path.name:
                self._taken.append(read_paper(agency, path.name, path.read_bytes()))
                path.unlink()

    def _packs(self, agency: str) -> list[Path]:
        return sorted((self._folder / "carried" / agency).glob("[!.]*"))

    def arrivals(self) -> list[Arrival]:
        """Everything that came to anybody, once for each time it came. Packs count once they stand in their folder."""
        return [*self._sent(), *self._carried(), *self._taken]

    def _sent(self) -> Iterator[Arrival]:
        for _, raw in list(self.police.received):
            yield read_event(POLICE, raw)
        for _, raw in list(self.social_services.received):
            yield read_event(str(json.loads(raw)["data"]["header"]["agency"]), raw)
        for _, raw in list(self.stop_hate.received):
            yield read_email(STOP_HATE, raw)

    def _carried(self) -> Iterator[Arrival]:
        for agency in AGENCIES:
            for path in self._packs(agency):
                yield read_paper(agency, path.name, path.read_bytes())

    def _settings(self, ca_file: Path) -> str:
        tables = []
        for agency, said in AGENCIES.items():
            settings = self._way(agency, said.transport, ca_file)
            tables.append(
                f"[agencies.{agency}]\n"
                + "".join(f"{name} = {json.dumps(getattr(said, name))}\n" for name in Agency.__slots__)
                + f"\n[agencies.{agency}.settings]\n"
                + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
            )
        return "\n".join(tables)

    def _way(self, agency: str, transport: str, ca_file: Path) -> dict[str, str | int]:
        match transport:
            case "webhook":
                return {"url": self.police.address, "ca_file": str(ca_file)}
            case "sftp":
                return {
                    "host": self.social_services.host, "port": self.social_services.port, "username": "concordat",
                    "host_key_file": str(self._folder / "sftp_host_key.pub"),
                    "client_key_file": str(self._folder / "sftp_client_key"),
                }  # fmt: skip
            case "secure_email":
                return {
                    "host": self.stop_hate.host, "port": self.stop_hate.port, "ca_file": str(ca_file),
                    "sender": "hub@concordat.example", "recipient": "referrals@stop-hate.example",
                }  # fmt: skip
            case "carried":
                return {"folder": os.fspath(self._folder / "carried" / agency)}
            case _:
                return {}
