"""The checkpoint mailed once a week, through a real mail server: to whom, how often, and what it is good for."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from hub.audit import log, verify
from hub.audit.cosignatures import cosigned_at, parse_cosigner
from hub.audit.note import Checkpoint, sign_checkpoint
from hub.audit.tree import leaf_hash, root_of
from hub.bootstrap import Hub
from hub.cli.demo.receivers import Certificates, StopHateReceiver, make_certificate_authority
from hub.delivery.checkpoint_mail import read_checkpoint_mail
from hub.errors import BadInput
from hub.flow.checkpoint import lasting_key, latest, verifier_key
from hub.flow.export import bundle_export, export
from hub.flow.mail_checkpoint import mail_checkpoint
from hub.flow.readiness import look
from hub.store.scope import NOBODY
from hub.worker.tasks import MAIL
from tests import logs
from tests.conftest import OpenHub
from tests.hubs import HandClock, lengthen_log, open_test_hub

DPO, COUNCIL = "dpo@homes.harbour.example", "audit@council.example"


class MailRelay(StopHateReceiver):
    """A relay that can be away and come back at its port, and that does not know every mailbox."""

    def __init__(self, certificates: Certificates, port: int = 0) -> None:
        self._wanted = port
        self.unknown: set[str] = set()
        self.meanwhile: Callable[[], None] = lambda: None
        super().__init__(certificates)

    @property
    def emails(self) -> list[EmailMessage]:
        return [message_from_bytes(content, _class=EmailMessage, policy=default) for _, content in self.received]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: object, session: object, envelope: Envelope, address: str, options: list[str]
    ) -> str:  # fmt: skip
        del server, session, options
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # type: ignore[override]  # noqa: N802
        await asyncio.to_thread(self.meanwhile)
        return await super().handle_DATA(server, session, envelope)  # type: ignore[arg-type]

    async def _listen(self) -> asyncio.Server:
        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = SMTP(
                self, hostname="relay.example", require_starttls=True, tls_context=self._context,
                loop=asyncio.get_running_loop(),
            )  # fmt: skip
            return made

        return await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", self._wanted)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def relay(certificates: Certificates) -> Iterator[MailRelay]:
    made = MailRelay(certificates)
    yield made
    made.stop()


@pytest.fixture
def data(tmp_path: Path, relay: MailRelay, certificates: Certificates) -> Path:
    """The data folder of the hub, where it says who is mailed."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "checkpoint-mail.toml").write_text(
        f'host = "127.0.0.1"\nport = {relay.port}\nca_file = "{certificates.ca_file}"\n'
        f'sender = "hub@homes.harbour.example"\nrecipients = ["{DPO}", "{COUNCIL}"]\ntimeout = 10\n',
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hub(open_hub_here: OpenHub, data: Path, clock: HandClock) -> Hub:
    assert data.exists()
    return open_hub_here(clock)


@pytest.fixture
def on_sqlite(data: Path, clock: HandClock) -> Iterator[Hub]:
    hub = open_test_hub(data, f"sqlite:///{data / 'concordat.sqlite3'}", clock)
    yield hub
    hub.house.store.close()


def attached(email: EmailMessage) -> bytes:
    (attachment,) = email.iter_attachments()
    content = attachment.get_content()
    assert isinstance(content, bytes)
    return content


def check(folder: Path, hub: Hub, packed: bytes, mailed: bytes) -> int:
    """What `concordat verify EXPORT --key KEY --older FILE` ends with."""
    (folder / "log.zip").write_bytes(packed)
    (folder / "checkpoint.txt").write_bytes(mailed)
    words = [str(folder / "log.zip"), "--key", verifier_key(hub.house)]
    assert verify.main(words) == 0, "whole in itself, mailed or not"
    return verify.main([*words, "--older", str(folder / "checkpoint.txt")])


def rewritten(hub: Hub) -> bytes:
    """An export from which one entry was left out, under a checkpoint that the hub's own key signed."""
    leaves = logs.leaves(hub.house.store)
    del leaves[3]
    name, root = hub.house.name, root_of(map(leaf_hash, leaves))
    return bundle_export(sign_checkpoint(Checkpoint(name, len(leaves), root), name, hub.house.keys.log), leaves)


def test_once_a_week_each_mailbox_is_mailed_by_itself(hub: Hub, relay: MailRelay, clock: HandClock) -> None:
    mail_checkpoint(hub.house)
    assert sorted(str(email["To"]) for email in relay.emails) == sorted([DPO, COUNCIL])
    for email in relay.emails:
        size = latest(hub.house).split("\n")[1]
        assert email["Subject"] == f"Checkpoint of the audit log of hub.concordat.example: {size} entries"
        assert {email["From"], email["To"]} < {"hub@homes.harbour.example", DPO, COUNCIL}
        body = email.get_body()
        assert body is not None
        assert f"--older checkpoint-{size}.txt" in body.get_content()
    clock.move(days=6, hours=23)
    mail_checkpoint(hub.house)
    assert len(relay.received) == 2
    clock.move(hours=1)
    mail_checkpoint(hub.house)
    assert len(relay.received) == 4


def test_the_mailed_checkpoint_proves_of_a_later_export_that_it_only_adds_and_catches_a_rewritten_log(
    hub: Hub, relay: MailRelay, tmp_path: Path
) -> None:
    mail_checkpoint(hub.house)
    mailed = attached(relay.emails[0])
    assert mailed.decode() == latest(hub.house)
    assert cosigned_at(mailed.decode(), parse_cosigner(lasting_key(hub.house))) is not None
    lengthen_log(hub, 300)
    assert check(tmp_path, hub, export(hub.house, None), mailed) == 0
    assert check(tmp_path, hub, rewritten(hub), mailed) == 1


