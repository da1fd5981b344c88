"""A file left by a line that fails: whole under its name or not there, and the hub knows which, or says it does not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from connectors.contract import Message
from connectors.transports.sftp import Sftp, SftpSettings
from hub.cli.demo.receivers import SocialServicesReceiver
from tests.connectors.conftest import secret_file
from tests.faults.attempts import SHORT, Outcome, Receipt, TryLater, Unsure, attempt, kinds, wrong
from tests.faults.conftest import next_key
from tests.faults.loop import HOST
from tests.faults.proxy import Arrival, FaultProxy, Plan, Way, fault_proxy

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


class Sender:
    """Leaves one message, under a name of its own for each key, by any port of this machine."""

    def __init__(self, folder: Path, host_key: str, client_key: asyncssh.SSHKey, message: Message) -> None:
        self._host_key = secret_file(folder, "host.pub", host_key.encode())
        self._client_key = secret_file(folder, "client.key", client_key.export_private_key())
        self.message = message

    def send(self, port: int, key: str, timeout: float = 20, body: bytes | None = None, at: datetime = NOW) -> Outcome:
        settings = SftpSettings(
            host=HOST, port=port, username="concordat", host_key_file=self._host_key,
            client_key_file=self._client_key, timeout=timeout,
        )  # fmt: skip
        named = replace(self.message, filename=f"{key}.json", body=body or self.message.body)
        return attempt(lambda: Sftp(settings).deliver(named, key, at))


@pytest.fixture(scope="module")
def council_and_sender(
    tmp_path_factory: pytest.TempPathFactory, message: Message
) -> Iterator[tuple[SocialServicesReceiver, Sender]]:
    client_key = asyncssh.generate_private_key("ssh-ed25519")
    folder = tmp_path_factory.mktemp("council")
    receiver = SocialServicesReceiver(folder / "inbox", client_key.export_public_key().decode())
    yield receiver, Sender(folder, receiver.host_key, client_key, message)
    receiver.stop()


@pytest.fixture(scope="module")
def standing_proxy(council_and_sender: tuple[SocialServicesReceiver, Sender]) -> Iterator[FaultProxy]:
    with fault_proxy(council_and_sender[0].port) as standing:
        yield standing


@pytest.fixture
def proxy(standing_proxy: FaultProxy) -> FaultProxy:
    standing_proxy.befall(Plan())
    return standing_proxy


@pytest.fixture
def council(council_and_sender: tuple[SocialServicesReceiver, Sender]) -> SocialServicesReceiver:
    council = council_and_sender[0]
    council.received.clear()
    for path in council.folder.iterdir():
        path.unlink()
    return council


@pytest.fixture
def sender(council_and_sender: tuple[SocialServicesReceiver, Sender]) -> Sender:
    return council_and_sender[1]


def left(council: SocialServicesReceiver) -> Counter[str]:
    return Counter(name.removesuffix(".json") for name, _ in council.received)


FAULTS = {
    "closed on arrival": (Plan(Arrival.CLOSE), TryLater),
    "reset on arrival": (Plan(Arrival.RESET), TryLater),
    "half open": (Plan(Arrival.HOLD), TryLater),
    "cut in the greeting": (Plan(down=Way(cut_after=5)), TryLater),
    "stalled in the handshake": (Plan(up=Way(stall_after=300)), TryLater),
    "delayed beyond the deadline": (Plan(down=Way(delay=60)), TryLater),
    "every answer drips": (Plan(down=Way(drip=0.02)), TryLater),
    "delayed a little": (Plan(up=Way(delay=0.02), down=Way(delay=0.02)), Receipt),
    "every piece of ours two times": (Plan(up=Way(is_twice=True)), TryLater),
    "every piece of theirs two times": (Plan(down=Way(is_twice=True)), TryLater),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_line_before_the_naming_is_tried_later(
    name: str, sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy, key: str
) -> None:
    plan, kind = FAULTS[name]
    proxy.befall(plan)
    outcome = sender.send(proxy.port, key, 30 if kind is Receipt else SHORT)
    assert outcome.kind is kind
    assert left(council) == ({key: 1} if kind is Receipt else {})


def test_wherever_the_line_is_cut_the_folder_agrees_with_what_came_out_and_the_next_attempt_settles_it(
    sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy
) -> None:
    assert sender.send(proxy.port, next_key()).kind is Receipt
    whole = proxy.last
    assert whole.over.wait(10)
    ups = [0, 900, 1_800, *range(whole.up - 480, whole.up + 1, 60)]
    downs = [600, 1_600, 2_400, *range(whole.down - 480, whole.down + 1, 40)]
    plans = [Plan(up=Way(cut_after=count)) for count in ups] + [Plan(down=Way(cut_after=count)) for count in downs]
    outcomes, taken = {}, Counter[str]()
    for plan in plans:
        proxy.befall(plan)
        outcomes[key] = sender.send(proxy.port, key := next_key())
        assert proxy.last.over.wait(10)
        taken[key] = left(council)[key]
        if outcomes[key].kind is Unsure:
            proxy.befall(Plan())
            assert sender.send(proxy.port, key, at=NOW + timedelta(seconds=9)).kind is Receipt
            assert left(council)[key] == 1
        for path in council.folder.iterdir():  # a listing that grew would move every cut
            path.unlink()
    assert wrong(outcomes, taken) == []
    assert kinds(outcomes.values()) == {Receipt, TryLater, Unsure}
    assert {taken[key] for key, outcome in outcomes.items() if outcome.kind is Unsure} == {0, 1}
    assert {body for _, body in council.received} == {sender.message.body}


@pytest.mark.parametrize(
    "plan",
    [Plan(up=Way(stall_after=40_000)), Plan(up=Way(drip=0.001)), Plan(down=Way(stall_after=2_800))],
    ids=["not read any more", "by drops", "not answered any more"],
)
def test_a_server_that_stops_in_the_middle_of_a_large_file_is_left_at_the_deadline(
    plan: Plan, sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy, key: str
) -> None:
    proxy.befall(plan)
    assert sender.send(proxy.port, key, SHORT, body=bytes(20 * 1024 * 1024)).kind is TryLater
    assert left(council) == {}


def test_a_late_request_to_rename_finds_nothing_once_the_next_attempt_has_begun(
    sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy, key: str
) -> None:
    """What a broken attempt wrote aside is taken away first, so nothing that was held back can still give it a name."""
    older = council.folder / f"{key}.json.20261120T210000000000.part"
    older.write_bytes(b"an older content")
    assert sender.send(proxy.port, key, at=NOW + timedelta(seconds=9)).kind is Receipt
    assert not older.exists()
    assert council.received == [(f"{key}.json", sender.message.body)]


def test_two_attempts_never_write_aside_under_one_name(
    sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy, key: str
) -> None:
    proxy.befall(Plan(up=Way(cut_after=60_000)))
    large = bytes(256 * 1024)
    names = []
    for second in (1, 2):
        assert sender.send(proxy.port, key, body=large, at=NOW + timedelta(seconds=second)).kind is TryLater
        assert proxy.last.over.wait(10)
        names += [path.name for path in council.folder.iterdir()]
    assert names == [f"{key}.json.20261120T210001000000.part", f"{key}.json.20261120T210002000000.part"]


def test_another_file_whose_name_begins_alike_is_left_alone(
    sender: Sender, council: SocialServicesReceiver, proxy: FaultProxy, key: str
) -> None:
    kept = [council.folder / name for name in (f"{key}2.json.part", f"{key}.json.ack2", f"{key}.part")]
    for path in kept:
        path.write_bytes(b"somebody else's")
    assert sender.send(proxy.port, key).kind is Receipt
    assert all(path.exists() for path in kept)
