"""Email by submission to one relay, under TLS whose certificate was verified, or not at all.

STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314). Where TLS is not offered, nothing that names a person or a
case has been said by then. Nobody notices a second copy of an email, so a line that breaks once the email's end may
have left is Unsure; before that the relay must drop what it has (RFC 5321, 4.1.1.10).
"""

import hashlib
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from connectors.contract import Check, DeliveryProblem, Idempotency, Message, Receipt, Refused, Rung, TryLater, Unsure
from connectors.transports.deadline import Deadline, WithinSeconds
from connectors.transports.files import FilePath, is_mistrust, read_secret, trusting
from connectors.transports.hosts import HostName
from connectors.transports.mail_line import MailLine
from protocols.record.labels import Strict

HIGHEST_RUNG = Rung.ACCEPTED
IDEMPOTENCY = Idempotency.NONE
MAX_BYTES = 15 * 1024 * 1024

Mailbox = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$")]


class SecureEmailSettings(Strict):
    """The relay and the one mailbox that receives. `timeout` is for the whole attempt, in seconds."""

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls"] = "starttls"
    sender: Mailbox
    recipient: Mailbox
    ca_file: FilePath | None = None
    username: str | None = None
    password_file: FilePath | None = None
    timeout: WithinSeconds = 20.0


class SecureEmail:
    """Carries messages to one mailbox through one relay."""

    def __init__(self, settings: SecureEmailSettings, hub_name: str) -> None:
        """Hold the address; open nothing. `hub_name`, a host name, greets the relay and ends every Message-ID."""
        self._settings = settings
        self._hub_name = hub_name

    def check(self) -> Check:
        """Reach the relay, prove its certificate, sign in; say nothing of any case."""
        try:
            self._open().take_leave()
        except DeliveryProblem:
            return Check((), ("the relay answers under TLS with a certificate we trust, and lets us in",))
        return Check(("the relay's certificate and name",), ("that the mailbox is the agency's", "that mail is read"))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Submit one email with the message attached. A relay's 4xx is TryLater, its 5xx Refused."""
        if len(message.body) > MAX_BYTES:
            raise Refused("too_large", "the message is larger than this door takes")
        message_id = f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}@{self._hub_name}>"
        content = self._email(message, message_id, at)
        line = self._open()
        try:
            self._address(line)
            self._hand_over(line, content)
        except DeliveryProblem:
            line.close()
            raise
        line.take_leave()  # what was accepted stays accepted, whether the relay still listens or not
        return Receipt(Rung.ACCEPTED, at, f"250 for {message_id}")

    def _open(self) -> MailLine:
        """A line under verified TLS, signed in. Raises TryLater or Refused: nothing has been said of a case."""
        context = trusting(self._settings.ca_file, "smtp")
        deadline = Deadline(self._settings.timeout)
        host, port, is_tls_first = self._settings.host, self._settings.port, self._settings.security == "tls"
        line: MailLine | None = None
        try:
            line = MailLine(host, port, self._hub_name, deadline, context if is_tls_first else None)
            if not is_tls_first:
                self._start_tls(line, context)
            _greet(line)
            self._sign_in(line)
        except (OSError, ValueError, DeliveryProblem) as problem:
            if line is not None:
                line.close()
            raise _before_anything_left(problem) from None
        return line

    def _start_tls(self, line: MailLine, context: ssl.SSLContext) -> None:
        _greet(line)
        if not line.has_extn("starttls"):
            raise Refused("tls_not_offered", "the relay offers no TLS; nothing was sent")
        line.starttls(context=context)

    def _sign_in(self, line: MailLine) -> None:
        if self._settings.username is None or self._settings.password_file is None:
            return
        password = read_secret(self._settings.password_file, "password_file").decode("utf-8", errors="replace").strip()
        line.login(self._settings.username, password)

    def _address(self, line: MailLine) -> None:
        try:
            _demand_success(line.mail(self._settings.sender)[0], has_left=False)
            _demand_success(line.rcpt(self._settings.recipient)[0], has_left=False)
        except OSError:
            raise TryLater("no_connection", "the relay went away before anything was handed over") from None

    def _hand_over(self, line: MailLine, content: bytes) -> None:
        try:
            code = line.hand_over(content)
        except OSError:
            if line.has_ended_email:
                raise Unsure("no_answer", "the line broke after the whole email had been handed over") from None
            raise TryLater("no_connection", "the line broke before the email's end; the relay drops it") from None
        _demand_success(code, has_left=line.has_ended_email)

    def _email(self, message: Message, message_id: str, at: datetime) -> bytes:
        email = EmailMessage(policy=SMTP_POLICY)
        email["From"], email["To"] = self._settings.sender, self._settings.recipient
        email["Subject"], email["Date"], email["Message-ID"] = message.subject, format_datetime(at), message_id
        email["Sensitivity"], email["Auto-Submitted"] = "Company-Confidential", "auto-generated"
        email.set_content("A disclosure is attached. Its first lines say how to handle it and where to reply.\n")
        maintype, _, subtype = message.media_type.partition(";")[0].partition("/")
        email.add_attachment(message.body, maintype=maintype, subtype=subtype, filename=message.filename)
        return email.as_bytes()


def _greet(line: MailLine) -> None:
    """EHLO. A relay that is busy offers nothing, and is not to be taken for one that never does."""
    code, _ = line.ehlo()
    if code != 250:
        _demand_success(code if code // 100 in (4, 5) else -1, has_left=False)


def _demand_success(code: int, *, has_left: bool) -> None:
    """Turn a reply's code into the problem it is; the relay's words are not kept, for they may repeat ours."""
    if code // 100 == 2:
        return
    if code // 100 == 4:
        raise TryLater(f"smtp_{code}", "the relay did not take the email for now")
    if code // 100 == 5:
        raise Refused(f"smtp_{code}", "the relay refused the email")
    if has_left:
        raise Unsure("smtp_reply_unknown", "the relay answered outside the protocol")
    raise TryLater("smtp_reply_unknown", "the relay answered outside the protocol before anything was handed over")


def _before_anything_left(problem: BaseException) -> DeliveryProblem:
    match problem:
        case DeliveryProblem():
            return problem
        case ssl.SSLError() if is_mistrust(problem):
            return TryLater("peer_not_proven", "the relay's certificate could not be verified; nothing was sent")
        case smtplib.SMTPResponseException() if problem.smtp_code // 100 == 5:
            return Refused(f"smtp_{problem.smtp_code}", "the relay refused us before anything was sent")
        case UnicodeError():
            return Refused("sign_in_not_ascii", "user name and password must be plain ASCII for this relay")
        case smtplib.SMTPNotSupportedError():
            return Refused("sign_in_not_offered", "the relay offers no way to sign in; check the settings")
        case _:
            return TryLater("no_connection", "the relay could not be reached, or did not keep to the protocol")
