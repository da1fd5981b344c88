import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.contract import Check, Connector, Message, Receipt, Rung, TryLater
from connectors.kit.canaries import PATHS, canary, disclosure_with_canaries
from connectors.kit.checks import (
    Nonconformity,
    check_connector,
    check_minimisation,
    check_silent_without_tls,
    check_told,
)
from connectors.kit.decode import everything_said
from connectors.registry import PARTNERS, WAYS, AgencyDoor, build
from connectors.transports.secure_email import SecureEmail, SecureEmailSettings
from hub.cli.demo.receivers import Certificates, PoliceReceiver, StopHateReceiver
from protocols.disclosure import Disclosure
from protocols.vocabulary import AgencyKind
from tests.connectors.conftest import KEY

SETTINGS: dict[str, dict[str, object]] = {
    "carried": {"folder": "/outgoing"},
    "collection": {},
    "secure_email": {"host": "relay.example", "sender": "hub@lmh.example", "recipient": "in@agency.example"},
    "sftp": {"host": "sftp.example", "username": "u", "host_key_file": "/k.pub", "client_key_file": "/k"},
    "webhook": {"url": "https://agency.example/"},
}


def connector(partner: str, transport: str, settings: dict[str, object] | None = None) -> Connector:
    kind = min(kind for profile in PARTNERS[partner] for kind in profile.recipients)
    door = AgencyDoor(
        kind=kind, name="Agency", partner=partner, transport=transport, settings=settings or SETTINGS[transport]
    )
    return build({"agy_one": door}, Ed25519PrivateKey.generate(), "hub.lmh.example")["agy_one"]


@pytest.mark.parametrize("partner", [partner for partner in PARTNERS if partner != "plain"])
@pytest.mark.parametrize("transport", WAYS)
def test_every_built_in_connector_passes_the_kit(partner: str, transport: str) -> None:
    check_connector(connector(partner, transport))


def test_the_fallback_passes_for_paper_and_for_machines() -> None:
    for transport in ("carried", "webhook"):
        for kind in (AgencyKind.CORONER, AgencyKind.PRESS):
            check_minimisation(connector("plain", transport), disclosure_with_canaries(kind))


def spoilt(change: Callable[[Message, Disclosure], Message]) -> Connector:
    good = connector("police", "webhook")
    return replace(good, render=lambda disclosure: change(good.render(disclosure), disclosure))


def told_too_much(message: Message, _: Disclosure) -> Message:
    return replace(message, body=message.body + canary("witness.name").token.encode())


def told_too_little(message: Message, _: Disclosure) -> Message:
    return replace(message, body=b"{}")


def hidden_path(message: Message, _: Disclosure) -> Message:
    return replace(message, paths=frozenset())


def named_after_the_victim(message: Message, disclosure: Disclosure) -> Message:
    return replace(message, filename=f"{disclosure.items[0].value}.json")


def subject_with_the_story(message: Message, disclosure: Disclosure) -> Message:
    return replace(message, subject=disclosure.items[0].value)


def never_twice_the_same(message: Message, _: Disclosure) -> Message:
    return replace(message, body=message.body + str(id(object())).encode() + str(next(COUNT)).encode())


COUNT = iter(range(10_000))


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (told_too_much, "K05"),
        (told_too_little, "K05"),
        (hidden_path, "K05"),
        (named_after_the_victim, "K05"),
        (subject_with_the_story, "K05"),
        (never_twice_the_same, "K04"),
    ],
)
def test_the_kit_fails_a_connector_that_leaks_drops_or_varies(
    change: Callable[[Message, Disclosure], Message], number: str
) -> None:
    with pytest.raises(Nonconformity, match=number):
        check_connector(spoilt(change))


def test_the_police_receive_exactly_what_was_disclosed(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    door = AgencyDoor(
        kind=AgencyKind.POLICE, name="Police", partner="police", transport="webhook",
        settings={"url": police.address, "ca_file": str(certificates.ca_file)},
    )  # fmt: skip
    built = build({"agy_police": door}, signing_key, "hub.lmh.example")["agy_police"]
    disclosure = disclosure_with_canaries(AgencyKind.POLICE, ("victim.name", "incident.narrative"))
    built.transport.deliver(built.render(disclosure), KEY, now)
    check_told(police.received[0][1], disclosure)


def test_a_charity_receives_exactly_what_was_disclosed_and_its_email_hides_nothing_from_the_check(
    certificates: Certificates, now: datetime
) -> None:
    charity = StopHateReceiver(certificates)
    try:
        settings: dict[str, object] = {"host": charity.host, "port": charity.port, "ca_file": str(certificates.ca_file)}
        built = connector("stop_hate_uk", "secure_email", SETTINGS["secure_email"] | settings)
        disclosure = disclosure_with_canaries(AgencyKind.STOP_HATE_UK)
        built.transport.deliver(built.render(disclosure), KEY, now)
    finally:
        charity.stop()
    ((_, captured),) = charity.received
    assert [path for path in PATHS if canary(path).token.encode() in captured] == []
    check_told(captured, disclosure)
    with pytest.raises(Nonconformity, match="told but not disclosed"):
        check_told(captured, disclosure_with_canaries(AgencyKind.STOP_HATE_UK, PATHS[1:]))


def test_secure_email_is_silent_where_no_tls_is_offered(certificates: Certificates) -> None:
    def make(host: str, port: int) -> SecureEmail:
        return SecureEmail(
            SecureEmailSettings(
                host=host, port=port, sender="hub@lmh.example", recipient="in@agency.example",
                ca_file=certificates.ca_file, timeout=10,
            ),
            "hub.lmh.example",
        )  # fmt: skip

    message = connector("stop_hate_uk", "secure_email").render(disclosure_with_canaries(AgencyKind.STOP_HATE_UK))
    check_silent_without_tls(make, message)


class TalksInClear:
    """A transport that does what none may: says the message to whoever listens."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = socket.create_connection((host, port), timeout=10)

    def check(self) -> Check:
        return Check((), ())

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        with self._connection:
            self._connection.sendall(message.body)
        if idempotency_key:
            raise TryLater("later", "after all was said")
        return Receipt(Rung.ACCEPTED, at, "")


def test_the_kit_fails_a_transport_that_talks_in_clear() -> None:
    message = connector("police", "webhook").render(disclosure_with_canaries(AgencyKind.POLICE))
    with pytest.raises(Nonconformity, match="K08: something of the disclosure"):
        check_silent_without_tls(TalksInClear, message)


@pytest.mark.parametrize(
    "wrapped",
    [
        b'{"a": {"b": ["\\u0041bc\\u002ddef"]}}',
        b"<p>Abc&#45;def</p>",
        b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nQWJjLWRlZg==\r\n",
        (
            b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            b"Abc=2Dd=\r\nef\r\n"
        ),
        b"MIME-Version: 1.0\r\nSubject: =?utf-8?b?QWJjLWRlZg==?=\r\n\r\nbody\r\n",
        (
            b"MIME-Version: 1.0\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"eyJhIjogIlx1MDA0MWJjLWRlZiJ9\r\n"
        ),
    ],
    ids=["json escapes", "html entities", "base64", "quoted-printable", "encoded word", "json in base64"],
)
def test_a_wrapping_does_not_hide_a_token_from_the_kit(wrapped: bytes) -> None:
    assert b"Abc-def" not in wrapped
    assert "Abc-def" in everything_said(wrapped)


def test_a_folder_of_the_kit_is_never_written(tmp_path: Path) -> None:
    check_connector(connector("jag_citysafe", "carried", {"folder": str(tmp_path / "outgoing")}))
    assert list(tmp_path.iterdir()) == []
