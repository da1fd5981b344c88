from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors import registry
from connectors.contract import CONTRACT, Connector, Idempotency, Manifest, Refused, Rung
from connectors.registry import PARTNERS, WAYS, DoorsRefused, build, built_in_manifest, parse_doors
from connectors.transports.collection import Collection
from hub.cli.demo.receivers import Certificates, PoliceReceiver
from protocols.vocabulary import AgencyKind
from tests.connectors.conftest import GRAFFITI, KEY, disclosure

DOORS = """
[agencies.agy_police]
kind = "police"
name = "Merton Vale Police"
partner = "police"
transport = "webhook"
settings = { url = "https://police.example/disclosures", ca_file = "/etc/concordat/police-ca.pem", timeout = 5 }

[agencies.agy_council_children]
kind = "social_care_children"
name = "Merton Vale Council, children"
partner = "social_services"
transport = "sftp"
[agencies.agy_council_children.settings]
host = "sftp.council.example"
username = "concordat"
host_key_file = "/etc/concordat/council-host.pub"
client_key_file = "/etc/concordat/council-client.key"

[agencies.agy_stop_hate]
kind = "stop_hate_uk"
name = "Stop Hate UK"
partner = "stop_hate_uk"
transport = "secure_email"
settings = { host = "relay.example", sender = "hub@lmh.example", recipient = "referrals@charity.example" }

[agencies.agy_jag]
kind = "jag"
name = "Hate Crime JAG"
partner = "jag_citysafe"
transport = "carried"
settings = { folder = "/var/lib/concordat/outgoing" }

[agencies.agy_fire]
kind = "fire"
name = "Merton Vale Fire"
partner = "fire"
transport = "collection"
"""

DOOR = 'kind = "police"\nname = "P"\npartner = "police"\ntransport = "webhook"\n'


def one_door(text: str) -> str:
    return f"[agencies.agy_police]\n{text}"


def test_five_agencies_get_five_doors_and_nothing_is_opened(signing_key: Ed25519PrivateKey) -> None:
    connectors = build(parse_doors(DOORS), signing_key, "hub.lmh.example")
    assert {agency: connector.manifest.id for agency, connector in connectors.items()} == {
        "agy_police": "police.webhook",
        "agy_council_children": "social_services.sftp",
        "agy_stop_hate": "stop_hate_uk.secure_email",
        "agy_jag": "jag_citysafe.carried",
        "agy_fire": "fire.collection",
    }


def test_a_machine_is_sent_an_event_and_a_person_is_handed_paper(signing_key: Ed25519PrivateKey) -> None:
    connectors = build(parse_doors(DOORS), signing_key, "hub.lmh.example")
    media = {
        agency: connectors[agency].render(disclosure(*GRAFFITI, recipient=kind)).media_type
        for agency, kind in (
            ("agy_police", AgencyKind.POLICE),
            ("agy_stop_hate", AgencyKind.STOP_HATE_UK),
            ("agy_jag", AgencyKind.JAG),
        )
    }
    assert media == {
        "agy_police": "application/cloudevents+json; charset=utf-8",
        "agy_stop_hate": "text/plain; charset=utf-8",
        "agy_jag": "text/html; charset=utf-8",
    }