def test_while_the_relay_is_away_nothing_is_lost_and_it_is_tried_again_after_an_hour(
    hub: Hub, relay: MailRelay, certificates: Certificates, clock: HandClock
) -> None:
    assert "CHECKPOINT_NOT_MAILED" not in look(hub.house).degraded
    relay.stop()
    mail_checkpoint(hub.house)
    assert "CHECKPOINT_NOT_MAILED" in look(hub.house).degraded
    with ExitStack() as ending:
        back = MailRelay(certificates, relay.port)
        ending.callback(back.stop)
        mail_checkpoint(hub.house)
        assert back.received == [], "whoever claimed it may still be at it"
        clock.move(hours=1)
        mail_checkpoint(hub.house)
        assert len(back.received) == 2
    assert "CHECKPOINT_NOT_MAILED" not in look(hub.house).degraded
    for days, is_late in ((13, False), (2, True)):
        clock.move(days=days)
        mail_checkpoint(hub.house)
        assert ("CHECKPOINT_NOT_MAILED" in look(hub.house).degraded) is is_late


def test_a_mailbox_that_is_refused_keeps_no_other_from_its_mail_and_has_nobody_mailed_twice(
    on_sqlite: Hub, relay: MailRelay, clock: HandClock
) -> None:
    relay.unknown.add(COUNCIL)
    for _ in range(3):
        mail_checkpoint(on_sqlite.house)
        clock.move(hours=2)
    assert [email["To"] for email in relay.emails] == [DPO]
    assert "CHECKPOINT_NOT_MAILED" in look(on_sqlite.house).degraded
    relay.unknown.clear()
    mail_checkpoint(on_sqlite.house)
    assert [email["To"] for email in relay.emails] == [DPO, COUNCIL]
    assert "CHECKPOINT_NOT_MAILED" not in look(on_sqlite.house).degraded


def test_several_processes_that_find_it_due_at_once_mail_it_once(
    hub: Hub, open_hub_here: OpenHub, relay: MailRelay, clock: HandClock
) -> None:
    houses = [hub.house, *(open_hub_here(clock, create=False).house for _ in range(2))]
    together = threading.Barrier(6)

    def mail(at: int) -> None:
        together.wait()
        mail_checkpoint(houses[at % 3])

    with ThreadPoolExecutor(6) as hands:
        list(hands.map(mail, range(6)))
    assert sorted(str(email["To"]) for email in relay.emails) == sorted([DPO, COUNCIL])


def test_no_transaction_is_open_while_it_is_mailed(hub: Hub, relay: MailRelay) -> None:
    written: list[int] = []

    def write() -> None:
        with hub.house.store.write(NOBODY) as tx:
            log.touch(tx)
            written.append(log.size(tx))

    relay.meanwhile = write
    mail_checkpoint(hub.house)
    assert len(written) == len(relay.received) == 2


def test_a_clock_that_was_ahead_and_is_put_right_keeps_nobody_from_being_mailed(
    on_sqlite: Hub, relay: MailRelay, clock: HandClock
) -> None:
    clock.move(days=400)
    mail_checkpoint(on_sqlite.house)
    clock.move(days=-400)
    mail_checkpoint(on_sqlite.house)
    assert len(relay.received) == 4


def test_the_timetable_mails_it(on_sqlite: Hub, relay: MailRelay) -> None:
    on_sqlite.celery().tasks[MAIL].apply().get()
    assert len(relay.received) == 2


def test_a_hub_that_names_nobody_mails_nobody_and_is_well(embedded_hub: Hub) -> None:
    mail_checkpoint(embedded_hub.house)
    assert embedded_hub.house.checkpoint_mail is None
    assert look(embedded_hub.house).degraded == ()


GOOD = 'host = "relay.example"\nsender = "hub@homes.example"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD, "recipients: Field required"),
        (GOOD + "recipients = []", "recipients: "),
        (GOOD + 'recipients = ["dpo@homes.example, hidden@homes.example"]', "recipients.0: "),
        (GOOD + 'recipients = ["dpo@homes.example"]\nsecurity = "none"', "security: "),
        (GOOD + 'recipients = ["dpo@homes.example"]\nunknown = "hidden"', "unknown: Extra inputs"),
        (GOOD + 'recipients = ["dpo@homes.example"]\nca_file = "hidden.pem"', "ca_file: "),
        ("recipients = ", "not TOML: "),
        (b"\xff", "not TOML: "),
    ],
    ids=[
        "no mailbox",
        "an empty list",
        "two in one",
        "no TLS",
        "a field that is none",
        "no full path",
        "no TOML",
        "no text",
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_name_and_field_and_never_by_value(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    (tmp_path / "checkpoint-mail.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as refused:
        read_checkpoint_mail(tmp_path, "hub.concordat.example")
    assert refused.value.says.startswith(f"checkpoint-mail.toml: {told}")
    assert refused.value.says.endswith("; see docs/witnessing.md")
    assert "hidden" not in refused.value.says


def test_a_hub_whose_file_cannot_be_used_does_not_start_and_opens_no_database(data: Path) -> None:
    (data / "checkpoint-mail.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(BadInput, match=r"checkpoint-mail\.toml: recipients"):
        open_test_hub(data, f"sqlite:///{data / 'fresh' / 'concordat.sqlite3'}")
