from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import asyncssh
import pytest

from connectors.contract import DeliveryProblem, Message, Refused, Rung, TryLater, Unsure
from connectors.transports.sftp import Sftp, SftpSettings
from hub.cli.demo.receivers import SocialServicesReceiver
from tests.connectors.conftest import KEY, secret_file
from tests.connectors.servers import script_server

Door = Callable[..., Sftp]


@pytest.fixture
def client_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
def council(tmp_path: Path, client_key: asyncssh.SSHKey) -> Iterator[SocialServicesReceiver]:
    receiver = SocialServicesReceiver(tmp_path / "council", client_key.export_public_key().decode())
    yield receiver
    receiver.stop()


@pytest.fixture
def door(tmp_path: Path, council: SocialServicesReceiver, client_key: asyncssh.SSHKey) -> Door:
    def make(
        *, host_key: str = council.host_key, key: asyncssh.SSHKey = client_key, folder: str = ".",
        port: int = council.port, timeout: float = 20,
    ) -> Sftp:  # fmt: skip
        return Sftp(
            SftpSettings(
                host="127.0.0.1", port=port, username="concordat", folder=folder, timeout=timeout,
                host_key_file=secret_file(tmp_path, "host.pub", host_key.encode()),
                client_key_file=secret_file(tmp_path, "client.key", key.export_private_key()),
            )
        )  # fmt: skip

    return make


def test_a_file_is_left_under_its_own_name_and_the_ack_shows_that_it_was_taken(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    receipt = door().deliver(message, KEY, now)
    assert receipt.rung is Rung.TAKEN
    assert receipt.evidence == message.filename
    assert council.received == [(message.filename, message.body)]
    assert sorted(path.name for path in council.folder.iterdir()) == [message.filename, f"{message.filename}.ack"]


def test_without_an_ack_no_more_than_acceptance_is_claimed(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    council.acknowledges = False
    assert door().deliver(message, KEY, now).rung is Rung.ACCEPTED


def test_a_second_attempt_finds_the_file_and_leaves_it_alone(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    council.acknowledges = False
    assert door().deliver(message, KEY, now) == door().deliver(message, KEY, now)
    assert len(council.received) == 1


def test_a_file_that_was_acknowledged_and_moved_away_is_not_left_again(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    door().deliver(message, KEY, now)
    (council.folder / message.filename).unlink()
    assert door().deliver(message, KEY, now).rung is Rung.TAKEN
    assert len(council.received) == 1


def test_another_file_of_the_same_name_is_not_overwritten(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    (council.folder / message.filename).write_bytes(b"somebody else's")
    with pytest.raises(Refused) as refused:
        door().deliver(message, KEY, now)
    assert refused.value.code == "name_taken"
    assert (council.folder / message.filename).read_bytes() == b"somebody else's"


def test_a_half_written_file_of_a_broken_attempt_is_written_anew(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    (council.folder / f"{message.filename}.part").write_bytes(b"x" * 100_000)
    door().deliver(message, KEY, now)
    assert council.received == [(message.filename, message.body)]


def test_a_server_with_another_key_is_not_spoken_to(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(TryLater) as later:
        door(host_key=stranger).deliver(message, KEY, now)
    assert later.value.code == "peer_not_proven"
    assert list(council.folder.iterdir()) == []


def test_a_key_the_server_does_not_know_is_refused(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    with pytest.raises(Refused) as refused:
        door(key=asyncssh.generate_private_key("ssh-ed25519")).deliver(message, KEY, now)
    assert refused.value.code == "not_let_in"
    assert council.received == []


def test_a_folder_that_is_not_there_is_refused(door: Door, message: Message, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        door(folder="nowhere").deliver(message, KEY, now)
    assert refused.value.code == "no_folder"


def test_a_folder_that_cannot_be_written_is_refused_and_nothing_is_left(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    (council.folder / "file").write_bytes(b"")
    with pytest.raises(DeliveryProblem) as problem:
        door(folder="file").deliver(message, KEY, now)
    assert problem.value.code in {"partner_storage", "no_folder"}
    assert council.received == []


def test_nobody_listening_means_nothing_left(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    council.stop()
    with pytest.raises(TryLater) as later:
        door().deliver(message, KEY, now)
    assert later.value.code == "no_connection"


def test_a_server_that_says_nothing_is_left_after_the_time_set(door: Door, message: Message, now: datetime) -> None:
    with script_server(b"") as silent, pytest.raises(TryLater) as later:
        door(port=silent.port, timeout=0.5).deliver(message, KEY, now)
    assert later.value.code == "no_connection"


def test_a_line_cut_while_the_file_is_named_is_unsure_and_the_next_attempt_settles_it(
    council: SocialServicesReceiver, door: Door, message: Message, now: datetime
) -> None:
    council.hang_up_after_naming = True
    with pytest.raises(Unsure) as unsure:
        door().deliver(message, KEY, now)
    assert unsure.value.code == "no_answer"
    council.hang_up_after_naming = False
    assert door().deliver(message, KEY, now).rung is Rung.TAKEN
    assert council.received == [(message.filename, message.body)]


def test_a_name_that_would_leave_the_folder_is_refused(door: Door, message: Message, now: datetime) -> None:
    with pytest.raises(Refused) as refused:
        door().deliver(replace(message, filename="../x"), KEY, now)
    assert refused.value.code == "name_unsafe"


def test_a_file_that_holds_no_key_is_named_by_field_alone(door: Door, message: Message, now: datetime) -> None:
    with pytest.raises(TryLater) as later:
        door(host_key="not a key").deliver(message, KEY, now)
    assert later.value.code == "secret_unreadable"
    assert "not a key" not in str(later.value)


def test_a_check_proves_the_server_and_the_folder_and_leaves_nothing(
    council: SocialServicesReceiver, door: Door
) -> None:
    assert door().check().proven == ("the server's key", "our sign-in", "the folder")
    assert door(folder="nowhere").check().proven == ()
    assert list(council.folder.iterdir()) == []
