"""Email by submission to one relay, under TLS whose certificate was verified, or not at all.

STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314). Where TLS is not offered, nothing that names a person or a
case has been said by then. A line that breaks once the email's end may have left is Unsure; before that the relay must
drop what it has (RFC 5321, 4.1.1.10).
"""

import smtplib
import ssl
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from connectors.contract import DeliveryProblem, Refused, TryLater, Unsure
from connectors.transports.deadline import Deadline, WithinSeconds
from connectors.transports.files import FilePath, is_mistrust, read_secret, trusting
from connectors.transports.hosts import HostName
from connectors.transports.mail_line import MailLine
from protocols.record.labels import Strict

Mailbox = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$")]


class RelaySettings(Strict):
    """The relay, and who sends through it. `timeout` is for the whole of one email, in seconds."""

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls"] = "starttls"
    sender: Mailbox
    ca_file: FilePath | None = None
    username: str | None = None
    password_file: FilePath | None = None
    timeout: WithinSeconds = 20.0


class Relay:
    """Takes emails for one mailbox each."""

    def __init__(self, settings: RelaySettings, hub_name: str) -> None:
        """Hold the address; open nothing. `hub_name`, a host name, greets the relay."""
        self._settings = settings
        self._hub_name = hub_name

    def check(self) -> None:
        """Reach it, prove its certificate, sign in; say nothing of any email. Raises as `mail`."""
        self._open().take_leave()

    def mail(self, recipient: str, content: bytes) -> None:
        """Submit one email. A relay's 4xx is TryLater, its 5xx Refused; Unsure where it may have been taken."""
        line = self._open()
        try:
            self._address(line, recipient)
            self._hand_over(line, content)
        except DeliveryProblem:
            line.close()
            raise
        line.take_leave()  # what was accepted stays accepted, whether the relay still listens or not

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

    def _address(self, line: MailLine, recipient: str) -> None:
        try:
            _demand_success(line.mail(self._settings.sender)[0], has_left=False)
            _demand_success(line.rcpt(recipient)[0], has_left=False)
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