def test_a_disclosure_for_another_kind_of_recipient_is_refused_at_the_door(signing_key: Ed25519PrivateKey) -> None:
    connector = build(parse_doors(DOORS), signing_key, "hub.lmh.example")["agy_police"]
    with pytest.raises(Refused) as refused:
        connector.render(disclosure(*GRAFFITI, recipient=AgencyKind.PRESS))
    assert refused.value.code == "wrong_recipient"


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("transport", WAYS)
def test_every_pair_has_a_manifest_that_claims_no_more_than_its_transport_proves(partner: str, transport: str) -> None:
    manifest = built_in_manifest(partner, transport)
    assert manifest.contract == CONTRACT
    assert manifest.highest_rung <= Rung.TAKEN
    assert manifest.carried_by_a_person == (transport == "carried")
    assert manifest.collected == (transport == "collection")
    assert (manifest.idempotency is Idempotency.NONE) == (transport == "secure_email")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DOOR + 'settings = { url = "http://secret-place.example" }', "agencies.agy_police: settings.url: "),
        (DOOR + 'settings = { url = "https://a.example", pasword = "secret-word" }', "settings.pasword: "),
        (DOOR, "settings.url: Field required"),
        (DOOR + 'settings = { url = "https://a.example", ca_file = "secret-relative.pem" }', "give the full path"),
        (DOOR + 'settings = { url = "https://a.example", timeout = "secret" }', "settings.timeout: "),
        (DOOR + 'secret_key = "secret"', "secret_key: Extra inputs"),
        (DOOR.replace('kind = "police"', 'kind = "secret-kind"'), "agencies.agy_police: kind: "),
        ("", "agencies.agy_police: kind: Field required"),
    ],
)
def test_a_mistake_in_a_door_is_told_by_agency_and_field_and_never_by_value(text: str, says: str) -> None:
    with pytest.raises(DoorsRefused) as refused:
        parse_doors(one_door(text))
    assert says in str(refused.value)
    assert "agy_police" in str(refused.value)
    for value in ("secret-place", "secret-word", "secret-relative", "secret-kind"):
        assert value not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[agencies]", "agencies = 3", "[agencies", '["agencies"."Police Station"]\n'])
def test_a_text_without_usable_doors_is_refused(text: str) -> None:
    with pytest.raises(DoorsRefused):
        parse_doors(text)


@pytest.mark.parametrize(
    ("replaced", "by", "says"),
    [
        ('partner = "police"', 'partner = "polite"', "partner: none of that name"),
        ('transport = "webhook"', 'transport = "pigeon"', "transport: none of that name"),
        ('kind = "police"', 'kind = "press"', "kind: the partner profile does not speak"),
    ],
)
def test_a_door_that_leads_nowhere_is_refused(
    replaced: str, by: str, says: str, signing_key: Ed25519PrivateKey
) -> None:
    text = one_door(DOOR.replace(replaced, by) + 'settings = { url = "https://a.example" }')
    with pytest.raises(DoorsRefused, match=says):
        build(parse_doors(text), signing_key, "hub.lmh.example")


def test_the_fallback_speaks_to_any_kind(tmp_path: Path, signing_key: Ed25519PrivateKey) -> None:
    text = one_door(DOOR).replace(
        'partner = "police"\ntransport = "webhook"', 'partner = "plain"\ntransport = "carried"'
    )
    doors = parse_doors(text.replace('kind = "police"', 'kind = "coroner"') + f'settings = {{ folder = "{tmp_path}" }}')
    assert build(doors, signing_key, "hub")["agy_police"].manifest.id == "plain.carried"


@pytest.mark.parametrize("hub_name", ["Merton Vale Homes: café", "", "hub.lmh.example", "a\r\nb: c"])
def test_whatever_the_hub_is_called_it_can_greet_a_partner(
    hub_name: str, police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    settings = f'settings = {{ url = "{police.address}", ca_file = "{certificates.ca_file}" }}'
    connector = build(parse_doors(one_door(DOOR + settings)), signing_key, hub_name)["agy_police"]
    assert connector.transport.deliver(connector.render(disclosure(*GRAFFITI)), KEY, now).rung is Rung.ACCEPTED


class Brought:
    """A connector of somebody else's, as its entry point would yield it."""

    manifest = Manifest(
        "pigeon", "2", CONTRACT, frozenset({AgencyKind.POLICE}), Rung.HANDED_OVER, Idempotency.NONE, 100
    )

    def build(self, settings: Mapping[str, object]) -> Connector:
        if "loft" not in settings:
            raise ValueError("loft: missing")
        return Connector(self.manifest, lambda _: pytest.fail("nothing is rendered when a hub starts"), Collection())


class BroughtForAnotherContract(Brought):
    manifest = Manifest(
        "pigeon", "2", CONTRACT + 1, frozenset({AgencyKind.POLICE}), Rung.HANDED_OVER, Idempotency.NONE, 100
    )


BROUGHT, FOR_ANOTHER_CONTRACT, NOT_A_CONNECTOR = Brought(), BroughtForAnotherContract(), object()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Entry points that a distribution would advertise: name to attribute of this module."""
    advertised: dict[str, str] = {}

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, f"{__name__}:{what}", group) for name, what in advertised.items()]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return advertised


PIGEON = one_door('kind = "police"\nname = "P"\npartner = "pigeon"\ntransport = "own"\nsettings = { loft = 1 }\n')


def test_an_installed_connector_is_found_by_its_entry_point(
    installed: dict[str, str], signing_key: Ed25519PrivateKey
) -> None:
    installed["pigeon"] = "BROUGHT"
    assert build(parse_doors(PIGEON), signing_key, "hub")["agy_police"].manifest.id == "pigeon"


@pytest.mark.parametrize(
    ("what", "door", "says"),
    [
        ("FOR_ANOTHER_CONTRACT", PIGEON, "contract 2; this hub keeps contract 1"),
        ("NOT_A_CONNECTOR", PIGEON, "offers no manifest and build"),
        ("MISSING", PIGEON, "cannot be loaded"),
        ("BROUGHT", PIGEON.replace("loft", "attic"), "agencies.agy_police: settings: loft: missing"),
        ("BROUGHT", PIGEON.replace('"own"', '"webhook"').replace("loft = 1", 'url = "https://a.example"'), '"own"'),
        ("BROUGHT", PIGEON.replace('"police"', '"press"'), "kind: the connector does not speak"),
    ],
)
def test_an_installed_connector_that_does_not_fit_is_refused_clearly(
    what: str, door: str, says: str, installed: dict[str, str], signing_key: Ed25519PrivateKey
) -> None:
    installed["pigeon"] = what
    with pytest.raises(DoorsRefused, match=says):
        build(parse_doors(door), signing_key, "hub")


def test_an_installed_connector_cannot_take_the_name_of_a_built_in_one(
    installed: dict[str, str], signing_key: Ed25519PrivateKey
) -> None:
    installed["police"] = "BROUGHT"
    with pytest.raises(DoorsRefused, match="two connectors are called police"):
        build(parse_doors(DOORS), signing_key, "hub")
