"""The mail of a checkpoint: to whom and by which relay, as a file says, and the email itself.

What is handed in is a checkpoint: numbers and hashes, which anybody may have from the hub's own address.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from connectors.contract import DeliveryProblem
from connectors.transports.relay import Mailbox, Relay, RelaySettings
from hub.errors import BadInput
from protocols.record.labels import wrong_fields

FILE: Final = "checkpoint-mail.toml"

_TEXT: Final = """\
Attached is the checkpoint of the audit log of {hub}, over {size} entries. Keep it as it is, where nobody of
{hub} can take it away.

Whoever has it can tell whether the log was rewritten since: ask for an export of the log, and run

    concordat verify EXPORT --key KEY --older {name}

with the log's public key as it was read out to you.
"""


class CheckpointMailSettings(RelaySettings):
    """The relay, and the mailboxes that receive: each is mailed by itself and named to none of the others."""

    recipients: Annotated[frozenset[Mailbox], Field(strict=False, min_length=1, max_length=10)]


@dataclass(frozen=True)
class CheckpointMail:
    """Who is mailed the checkpoint of this hub, and how."""

    settings: CheckpointMailSettings
    hub_name: str

    @property
    def recipients(self) -> tuple[str, ...]:
        """Their mailboxes."""
        return tuple(sorted(self.settings.recipients))

    def post(self, recipient: str, checkpoint: str, at: datetime) -> str | None:
        """Mail it, with no transaction open; None when the relay took it, or a stable code of why not."""
        try:
            Relay(self.settings, self.hub_name).mail(recipient, self._email(recipient, checkpoint, at))
        except DeliveryProblem as problem:
            return problem.code
        return None

    def _email(self, recipient: str, checkpoint: str, at: datetime) -> bytes:
        hub, size = checkpoint.split("\n")[:2]
        name = f"checkpoint-{size}.txt"
        message_id = hashlib.sha256(f"{recipient} {at.isoformat()}".encode()).hexdigest()[:32]
        email = EmailMessage(policy=SMTP_POLICY)
        email["From"], email["To"], email["Date"] = self.settings.sender, recipient, format_datetime(at)
        email["Subject"] = f"Checkpoint of the audit log of {hub}: {size} entries"
        email["Message-ID"], email["Auto-Submitted"] = f"<{message_id}@{self.hub_name}>", "auto-generated"
        email.set_content(_TEXT.format(hub=hub, size=size, name=name))
        # Not as text: a mail program may change the line ends of that, and every byte is signed.
        email.add_attachment(checkpoint.encode(), maintype="application", subtype="octet-stream", filename=name)
        return email.as_bytes()


def read_checkpoint_mail(folder: Path, hub_name: str) -> CheckpointMail | None:
    """Who is mailed the checkpoint, as `checkpoint-mail.toml` in that folder says; None without it.

    Raises BadInput naming the file and each field that is wrong, never the value found there.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return CheckpointMail(CheckpointMailSettings.model_validate(tables), hub_name)
    except ValidationError as problem:
        says = wrong_fields(problem)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        says = f"not TOML: {problem}"
    raise BadInput("POLICY_WRONG", FILE, says, "see docs/witnessing.md")
