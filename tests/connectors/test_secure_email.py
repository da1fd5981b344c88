from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.contract import DeliveryProblem, Message, Refused, Rung, TryLater, Unsure
from connectors.transports.secure_email import SecureEmail, SecureEmailSettings
from hub.cli.demo.receivers import Certificates, StopHateReceiver
from tests.connectors.conftest import KEY
from tests.connectors.servers import script_server, tls_script_server

GREETING, HELLO, OK = b"220 relay.example ESMTP\r\n", b"250 relay.example\r\n", b"250 ok\r\n"


@pytest.fixture
def charity(certificates: Certificates) -> Iterator[StopHateReceiver]:
    receiver = StopHateReceiver(certificates)
    yield receiver
    receiver.stop()


def door(port: int, certificates: Certificates, **settings: object) -> SecureEmail:
    return SecureEmail(
        SecureEmailSettings.model_validate(
            {
                "host": "127.0.0.1", "port": port,
                "sender": "hub@lmh.example", "recipient": "referrals@charity.example",
                "ca_file": certificates.ca_file, "timeout": 10,
            }
            | settings
        ),
        "hub.lmh.example",
    )  # fmt: skip


def test_a_charity_that_requires_tls_takes_the_disclosure_whole(
    charity: StopHateReceiver, certificates: Certificates, message: Message, now: datetime
) -> None:
    receipt = door(charity.port, certificates).deliver(message, KEY, now)
    assert receipt.rung is Rung.ACCEPTED
    ((message_id, content),) = charity.received
    email = message_from_bytes(content, policy=default)
    (attachment,) = email.iter_attachments()
    assert attachment.get_payload(decode=True) == message.body
    assert attachment.get_filename() == message.filename
    assert email["Subject"] == message.subject == "Disclosure CC-7K2M-94TX-Q"
    assert message_id in receipt.evidence


def test_every_attempt_of_one_disclosure_has_the_same_message_id_and_no_other_has_it(
    charity: StopHateReceiver, certificates: Certificates, message: Message, now: datetime
) -> None:
    for key in (KEY, KEY, "dsc_another"):
        door(charity.port, certificates).deliver(message, key, now)
    first, second, third = (message_id for message_id, _ in charity.received)
    assert first == second != third


