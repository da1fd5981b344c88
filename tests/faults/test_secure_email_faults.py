"""Email through a real relay and a line that fails: an email is never said to be sent that was not, nor sent twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from connectors.contract import Message
from connectors.transports.mail_line import MAX_HEARD
from connectors.transports.secure_email import SecureEmail, SecureEmailSettings
from hub.cli.demo.certificates import Certificates
from hub.cli.demo.receivers import StopHateReceiver
from tests.connectors.servers import script_server, tls_script_server
from tests.faults.attempts import (
    SHORT,
    Outcome,
    Receipt,
    Refused,
    TryLater,
    Unsure,
    attempt,
    kinds,
    patiently,
    wrong,
)
from tests.faults.conftest import next_key
from tests.faults.loop import HOST
from tests.faults.proxy import Arrival, FaultProxy, Plan, Way, fault_proxy

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
GREETING, HELLO, OK, GO = b"220 relay.example ESMTP\r\n", b"250 relay.example\r\n", b"250 ok\r\n", b"354 go\r\n"


class Sender:
    """Sends one message to any port of this machine, and knows which key became which Message-ID."""

    def __init__(self, certificates: Certificates, message: Message) -> None:
        self._certificates, self._message = certificates, message

    def send(self, port: int, key: str, timeout: float = 10, body: bytes | None = None, **more: object) -> Outcome:
        settings = SecureEmailSettings.model_validate(
            {
                "host": HOST, "port": port, "sender": "hub@lmh.example", "recipient": "referrals@charity.example",
                "ca_file": self._certificates.ca_file, "timeout": timeout,
            }
            | more
        )  # fmt: skip
        door = SecureEmail(settings, "hub.lmh.example")
        message = replace(self._message, body=body or self._message.body)
        return attempt(lambda: door.deliver(message, key, NOW))


@pytest.fixture(scope="module")
def sender(certificates: Certificates, message: Message) -> Sender:
    return Sender(certificates, message)


@pytest.fixture(scope="module")
def charity(certificates: Certificates) -> Iterator[StopHateReceiver]:
    receiver = StopHateReceiver(certificates)
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def standing_proxy(charity: StopHateReceiver) -> Iterator[FaultProxy]:
    with fault_proxy(charity.port) as standing:
        yield standing


@pytest.fixture
def proxy(standing_proxy: FaultProxy, charity: StopHateReceiver) -> FaultProxy:
    standing_proxy.befall(Plan())
    charity.received.clear()
    return standing_proxy


FAULTS = {
    "closed on arrival": (Plan(Arrival.CLOSE), TryLater),
    "reset on arrival": (Plan(Arrival.RESET), TryLater),
    "half open": (Plan(Arrival.HOLD), TryLater),
    "cut in the greeting": (Plan(down=Way(cut_after=10)), TryLater),
    "stalled in the greeting": (Plan(down=Way(stall_after=10)), TryLater),
    "cut in the handshake": (Plan(up=Way(cut_after=200)), TryLater),
    "stalled in the handshake": (Plan(up=Way(stall_after=200)), TryLater),
    "delayed beyond the deadline": (Plan(down=Way(delay=60)), TryLater),
    "every reply drips": (Plan(down=Way(drip=0.02)), TryLater),
    "delayed a little": (Plan(up=Way(delay=0.02), down=Way(delay=0.02)), Receipt),
    "every piece of ours two times": (Plan(up=Way(is_twice=True)), TryLater),
    "every piece of theirs two times": (Plan(down=Way(is_twice=True)), TryLater),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_line_before_the_email_is_tried_later(
    name: str, sender: Sender, charity: StopHateReceiver, proxy: FaultProxy, key: str
) -> None:
    plan, kind = FAULTS[name]
    proxy.befall(plan)
    assert patiently(lambda seconds: sender.send(proxy.port, key, seconds), kind).kind is kind
    assert len(charity.received) == (1 if kind is Receipt else 0)


def test_wherever_the_line_is_cut_the_relays_mailbox_agrees_with_what_came_out(
    sender: Sender, charity: StopHateReceiver, proxy: FaultProxy
) -> None:
    assert sender.send(proxy.port, next_key()).kind is Receipt
    whole = proxy.last
    assert whole.over.wait(10)
    known = {identity for identity, _ in charity.received}
    outcomes, identities = {}, {}
    ups = [*range(0, whole.up - 200, max(1, whole.up // 20)), *range(whole.up - 200, whole.up + 1, 12)]
    downs = [*range(0, whole.down - 200, max(1, whole.down // 16)), *range(whole.down - 200, whole.down + 1, 12)]
    plans = [Plan(up=Way(cut_after=count)) for count in ups]
    plans += [Plan(down=Way(cut_after=count), cuts_by_reset=count % 2 == 1) for count in downs]
    for plan in plans:
        proxy.befall(plan)
        outcomes[key] = sender.send(proxy.port, key := next_key())
        assert proxy.last.over.wait(10)
        identities[key] = {identity for identity, _ in charity.received} - known
        known |= identities[key]
    taken = Counter({key: len(found) for key, found in identities.items()})
    assert len(charity.received) == len(known)
    assert wrong(outcomes, taken) == []
    assert kinds(outcomes.values()) == {Receipt, TryLater, Unsure}
    assert any(taken[key] for key, outcome in outcomes.items() if outcome.kind is Unsure)


SCRIPTS = {
    "DATA is answered as if it were the email": ((OK, OK, OK), TryLater, "smtp_reply_unknown"),
    "DATA is not answered": ((OK, OK), TryLater, "no_connection"),
    "DATA is put off": ((OK, OK, b"421 closing\r\n"), TryLater, "smtp_421"),
    "DATA is refused": ((OK, OK, b"554 no\r\n"), Refused, "smtp_554"),
    "the email is put off": ((OK, OK, GO, b"451 later\r\n"), TryLater, "smtp_451"),
    "the email is refused": ((OK, OK, GO, b"554 no\r\n"), Refused, "smtp_554"),
    "the email is not answered": ((OK, OK, GO), Unsure, "no_answer"),
    "the answer stops in its code": ((OK, OK, GO, b"25"), Unsure, "no_answer"),
    "the answer stops before its second line": ((OK, OK, GO, b"250-queued\r\n"), Unsure, "no_answer"),
    "the answer is no answer": ((OK, OK, GO, b"HTTP/1.1 400 Bad Request\r\n"), Unsure, "smtp_reply_unknown"),
    "the answer has no end": ((OK, OK, GO, b"250-x\r\n" * MAX_HEARD), Unsure, "no_answer"),
    "the answer's line has no end": ((OK, OK, GO, b"250 " + b"x" * MAX_HEARD), Unsure, "no_answer"),
    "the email is begun once more": ((OK, OK, GO, GO), Unsure, "smtp_reply_unknown"),
    "a sender is answered without end": ((b"250-x\r\n" * MAX_HEARD,), TryLater, "no_connection"),
    "taken, and no goodbye": ((OK, OK, GO, OK), Receipt, None),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_relay_says_at_the_end_decides(name: str, sender: Sender, certificates: Certificates, key: str) -> None:
    lines, kind, code = SCRIPTS[name]
    with tls_script_server(certificates, GREETING, HELLO, *lines) as relay:
        if "stops" in name:
            outcome = patiently(lambda seconds: sender.send(relay.port, key, seconds, security="tls"), kind)
        else:
            outcome = sender.send(relay.port, key, 30, security="tls")
    assert (outcome.kind, outcome.code) == (kind, code)


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (b"421 busy\r\n", TryLater, "smtp_421"),
        (b"554 never\r\n", Refused, "smtp_554"),
        (b"220 relay.example ESMTP\r\n", TryLater, "smtp_reply_unknown"),
        (b"what?\r\n", TryLater, "smtp_reply_unknown"),
        (HELLO, Refused, "tls_not_offered"),
    ],
)
def test_a_relay_that_is_busy_is_not_taken_for_one_without_tls(
    said: bytes, kind: type, code: str, sender: Sender, key: str
) -> None:
    with script_server(GREETING, said) as relay:
        outcome = sender.send(relay.port, key)
        assert bytes(relay.bytes_heard).lower().startswith(b"ehlo hub.lmh.example\r\n")
        assert b"MAIL" not in bytes(relay.bytes_heard).upper()
    assert (outcome.kind, outcome.code) == (kind, code)


def test_a_greeting_without_end_is_heard_to_a_small_cap(sender: Sender, certificates: Certificates, key: str) -> None:
    with tls_script_server(certificates, b"220-x\r\n" * 100_000) as relay:
        outcome = sender.send(relay.port, key, security="tls")
    assert (outcome.kind, outcome.code) == (TryLater, "no_connection")


def test_a_challenge_that_is_none_sends_nothing(
    tmp_path: Path, sender: Sender, certificates: Certificates, key: str
) -> None:
    (tmp_path / "password").write_text("hunter2-hunter2")
    hello = b"250-relay.example\r\n250 AUTH CRAM-MD5\r\n"
    with tls_script_server(certificates, GREETING, hello, b"334 x\r\n", OK) as relay:
        outcome = sender.send(relay.port, key, security="tls", username="hub", password_file=tmp_path / "password")
        assert b"MAIL" not in bytes(relay.bytes_heard).upper()
    assert (outcome.kind, outcome.code) == (TryLater, "no_connection")


@pytest.mark.parametrize(
    ("plan", "size", "kind"),
    [
        (Plan(up=Way(stall_after=4000)), 4_000, Unsure),
        (Plan(up=Way(stall_after=4000)), 5_000_000, TryLater),
        (Plan(up=Way(drip=0.005)), 4_000, TryLater),
    ],
    ids=["all of it has left", "it cannot all have left", "we are let through by drops"],
)
def test_a_line_that_stalls_in_the_email_is_unsure_only_where_its_end_may_have_left(
    plan: Plan, size: int, kind: type, sender: Sender, charity: StopHateReceiver, proxy: FaultProxy, key: str
) -> None:
    proxy.befall(plan)
    assert patiently(lambda seconds: sender.send(proxy.port, key, seconds, body=bytes(size)), kind).kind is kind
    assert charity.received == []


def test_a_relay_whose_every_byte_is_in_time_and_whose_answers_are_not_is_left_at_the_deadline(
    sender: Sender, certificates: Certificates, key: str
) -> None:
    """Each byte comes well within the time set, as if it were set for each; together they take four times as long."""
    with (
        tls_script_server(certificates, GREETING, HELLO, OK, OK, GO, OK) as relay,
        fault_proxy(relay.port, certificates) as line,
    ):
        line.befall(Plan(down=Way(drip=0.02)))
        assert sender.send(line.port, key, SHORT, security="tls").kind is TryLater
        assert b"disclosure" not in bytes(line.last.heard).lower()


def test_the_email_that_came_through_is_the_message_to_the_byte(
    sender: Sender, charity: StopHateReceiver, proxy: FaultProxy, message: Message, key: str
) -> None:
    assert sender.send(proxy.port, key).kind is Receipt
    ((_, content),) = charity.received
    (attachment,) = message_from_bytes(content, policy=default).iter_attachments()
    assert attachment.get_payload(decode=True) == message.body
