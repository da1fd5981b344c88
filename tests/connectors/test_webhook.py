import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from connectors.contract import DeliveryProblem, Message, Refused, Rung, TryLater, Unsure
from connectors.transports.webhook import MAX_ANSWER_BYTES, Webhook, WebhookSettings
from hub.cli.demo.receivers import Certificates, PoliceReceiver
from tests.connectors.conftest import KEY, secret_file
from tests.connectors.servers import https_server


def door(
    url: str, certificates: Certificates, key: Ed25519PrivateKey, timeout: float = 10, token_file: Path | None = None
) -> Webhook:
    settings = WebhookSettings(url=url, ca_file=certificates.ca_file, timeout=timeout, token_file=token_file)
    return Webhook(settings, key, "hub.lmh.example")


def attempt(answer: bytes, certificates: Certificates, message: Message, now: datetime) -> object:
    """What delivering to a server that says `answer` comes to."""
    with https_server(certificates, answer) as server:
        url = f"https://127.0.0.1:{server.port}/"
        try:
            return door(url, certificates, Ed25519PrivateKey.generate()).deliver(message, KEY, now)
        except DeliveryProblem as problem:
            return problem


def test_the_police_take_a_signed_disclosure_and_give_their_reference(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    receipt = door(police.address, certificates, signing_key).deliver(message, KEY, now)
    assert receipt.rung is Rung.ACCEPTED
    assert receipt.partner_reference == "CRIME/26/00001"
    assert receipt.evidence == "HTTP 202"
    assert police.received == [(KEY, message.body)]


def test_a_second_attempt_with_the_same_key_is_noticed_and_changes_nothing(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    carrier = door(police.address, certificates, signing_key)
    first, second = carrier.deliver(message, KEY, now), carrier.deliver(message, KEY, now)
    assert first.partner_reference == second.partner_reference
    assert len(police.received) == 1
    assert police.copies == 1


def test_another_hubs_signature_is_refused_for_good(
    police: PoliceReceiver, certificates: Certificates, message: Message, now: datetime
) -> None:
    with pytest.raises(Refused, match="refused the message") as refused:
        door(police.address, certificates, Ed25519PrivateKey.generate()).deliver(message, KEY, now)
    assert refused.value.code == "http_401"
    assert police.received == []


def test_a_busy_partner_is_tried_later_no_sooner_than_it_asks_and_then_takes_it(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    police.be_busy(1, retry_after=7)
    carrier = door(police.address, certificates, signing_key)
    with pytest.raises(TryLater) as later:
        carrier.deliver(message, KEY, now)
    assert (later.value.code, later.value.after) == ("http_503", 7.0)
    assert carrier.deliver(message, KEY, now).rung is Rung.ACCEPTED


def test_a_certificate_of_another_authority_is_not_spoken_to(
    police: PoliceReceiver,
    other_certificates: Certificates,
    signing_key: Ed25519PrivateKey,
    message: Message,
    now: datetime,
) -> None:
    with pytest.raises(TryLater) as later:
        door(police.address, other_certificates, signing_key).deliver(message, KEY, now)
    assert later.value.code == "peer_not_proven"
    assert police.received == []


def test_a_certificate_for_another_name_is_not_spoken_to(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    with pytest.raises(TryLater) as later:
        door(f"https://localhost:{police.port}/", certificates, signing_key).deliver(message, KEY, now)
    assert later.value.code == "peer_not_proven"
    assert police.received == []


def test_nobody_listening_means_nothing_left(
    certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    with https_server(certificates, b"") as server:
        port = server.port
    with pytest.raises(TryLater) as later:
        door(f"https://127.0.0.1:{port}/", certificates, signing_key).deliver(message, KEY, now)
    assert later.value.code == "no_connection"


def test_a_line_cut_after_the_request_left_is_unsure(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    outcome = attempt(b"", certificates, message, now)
    assert isinstance(outcome, Unsure)
    assert outcome.code == "no_answer"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (b"408 Request Timeout", TryLater),
        (b"425 Too Early", TryLater),
        (b"429 Too Many Requests", TryLater),
        (b"500 Internal Server Error", Unsure),
        (b"502 Bad Gateway", Unsure),
        (b"504 Gateway Timeout", Unsure),
        (b"400 Bad Request", Refused),
        (b"413 Content Too Large", Refused),
    ],
)
def test_a_status_says_whether_trying_again_is_safe(
    status: bytes, kind: type[DeliveryProblem], certificates: Certificates, message: Message, now: datetime
) -> None:
    outcome = attempt(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n", certificates, message, now)
    assert isinstance(outcome, kind)
    assert outcome.code == f"http_{status[:3].decode()}"


def test_a_redirect_is_refused_and_not_followed(certificates: Certificates, message: Message, now: datetime) -> None:
    with https_server(certificates, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as elsewhere:
        location = f"location: https://127.0.0.1:{elsewhere.port}/\r\n".encode()
        answer = b"HTTP/1.1 307 Temporary Redirect\r\n" + location + b"content-length: 0\r\n\r\n"
        outcome = attempt(answer, certificates, message, now)
        assert elsewhere.connections == 0
    assert isinstance(outcome, Refused)
    assert outcome.code == "redirect"


def test_a_conflict_means_the_partner_already_has_it(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    body = b'{"reference": "CR 77"}'
    head = f"HTTP/1.1 409 Conflict\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    outcome = attempt(head + body, certificates, message, now)
    assert getattr(outcome, "rung", None) is Rung.ACCEPTED
    assert getattr(outcome, "partner_reference", None) == "CR 77"


@pytest.mark.parametrize(
    "body",
    [
        b'{"reference": "<script>alert(1)</script>"}',
        b'{"reference": "line\\nbreak"}',
        json.dumps({"reference": "x" * 200}).encode(),
        b'{"reference": 7}',
        b'["reference"]',
        b"[" * 50_000,
        b"\xff\xfe",
        b'{"reference": "CR 77", "padding": "' + b"A" * MAX_ANSWER_BYTES + b'"}',
    ],
    ids=["markup", "line break", "long", "number", "list", "nested", "not utf-8", "huge"],
)
def test_a_reference_that_is_not_a_short_safe_string_is_not_kept(
    body: bytes, certificates: Certificates, message: Message, now: datetime
) -> None:
    head = f"HTTP/1.1 202 Accepted\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    outcome = attempt(head + body, certificates, message, now)
    assert getattr(outcome, "rung", None) is Rung.ACCEPTED
    assert getattr(outcome, "partner_reference", "missing") is None


def test_an_acceptance_stands_though_the_rest_of_the_answer_never_comes(
    certificates: Certificates, message: Message, now: datetime
) -> None:
    outcome = attempt(b"HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n{", certificates, message, now)
    assert getattr(outcome, "rung", None) is Rung.ACCEPTED


def test_an_answer_that_drips_for_ever_ends_as_unsure(
    certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    with https_server(certificates, b"HTTP/1.1 202 Accepted\r\nx-slow: ", drips=True) as server:
        carrier = door(f"https://127.0.0.1:{server.port}/", certificates, signing_key, timeout=0.5)
        with pytest.raises(Unsure):
            carrier.deliver(message, KEY, now)


@pytest.mark.parametrize(
    ("said", "after"),
    [
        (b"120", 120.0),
        (b"999999999999", 86400.0),
        (b"Fri, 20 Nov 2026 21:10:00 GMT", 600.0),
        (b"Fri, 20 Nov 2026 20:00:00 GMT", 0.0),
        (b"Sat, 20 Nov 2126 20:00:00 GMT", 86400.0),
        (b"-5", None),
        (b"soon", None),
        (b"", None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date_and_is_never_longer_than_a_day(
    said: bytes, after: float | None, certificates: Certificates, message: Message
) -> None:
    answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: " + said + b"\r\ncontent-length: 0\r\n\r\n"
    outcome = attempt(answer, certificates, message, datetime(2026, 11, 20, 21, 0, tzinfo=UTC))
    assert isinstance(outcome, TryLater)
    assert outcome.after == after


def test_a_proxy_named_in_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
    police: PoliceReceiver,
    certificates: Certificates,
    signing_key: Ed25519PrivateKey,
    message: Message,
    now: datetime,
) -> None:
    with https_server(certificates, b"") as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert door(police.address, certificates, signing_key).deliver(message, KEY, now).rung is Rung.ACCEPTED
        assert proxy.connections == 0


def test_a_token_is_sent_from_its_file_and_shown_nowhere(
    tmp_path: Path, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    token_file = secret_file(tmp_path, "token", b"s3cret-token\n")
    with https_server(certificates, b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as server:
        url = f"https://127.0.0.1:{server.port}/"
        carrier = door(url, certificates, signing_key, token_file=token_file)
        receipt = carrier.deliver(message, KEY, now)
        assert b"\r\nauthorization: bearer s3cret-token\r\n" in bytes(server.bytes_heard).lower()
    assert "s3cret-token" not in repr(carrier) + repr(vars(carrier)) + repr(receipt)


def test_a_missing_secret_sends_nothing(
    tmp_path: Path,
    police: PoliceReceiver,
    certificates: Certificates,
    signing_key: Ed25519PrivateKey,
    message: Message,
    now: datetime,
) -> None:
    carrier = door(police.address, certificates, signing_key, token_file=tmp_path / "gone")
    with pytest.raises(TryLater) as later:
        carrier.deliver(message, KEY, now)
    assert later.value.code == "secret_unreadable"
    assert police.received == []


@pytest.mark.parametrize("content", [b"", b"two words", b"line\nbreak", "tökén".encode()])
def test_a_token_that_is_none_sends_nothing(
    content: bytes,
    tmp_path: Path,
    police: PoliceReceiver,
    certificates: Certificates,
    signing_key: Ed25519PrivateKey,
    message: Message,
    now: datetime,
) -> None:
    token_file = secret_file(tmp_path, "token", content)
    with pytest.raises(TryLater) as later:
        door(police.address, certificates, signing_key, token_file=token_file).deliver(message, KEY, now)
    assert later.value.code == "secret_unreadable"
    assert police.received == []


def test_a_message_signed_long_ago_is_refused_by_the_partner(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, message: Message, now: datetime
) -> None:
    with pytest.raises(Refused):
        door(police.address, certificates, signing_key).deliver(message, KEY, now - timedelta(minutes=10))


def test_a_check_proves_the_certificate_and_says_nothing_of_a_case(
    police: PoliceReceiver, certificates: Certificates, other_certificates: Certificates, signing_key: Ed25519PrivateKey
) -> None:
    assert door(police.address, certificates, signing_key).check().proven == ("the partner's certificate and name",)
    assert door(police.address, other_certificates, signing_key).check().proven == ()
    assert police.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://police.example/",
        "https://",
        "https://user:secret@police.example/",
        "https://police.example/?name=x",
        "https://police.example:0/",
        "https://police.example:99999/",
        "https://[::1/",
        "ftp://police.example/",
        "https://police..example/",
        "https://police.example/\x00",
        "https://pölice.example/",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused_in_settings(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WebhookSettings(url=url)
    assert "secret" not in str(refused.value)


def test_a_certificate_file_that_was_replaced_counts_from_the_next_attempt_on(
    certificates: Certificates, other_certificates: Certificates, police: PoliceReceiver, message: Message,
    signing_key: Ed25519PrivateKey, now: datetime, tmp_path: Path,
) -> None:  # fmt: skip
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(certificates.ca_file.read_bytes())
    trusting_one = Webhook(WebhookSettings(url=police.address, ca_file=ca_file), signing_key, "hub.example")
    assert trusting_one.deliver(message, KEY, now).rung is Rung.ACCEPTED
    ca_file.write_bytes(other_certificates.ca_file.read_bytes())
    with pytest.raises(TryLater) as refused:
        trusting_one.deliver(message, KEY, now)
    assert refused.value.code == "peer_not_proven"