def test_where_tls_is_not_offered_nothing_of_the_case_or_the_people_is_said(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    with script_server(GREETING, HELLO, OK, OK, OK) as relay:
        with pytest.raises(Refused) as refused:
            door(relay.port, certificates).deliver(message, KEY, now)
        assert relay.bytes_heard == b"ehlo hub.lmh.example\r\n"
    assert refused.value.code == "tls_not_offered"


def test_where_tls_is_offered_and_then_declined_nothing_is_said(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    offer = b"250-relay.example\r\n250 STARTTLS\r\n"
    with script_server(GREETING, offer, b"502 not now\r\n", OK) as relay:
        with pytest.raises(Refused) as refused:
            door(relay.port, certificates).deliver(message, KEY, now)
        assert relay.bytes_heard == b"ehlo hub.lmh.example\r\nSTARTTLS\r\n"
    assert refused.value.code == "smtp_502"


def test_a_relay_with_a_certificate_of_another_authority_is_not_spoken_to(
    charity: StopHateReceiver, other_certificates: Certificates, message: Message, now: datetime
) -> None:
    with pytest.raises(TryLater) as later:
        door(charity.port, other_certificates).deliver(message, KEY, now)
    assert later.value.code == "peer_not_proven"
    assert charity.received == []


def test_nobody_listening_means_nothing_left(
    charity: StopHateReceiver, certificates: Certificates, message: Message, now: datetime
) -> None:
    charity.stop()
    with pytest.raises(TryLater) as later:
        door(charity.port, certificates).deliver(message, KEY, now)
    assert later.value.code == "no_connection"


@pytest.mark.parametrize(
    ("lines", "kind", "code"),
    [
        ((OK, b"451 later\r\n"), TryLater, "smtp_451"),
        ((b"452 full\r\n",), TryLater, "smtp_452"),
        ((OK, b"550 unknown\r\n"), Refused, "smtp_550"),
        ((OK, OK, b"554 no\r\n"), Refused, "smtp_554"),
        ((OK, OK, b"354 go\r\n", b"451 later\r\n"), TryLater, "smtp_451"),
        ((OK, OK, b"354 go\r\n", b"552 too big\r\n"), Refused, "smtp_552"),
        ((OK,), TryLater, "no_connection"),
        ((OK, b"199 what\r\n"), TryLater, "smtp_reply_unknown"),
        ((OK, OK, b"354 go\r\n"), Unsure, "no_answer"),
        ((OK, OK, b"354 go\r\n", b"199 what\r\n"), Unsure, "smtp_reply_unknown"),
    ],
    ids=[
        "rcpt 4xx",
        "mail 4xx",
        "rcpt 5xx",
        "data 5xx",
        "end 4xx",
        "end 5xx",
        "cut before",
        "odd before",
        "cut after",
        "odd",
    ],
)
def test_what_a_relay_says_or_fails_to_say_decides_whether_trying_again_is_safe(
    lines: tuple[bytes, ...],
    kind: type[DeliveryProblem],
    code: str,
    certificates: Certificates,
    message: Message,
    now: datetime,
) -> None:
    with tls_script_server(certificates, GREETING, HELLO, *lines) as relay, pytest.raises(kind) as problem:
        door(relay.port, certificates, security="tls").deliver(message, KEY, now)
    assert problem.value.code == code


def test_an_email_that_was_taken_stays_taken_though_the_relay_hangs_up(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    with tls_script_server(certificates, GREETING, HELLO, OK, OK, b"354 go\r\n", OK) as relay:
        receipt = door(relay.port, certificates, security="tls").deliver(message, KEY, now)
    assert receipt.rung is Rung.ACCEPTED


def test_a_relay_that_refuses_our_sign_in_is_not_tried_again_and_the_password_is_shown_nowhere(
    tmp_path: Path, certificates: Certificates, message: Message, now: datetime
) -> None:
    (tmp_path / "password").write_text("hunter2-hunter2")
    hello = b"250-relay.example\r\n250 AUTH PLAIN\r\n"
    with tls_script_server(certificates, GREETING, hello, b"535 no\r\n", OK) as relay:
        carrier = door(relay.port, certificates, security="tls", username="hub", password_file=tmp_path / "password")
        with pytest.raises(Refused) as refused:
            carrier.deliver(message, KEY, now)
        assert b"MAIL" not in bytes(relay.bytes_heard).upper()
    assert refused.value.code == "smtp_535"
    assert "hunter2" not in repr(vars(carrier)) + str(refused.value)


def test_a_check_proves_the_relay_and_says_nothing_of_a_case(
    charity: StopHateReceiver, certificates: Certificates, other_certificates: Certificates
) -> None:
    assert door(charity.port, certificates).check().proven == ("the relay's certificate and name",)
    assert door(charity.port, other_certificates).check().proven == ()
    assert charity.received == []


def test_a_password_that_cannot_be_said_is_refused_before_anything_is_sent(
    tmp_path: Path, certificates: Certificates, message: Message, now: datetime
) -> None:
    (tmp_path / "password").write_text("pässwort")
    with tls_script_server(certificates, GREETING, b"250-relay.example\r\n250 AUTH PLAIN\r\n", OK) as relay:
        carrier = door(relay.port, certificates, security="tls", username="hub", password_file=tmp_path / "password")
        with pytest.raises(Refused) as refused:
            carrier.deliver(message, KEY, now)
    assert refused.value.code == "sign_in_not_ascii"


@pytest.mark.parametrize("host", ["a..b", "-a.example", "a b", "", "x" * 64 + ".example", "é.example", "a.example/"])
def test_a_host_that_is_no_host_is_refused_in_settings(host: str) -> None:
    with pytest.raises(ValidationError):
        SecureEmailSettings(host=host, sender="hub@lmh.example", recipient="in@agency.example")


@pytest.mark.parametrize("mailbox", ["a@b.example\r\nBcc: c@d.example", "two@a.example, two@b.example", "nobody", ""])
def test_a_mailbox_that_is_more_or_less_than_one_address_is_refused_in_settings(mailbox: str) -> None:
    with pytest.raises(ValidationError):
        SecureEmailSettings(host="relay.example", sender="hub@lmh.example", recipient=mailbox)
