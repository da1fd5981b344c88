"""The standard library's SMTP client, held to one deadline and to a small cap on what a relay may say.

By itself it waits anew for every single byte, so that a relay which drips would hold it for ever, and it keeps every
line of an answer that never ends.
"""

import io
import re
import smtplib
import socket
import ssl

from connectors.transports.deadline import GOODBYE, Deadline, connect

MAX_HEARD = 64 * 1024
"""Bytes that a relay may say in one conversation; a polite one needs about two thousand."""

_PIECE = 16 * 1024
_DOT_AT_A_LINES_BEGINNING = re.compile(rb"(?m)^\.")


class MailLine(smtplib.SMTP):
    """One conversation with one relay. Every call raises OSError (TimeoutError among them) when it cannot go on."""

    def __init__(self, host: str, port: int, hub_name: str, deadline: Deadline, tls: ssl.SSLContext | None) -> None:
        """Connect and hear the greeting; under `tls` from the first byte where that is given."""
        self._deadline, self._tls = deadline, tls
        self.has_ended_email = False
        super().__init__(host, port, hub_name)

    def connect(self, host: str = "", port: int = 0, source_address: object = None) -> tuple[int, bytes]:
        """Called by the constructor: the first address that takes a connection, and the relay's greeting."""
        self.sock = connect(host, port, self._deadline)
        if self._tls is not None:
            self.sock.settimeout(self._deadline.left())
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=host)
        self.file = None
        return self.getreply()

    def send(self, s: object) -> None:
        """Send it all, however slowly it is taken, until the deadline."""
        whole = s.encode(self.command_encoding) if isinstance(s, str) else bytes(memoryview(s))  # type: ignore[arg-type]
        try:
            for start in range(0, len(whole), _PIECE):
                if self.sock is None:
                    raise smtplib.SMTPServerDisconnected("not connected")
                self.sock.settimeout(self._deadline.left())
                self.sock.sendall(whole[start : start + _PIECE])
        except OSError:
            self.close()
            raise smtplib.SMTPServerDisconnected("the line broke") from None

    def getreply(self) -> tuple[int, bytes]:
        """One reply; its code is -1 where it is none by the protocol."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Heard(self.sock, self._deadline))
        elif self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        try:
            return super().getreply()
        except smtplib.SMTPResponseException:  # how the library tells of a line without end, as if the relay said no
            raise smtplib.SMTPServerDisconnected("the relay's line has no end") from None

    def hand_over(self, email: bytes) -> int:
        """DATA; the code of the reply to the whole email, -1 where DATA was not answered as the protocol has it.

        Until `has_ended_email`, a relay that loses the line must drop what it has (RFC 5321, 4.1.1.10).
        """
        code, _ = self.docmd("DATA")
        if code != 354:
            return code if code // 100 in (4, 5) else -1
        self.send(_DOT_AT_A_LINES_BEGINNING.sub(b"..", email))
        self.has_ended_email = True
        self.send(b".\r\n")
        return self.getreply()[0]

    def take_leave(self) -> None:
        """Say goodbye if the relay still listens, and wait for no more than a moment."""
        self._deadline.bring_forward(GOODBYE)
        try:
            self.quit()
        except OSError:
            self.close()


class _Heard(io.RawIOBase):
    """What a relay says, until the deadline or the cap."""

    def __init__(self, line: socket.socket, deadline: Deadline) -> None:
        self._line, self._deadline, self._heard = line, deadline, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._heard > MAX_HEARD:
            raise OSError("the relay talks without end")
        self._line.settimeout(self._deadline.left())
        count = self._line.recv_into(buffer)
        self._heard += count
        return count
