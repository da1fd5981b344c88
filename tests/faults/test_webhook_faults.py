"""The webhook against a partner and a network that do everything wrong: what comes out, and that the partner agrees."""

import gzip
import ssl
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.contract import Message
from connectors.transports.webhook import MAX_ANSWER_BYTES, Webhook, WebhookSettings
from hub.cli.demo.certificates import Certificates, make_certificate_authority
from tests.faults.attempts import (
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
from tests.faults.partner import Answer, Partner, http, partner, server_context
from tests.faults.proxy import Arrival, FaultProxy, Plan, Way, fault_proxy

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
TAKEN = http("202 Accepted", b'{"reference": "CR 77"}', takes=True)


@pytest.fixture(scope="module")
def door(certificates: Certificates) -> Iterator[Partner]:
    with partner(server_context(certificates)) as standing:
        yield standing


@pytest.fixture(scope="module")
def standing_proxy(door: Partner) -> Iterator[FaultProxy]:
    with fault_proxy(door.port) as standing:
        yield standing


@pytest.fixture
def proxy(standing_proxy: FaultProxy, door: Partner) -> FaultProxy:
    door.answer = TAKEN
    standing_proxy.befall(Plan())
    return standing_proxy


class Sender:
    """Sends one message to any port of this machine."""

    def __init__(self, certificates: Certificates, message: Message) -> None:
        self.certificates, self.message, self._key = certificates, message, Ed25519PrivateKey.generate()

    def send(self, port: int, key: str, timeout: float = 10) -> Outcome:
        url = f"https://{HOST}:{port}/disclosures"
        settings = WebhookSettings(url=url, ca_file=self.certificates.ca_file, timeout=timeout)
        webhook = Webhook(settings, self._key, "hub.lmh.example")
        return attempt(lambda: webhook.deliver(self.message, key, NOW))


@pytest.fixture(scope="module")
def sender(certificates: Certificates, message: Message) -> Sender:
    return Sender(certificates, message)


BUSY = {"503 Service Unavailable": "http_503", "429 Too Many Requests": "http_429"}

ANSWERS = {
    "200": (http("200 OK", takes=True), Receipt, None),
    "202 with a reference": (TAKEN, Receipt, None),
    "204": (Answer(b"HTTP/1.1 204 No Content\r\n\r\n", takes=True), Receipt, None),
    "409, held already": (http("409 Conflict"), Receipt, None),
    "500 before it acted": (http("500 Internal Server Error"), Unsure, "http_500"),
    "500 after it acted": (http("500 Internal Server Error", takes=True), Unsure, "http_500"),
    "502": (http("502 Bad Gateway", takes=True), Unsure, "http_502"),
    "504": (http("504 Gateway Timeout", takes=True), Unsure, "http_504"),
    "503": (http("503 Service Unavailable"), TryLater, "http_503"),
    "429": (http("429 Too Many Requests"), TryLater, "http_429"),
    "408": (http("408 Request Timeout"), TryLater, "http_408"),
    "400": (http("400 Bad Request"), Refused, "http_400"),
    "401": (http("401 Unauthorized"), Refused, "http_401"),
    "413 before the body was read": (http("413 Content Too Large"), Refused, "http_413"),
    "303, done and told of elsewhere": (http("303 See Other", takes=True, location="/done"), Unsure, "http_303"),
    "600": (http("600 What", takes=True), Unsure, "http_600"),
    "999": (http("999 What", takes=True), Unsure, "http_999"),
    "101, another protocol": (Answer(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", takes=True), Unsure,
                              "no_answer"),
    "99": (Answer(b"HTTP/1.1 99 Low\r\n\r\n", takes=True), Unsure, "no_answer"),
    "1xx and then 202": (Answer(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50 + TAKEN.says, takes=True), Receipt, None),
    "nothing, and hangs up": (Answer(takes=True), Unsure, "no_answer"),
    "a greeting of something else": (Answer(b"220 mail.example ESMTP\r\n", takes=True), Unsure, "no_answer"),
    "bytes": (Answer(bytes(range(256)) * 8, takes=True), Unsure, "no_answer"),
    "HTTP of the first days": (Answer(b"<html>taken</html>", takes=True), Unsure, "no_answer"),
    "a header that is none": (Answer(b"HTTP/1.1 202 Accepted\r\n: none\r\n\r\n", takes=True), Unsure, "no_answer"),
    "two lengths": (Answer(b"HTTP/1.1 202 Accepted\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", takes=True),
                    Unsure, "no_answer"),
    "headers without end": (Answer(b"HTTP/1.1 202 Accepted\r\n", True, b"x-more: " + b"x" * 1000 + b"\r\n", 100_000),
                            Unsure, "no_answer"),
    "a header line without end": (Answer(b"HTTP/1.1 202 Accepted\r\nx-more: ", True, b"x" * 65536, 100_000), Unsure,
                                  "no_answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_partner_says_comes_out_as_what_it_proves(name: str, sender: Sender, door: Partner, key: str) -> None:
    door.answer, kind, code = ANSWERS[name]
    outcome = sender.send(door.port, key)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert door.ledger[-1].key == key
    if name != "409, held already":  # taken by an attempt before this one
        assert wrong({key: outcome}, door.taken) == []


ENDLESS = {
    "never an answer": Answer(takes=True, holds=True),
    "an answer of one byte": Answer(b"H", takes=True, holds=True),
    "1xx for ever": Answer(b"", True, b"HTTP/1.1 100 Continue\r\n\r\n", 10**9),
    "a header that drips": Answer(b"HTTP/1.1 202 Accepted\r\nx-slow: ", True, b"x", 10**9, pause=0.01),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_that_never_comes_to_an_end_is_unsure_at_the_deadline(
    name: str, sender: Sender, door: Partner, key: str
) -> None:
    door.answer = ENDLESS[name]
    outcome = patiently(lambda seconds: sender.send(door.port, key, seconds), Unsure)
    assert (outcome.kind, outcome.code) == (Unsure, "no_answer")
    assert door.taken[key] == 1


@pytest.mark.parametrize("status", BUSY)
@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("120", 120.0),
        ("Fri, 20 Nov 2026 21:10:00 GMT", 600.0),
        ("Friday, 20-Nov-26 21:10:00 GMT", 600.0),
        ("Fri Nov 20 21:10:00 2026", 600.0),
        ("Fri, 20 Nov 2026 20:00:00 GMT", 0.0),
        ("99999999999999999999", 86400.0),
        ("Sat, 20 Nov 2126 20:00:00 GMT", 86400.0),
        ("-1", None),
        ("1.5", None),
        ("in a while", None),
        ("Fri, 20 Nov 99999999999999999999 21:10:00 GMT", None),
        ("Fri, 20 Nov 2026 21:10:00 +99999999999999999999", None),
        ("Fri, 99 Foo 2026 99:99:99 GMT", None),
        ("\xe9t\xe9", None),
        ("9" * 5000, 86400.0),
    ],
)
def test_the_wait_a_busy_partner_asks_for_is_honoured_in_both_forms_and_at_most_a_day(
    status: str, said: str, after: float | None, sender: Sender, door: Partner, key: str
) -> None:
    door.answer = http(status, retry_after=said)
    outcome = sender.send(door.port, key)
    assert (outcome.kind, outcome.code, outcome.after) == (TryLater, BUSY[status], after)
    assert door.taken[key] == 0


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect",
                                    "308 Permanent Redirect"])  # fmt: skip
@pytest.mark.parametrize("where", ["another host", "itself", "in clear", "nowhere"])
def test_a_redirect_is_followed_nowhere(
    status: str, where: str, sender: Sender, door: Partner, certificates: Certificates, key: str
) -> None:
    with partner(server_context(certificates)) as elsewhere:
        elsewhere.answer = TAKEN
        to = {"another host": elsewhere.address, "itself": door.address, "nowhere": "//",
              "in clear": door.address.replace("https", "http")}[where]  # fmt: skip
        door.answer = http(status, location=to)
        connections = door.connections
        outcome = sender.send(door.port, key)
        assert (outcome.kind, outcome.code) == (Refused, "redirect")
        assert (door.connections - connections, elsewhere.connections) == (1, 0)
    assert door.taken[key] == 0


def peak_of(send: object) -> int:
    """The most memory, in bytes, that was held at once while it ran."""
    assert callable(send)
    tracemalloc.start()
    try:
        send()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


PIECE = bytes(65536)
TEN_GIBIBYTES = 10 * 1024**3


@pytest.mark.parametrize(
    "head",
    [
        f"content-length: {TEN_GIBIBYTES}",
        "transfer-encoding: chunked",
        "connection: close",
        f"content-length: {TEN_GIBIBYTES}\r\ncontent-encoding: gzip",
    ],
)
def test_of_an_answer_of_ten_gibibytes_no_more_is_read_than_its_beginning(
    head: str, sender: Sender, door: Partner, key: str
) -> None:
    chunk = b"10000\r\n" + PIECE + b"\r\n" if "chunked" in head else PIECE
    door.answer = Answer(f"HTTP/1.1 202 Accepted\r\n{head}\r\n\r\n".encode(), True, chunk, TEN_GIBIBYTES // len(PIECE))
    outcomes: list[Outcome] = []
    peak = peak_of(lambda: outcomes.append(sender.send(door.port, key)))
    assert (outcomes[0].kind, door.taken[key]) == (Receipt, 1)
    assert outcomes[0].receipt is not None
    assert outcomes[0].receipt.partner_reference is None
    assert door.ledger[-1].said < 64 * 1024 * 1024  # what two kernels and the cap can hold
    assert peak < 16 * 1024 * 1024


def test_a_bomb_is_not_unpacked(sender: Sender, door: Partner, key: str) -> None:
    bomb = gzip.compress(bytes(48 * 1024 * 1024), 9)
    assert len(bomb) < MAX_ANSWER_BYTES
    door.answer = http("202 Accepted", bomb, takes=True, content_encoding="gzip")
    outcomes: list[Outcome] = []
    peak = peak_of(lambda: outcomes.append(sender.send(door.port, key)))
    assert outcomes[0].kind is Receipt
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("answer", "if_it_stands", "stride"),
    [(TAKEN, Receipt, 1), (http("503 Busy", b"later"), TryLater, 6), (http("400 No", b"never"), Refused, 6)],
    ids=["202", "503", "400"],
)
def test_a_cut_answer_stands_from_the_end_of_its_headers_and_is_unsure_before(
    answer: Answer, if_it_stands: type, stride: int, sender: Sender, door: Partner
) -> None:
    end_of_headers = answer.says.index(b"\r\n\r\n") + 4
    outcomes = {}
    for length in range(0, len(answer.says), stride):
        door.answer = Answer(answer.says[:length], answer.takes)
        outcome = sender.send(door.port, key := next_key())
        outcomes[key] = outcome
        assert outcome.kind is (Unsure if length < end_of_headers else if_it_stands), length
    assert wrong(outcomes, door.taken) == []
    assert kinds(outcomes.values()) == {Unsure, if_it_stands}


FAULTS = {
    "closed on arrival": (Plan(Arrival.CLOSE), TryLater, "no_connection"),
    "reset on arrival": (Plan(Arrival.RESET), TryLater, "no_connection"),
    "half open": (Plan(Arrival.HOLD), TryLater, "no_connection"),
    "cut in our first word": (Plan(up=Way(cut_after=100)), TryLater, "no_connection"),
    "cut in the certificate": (Plan(down=Way(cut_after=300)), TryLater, "no_connection"),
    "stalled in the certificate": (Plan(down=Way(stall_after=300)), TryLater, "no_connection"),
    "the handshake drips": (Plan(down=Way(drip=0.01)), TryLater, "no_connection"),
    "delayed beyond the deadline": (Plan(down=Way(delay=60)), TryLater, "no_connection"),
    "delayed a little, both ways": (Plan(up=Way(delay=0.02), down=Way(delay=0.02)), Receipt, None),
    "the request cut": (Plan(up=Way(cut_after=1000)), Unsure, "no_answer"),
    "the request cut by a reset": (Plan(up=Way(cut_after=1000), cuts_by_reset=True), Unsure, "no_answer"),
    "the request stalled": (Plan(up=Way(stall_after=1000)), Unsure, "no_answer"),
    "every piece of ours two times": (Plan(up=Way(is_twice=True)), TryLater, None),
    "every piece of theirs two times": (Plan(down=Way(is_twice=True)), Unsure, "no_answer"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_line_comes_out_as_what_is_known(
    name: str, sender: Sender, door: Partner, proxy: FaultProxy, key: str
) -> None:
    plan, kind, code = FAULTS[name]
    proxy.befall(plan)
    outcome = patiently(lambda seconds: sender.send(proxy.port, key, seconds), kind)
    assert outcome.kind is kind
    assert code in (None, outcome.code)
    assert wrong({key: outcome}, door.taken) == []


def test_wherever_the_line_is_cut_the_partners_ledger_agrees_with_what_came_out(
    sender: Sender, door: Partner, proxy: FaultProxy
) -> None:
    assert sender.send(proxy.port, next_key()).kind is Receipt
    whole = proxy.last
    assert whole.over.wait(10)
    outcomes = {}
    for is_reset in (False, True):
        for count in range(0, whole.up + 64, max(1, whole.up // 16)):
            proxy.befall(Plan(up=Way(cut_after=count), cuts_by_reset=is_reset))
            outcomes[key] = sender.send(proxy.port, key := next_key())
        for count in range(0, whole.down + 64, max(1, whole.down // 16)):
            proxy.befall(Plan(down=Way(cut_after=count), cuts_by_reset=is_reset))
            outcomes[key] = sender.send(proxy.port, key := next_key())
    assert all(one.over.wait(10) for one in proxy.passed if one.up >= whole.up)
    assert wrong(outcomes, door.taken) == []
    assert kinds(outcomes.values()) == {Receipt, TryLater, Unsure}


def test_a_request_that_the_network_repeats_is_one_attempt_under_one_key(
    sender: Sender, door: Partner, certificates: Certificates, key: str
) -> None:
    door.answer = TAKEN
    with fault_proxy(door.port, certificates) as between:
        between.befall(Plan(repeats=1))
        assert sender.send(between.port, key).kind is Receipt
        assert between.last.over.wait(10)
    first, second = (arrived for arrived in door.ledger if arrived.key == key)
    assert first.body == second.body == sender.message.body


def test_what_was_overheard_and_is_said_again_opens_nothing(
    sender: Sender, door: Partner, proxy: FaultProxy, key: str
) -> None:
    proxy.befall(Plan(repeats=2))
    assert sender.send(proxy.port, key).kind is Receipt
    assert proxy.last.over.wait(10)
    assert door.taken[key] == 1


def wrong_tls(name: str, certificates: Certificates, folder: Path) -> ssl.SSLContext | None:
    if name == "no TLS":
        return None
    if name == "another authority":
        return server_context(make_certificate_authority(folder))
    if name == "another name":
        return server_context(make_certificate_authority(folder, "192.0.2.1"))
    context = server_context(certificates)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no TLS", "peer_not_proven"),
        ("another authority", "peer_not_proven"),
        ("another name", "peer_not_proven"),
        ("TLS of the last century", None),
    ],
)
def test_a_partner_that_does_not_prove_itself_hears_nothing(
    name: str, code: str | None, sender: Sender, certificates: Certificates, tmp_path: Path, key: str
) -> None:
    with partner(wrong_tls(name, certificates, tmp_path)) as stranger, fault_proxy(stranger.port) as line:
        stranger.answer = TAKEN
        outcome = sender.send(line.port, key)
        assert outcome.kind is TryLater
        assert code in (None, outcome.code)
        assert sender.message.body not in bytes(line.last.heard)
        assert b"webhook-id" not in bytes(line.last.heard)
    assert stranger.ledger == []
