"""Email to an agency's mailbox through one relay, the message attached. Nobody notices a second copy of an email."""

import hashlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from connectors.contract import Check, DeliveryProblem, Idempotency, Message, Receipt, Refused, Rung
from connectors.transports.relay import Mailbox, Relay, RelaySettings

HIGHEST_RUNG = Rung.ACCEPTED
IDEMPOTENCY = Idempotency.NONE
MAX_BYTES = 15 * 1024 * 1024


class SecureEmailSettings(RelaySettings):
    """The relay and the one mailbox that receives."""

    recipient: Mailbox


class SecureEmail:
    """Carries messages to one mailbox through one relay."""

    def __init__(self, settings: SecureEmailSettings, hub_name: str) -> None:
        """Hold the address; open nothing. `hub_name`, a host name, greets the relay and ends every Message-ID."""
        self._settings, self._hub_name = settings, hub_name
        self._relay = Relay(settings, hub_name)

    def check(self) -> Check:
        """Reach the relay, prove its certificate, sign in; say nothing of any case."""
        try:
            self._relay.check()
        except DeliveryProblem:
            return Check((), ("the relay answers under TLS with a certificate we trust, and lets us in",))
        return Check(("the relay's certificate and name",), ("that the mailbox is the agency's", "that mail is read"))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Submit one email with the message attached. A relay's 4xx is TryLater, its 5xx Refused."""
        if len(message.body) > MAX_BYTES:
            raise Refused("too_large", "the message is larger than this door takes")
        message_id = f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}@{self._hub_name}>"
        self._relay.mail(self._settings.recipient, self._email(message, message_id, at))
        return Receipt(Rung.ACCEPTED, at, f"250 for {message_id}")

    def _email(self, message: Message, message_id: str, at: datetime) -> bytes:
        email = EmailMessage(policy=SMTP_POLICY)
        email["From"], email["To"] = self._settings.sender, self._settings.recipient
        email["Subject"], email["Date"], email["Message-ID"] = message.subject, format_datetime(at), message_id
        email["Sensitivity"], email["Auto-Submitted"] = "Company-Confidential", "auto-generated"
        email.set_content("A disclosure is attached. Its first lines say how to handle it and where to reply.\n")
        maintype, _, subtype = message.media_type.partition(";")[0].partition("/")
        email.add_attachment(message.body, maintype=maintype, subtype=subtype, filename=message.filename)
        return email.as_bytes()
