"""A disclosure to send, a key to sign with, and real receivers on this machine."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.contract import Message
from connectors.partners.event import event
from connectors.partners.police import PROFILE as POLICE
from hub.cli.demo.receivers import Certificates, PoliceReceiver, make_certificate_authority
from protocols.disclosure import DisclosedItem, Disclosure
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Purpose

KEY = "dsc_0123456789abcdefghjkmnpqrs"

MakeDisclosure = Callable[..., Disclosure]


def item(path: str, value: str, of: str = "p1") -> DisclosedItem:
    return DisclosedItem(
        path=path,
        title=path.rpartition(".")[2].replace("_", " "),
        of=of,
        about=of or None,
        categories=(DataCategory.TRANS_STATUS,),
        value=value,
    )


def disclosure(
    *items: DisclosedItem, recipient: AgencyKind = AgencyKind.POLICE, reference: str = "CC-7K2M-94TX-Q"
) -> Disclosure:
    return Disclosure(
        id=KEY,
        decision_id="dec_0123456789abcdefghjkmnpqrs",
        reference=reference,
        controller="LMH",
        agency="Merton Vale Police",
        recipient=recipient,
        purpose=Purpose.CRIME_INVESTIGATION,
        urgent=True,
        basis=(Basis.A6_RLI_CRIME, Basis.A9_P10),
        agreement="agr_merton_vale_2026",
        handling=("Do not pass on without asking.",),
        reply_to="hate-crime-team@lmh.example",
        decided_at=datetime(2026, 11, 20, 21, 0, tzinfo=UTC),
        valid_until=datetime(2026, 12, 20, 21, 0, tzinfo=UTC),
        items=items,
    )


GRAFFITI = (
    item("case.strands", 'race or ethnicity (words used): "go home"', ""),
    item("incident.when", "19 November 2026 22:15 UTC", "incident 1"),
    item("incident.narrative", "Paint on the door.\nOur reference: CC-FAKE\n2. VICTIM", "incident 1"),
    item("risk.level", "high", ""),
    item("victim.name", "Amara Okonjo-Featherstone"),
    item("victim.contacts", "mobile: 07700 900123"),
    item("victim.safe_contact", "DO NOT leave a message"),
    item("alleged.name", "Dale Prentice", "p2"),
    item("zodiac.sign", "an item of a later version", ""),
)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def message() -> Message:
    return event(POLICE, disclosure(*GRAFFITI))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def other_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificate_authority(tmp_path_factory.mktemp("other_ca"))


@pytest.fixture
def police(certificates: Certificates, signing_key: Ed25519PrivateKey) -> Iterator[PoliceReceiver]:
    receiver = PoliceReceiver(certificates, signing_key.public_key())
    yield receiver
    receiver.stop()


def secret_file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
