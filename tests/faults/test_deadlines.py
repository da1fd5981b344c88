"""No attempt outlasts its deadline, and no deadline outlasts a lease: two attempts at one disclosure never meet."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from connectors.contract import Message, Transport, TryLater
from connectors.registry import AgencyDoor, timeout_of
from connectors.transports.deadline import GOODBYE, LONGEST_ATTEMPT, Deadline
from connectors.transports.secure_email import SecureEmail, SecureEmailSettings
from connectors.transports.sftp import Sftp, SftpSettings
from connectors.transports.webhook import Webhook, WebhookSettings
from hub.settings import Settings
from protocols.vocabulary import AgencyKind
from tests.connectors.conftest import secret_file

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)

Make = Callable[[float], Transport]


@pytest.fixture
def transports(tmp_path: Path) -> dict[str, Make]:
    """Every transport that goes out, to a name, by the seconds that an attempt may take."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    host_key_file = secret_file(tmp_path, "host.pub", key.export_public_key())
    client_key_file = secret_file(tmp_path, "client.key", key.export_private_key())

    def sftp(timeout: float) -> Transport:
        return Sftp(
            SftpSettings(
                host="sftp.council.example", username="concordat", host_key_file=host_key_file,
                client_key_file=client_key_file, timeout=timeout,
            )
        )  # fmt: skip

    def email(timeout: float) -> Transport:
        return SecureEmail(
            SecureEmailSettings(
                host="relay.example", sender="hub@lmh.example", recipient="in@agency.example", timeout=timeout
            ),
            "hub.lmh.example",
        )

    def webhook(timeout: float) -> Transport:
        settings = WebhookSettings(url="https://police.example/", timeout=timeout)
        return Webhook(settings, Ed25519PrivateKey.generate(), "hub.lmh.example")

    return {"sftp": sftp, "secure_email": email, "webhook": webhook}


@pytest.fixture
def silent_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No look-up of a name comes back until the event is set: a name server that cannot be reached."""
    answers = threading.Event()

    def look_up(*asked: object, **more: object) -> None:
        del asked, more
        answers.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no name server")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield answers
    answers.set()


@pytest.mark.parametrize("name", ["sftp", "secure_email", "webhook"])
def test_a_name_server_that_never_answers_holds_no_attempt_past_its_deadline(
    name: str, transports: dict[str, Make], silent_resolver: threading.Event, message: Message, key: str
) -> None:
    with pytest.raises(TryLater) as later:
        transports[name](0.2).deliver(message, key, NOW)
    assert later.value.code == "no_connection"
    assert not silent_resolver.is_set()
    assert transports[name](0.2).check().proven == ()
    assert not silent_resolver.is_set()


@pytest.mark.parametrize("name", ["sftp", "secure_email", "webhook"])
def test_no_attempt_may_be_set_to_last_as_long_as_a_lease(name: str, transports: dict[str, Make]) -> None:
    transports[name](LONGEST_ATTEMPT)
    for wrong in (LONGEST_ATTEMPT + 0.001, 0, -1, float("nan"), float("inf")):
        with pytest.raises(ValidationError):
            transports[name](wrong)


def test_a_lease_outlasts_the_longest_attempt_and_its_goodbyes() -> None:
    assert Settings.model_fields["lease_seconds"].default > LONGEST_ATTEMPT + 2 * GOODBYE
    for settings in (SftpSettings, SecureEmailSettings, WebhookSettings):
        assert settings.model_fields["timeout"].default <= LONGEST_ATTEMPT


@pytest.mark.parametrize(("transport", "settings", "seconds"), [
    ("webhook", {"url": "https://police.example/"}, 20.0),
    ("webhook", {"url": "https://police.example/", "timeout": 45}, 45.0),
    ("carried", {"folder": "/srv/out"}, None),
    ("own", {"timeout": 7}, None),
])  # fmt: skip
def test_the_hub_knows_how_long_an_attempt_at_each_door_may_take(
    transport: str, settings: dict[str, object], seconds: float | None
) -> None:
    door = AgencyDoor(kind=AgencyKind.POLICE, name="x", partner="police", transport=transport, settings=settings)
    assert timeout_of(door) == seconds


def test_a_deadline_only_ever_comes_nearer() -> None:
    deadline = Deadline(60)
    assert 0 < deadline.left() <= 60
    deadline.bring_forward(600)
    assert deadline.left() <= 60
    deadline.bring_forward(5)
    assert deadline.left() <= 5
    deadline.bring_forward(0)
    with pytest.raises(TimeoutError):
        deadline.left()


def test_an_attempt_leaves_no_thread_and_no_loop_behind(
    transports: dict[str, Make], monkeypatch: pytest.MonkeyPatch, message: Message, key: str
) -> None:
    def refuse(*asked: object, **more: object) -> None:
        del asked, more
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    before = set(threading.enumerate())
    for make in transports.values():
        with pytest.raises(TryLater):
            make(5).deliver(message, key, NOW)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
