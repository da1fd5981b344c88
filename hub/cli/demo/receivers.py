"""Receiving agencies as real servers on this machine, each on a free port of 127.0.0.1, in threads of their own.

They know nothing of the hub's code: what they check, they check by themselves, as a partner would.
"""

import asyncio
import base64
import binascii
import json
import ssl
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default as default_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol, TypeVar

import asyncssh
from aiosmtpd.smtp import SMTP
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.cli.demo.certificates import Certificates, make_certificate_authority

__all__ = [
    "Certificates", "PoliceReceiver", "SocialServicesReceiver", "StopHateReceiver", "make_certificate_authority",
]  # fmt: skip

HOST = "127.0.0.1"
LARGEST = 20 * 1024 * 1024
SECONDS_OF_GRACE = 300

T = TypeVar("T")


class PoliceReceiver:
    """An HTTPS door that checks our signature, notices copies by `webhook-id`, and answers with a crime reference.

    `received` lists what was taken, once each; `copies` counts second deliveries; `refused` counts bad signatures.
    """

    def __init__(self, certificates: Certificates, public_key: Ed25519PublicKey) -> None:
        """Start listening; `public_key` is the hub's."""
        self.received: list[tuple[str, bytes]] = []
        self.copies = 0
        self.refused = 0
        self._busy_answers = 0
        self._retry_after = 1
        self._public_key = public_key
        self._references: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = _HttpsServer(self, _server_context(certificates))
        self.port: int = self._server.server_address[1]
        self.address = f"https://{HOST}:{self.port}/disclosures"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="police", daemon=True)
        self._thread.start()

    def be_busy(self, times: int, retry_after: int = 1) -> None:
        """Answer the next `times` requests 503, taking nothing, and ask for `retry_after` seconds."""
        with self._lock:
            self._busy_answers, self._retry_after = times, retry_after

    def stop(self) -> None:
        """Stop listening; what was received stays readable."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one POST whose header names are in lower case."""
        with self._lock:
            if self._busy_answers:
                self._busy_answers -= 1
                return 503, {"retry-after": str(self._retry_after)}, b""
            if not _is_signed(self._public_key, headers, body):
                self.refused += 1
                return 401, {}, b'{"error": "signature"}'
            message_id = headers["webhook-id"]
            known = message_id in self._references
            if known:
                self.copies += 1
            else:
                self._references[message_id] = f"CRIME/26/{len(self._references) + 1:05d}"
                self.received.append((message_id, body))
            return 200 if known else 202, {}, json.dumps({"reference": self._references[message_id]}).encode()


class _HttpsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: PoliceReceiver, context: ssl.SSLContext) -> None:
        super().__init__((HOST, 0), _PoliceHandler)
        self.receiver = receiver
        # The handshake waits for the handler's own thread, so that one silent caller does not keep out the next.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller who hung up, or who does not trust us, is no news."""


class _PoliceHandler(BaseHTTPRequestHandler):
    server: _HttpsServer
    timeout = 10
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        if length > LARGEST:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        sent = self.rfile.read(length)
        if len(sent) < length:
            self.close_connection = True  # the caller hung up halfway: nothing came (RFC 9112, 8)
            return
        status, extra, body = self.server.receiver.answer(headers, sent)
        self.send_response(status)
        for name, value in (extra | {"content-type": "application/json", "content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the standard library's
        """Say nothing: what the demonstration prints is its own."""


def _is_signed(key: Ed25519PublicKey, headers: dict[str, str], body: bytes) -> bool:
    """Standard Webhooks, asymmetric: Ed25519 over `id.timestamp.body`, no older than five minutes."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(datetime.now(UTC).timestamp() - int(timestamp)) > SECONDS_OF_GRACE:
        return False
    content = f"{message_id}.{timestamp}.".encode() + body
    for one in headers.get("webhook-signature", "").split():
        version, _, encoded = one.partition(",")
        try:
            if version == "v1a":
                key.verify(base64.b64decode(encoded, validate=True), content)
                return True
        except (InvalidSignature, binascii.Error):
            continue
    return False


class SocialServicesReceiver:
    """An SFTP server that shows each caller one folder, lists every file given its final name, and acknowledges it.

    `host_key` is the server's public key, for the hub to pin. `acknowledges` may be set to False; with
    `hang_up_after_naming` the line breaks when a file has been taken and the caller has not yet been told.
    """

    def __init__(self, folder: Path, client_key: str) -> None:
        """Start listening. `folder` becomes the caller's whole world; `client_key` is the hub's public key line."""
        self.received: list[tuple[str, bytes]] = []
        self.acknowledges = True
        self.hang_up_after_naming = False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        server_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = server_key.export_public_key().decode("ascii")
        self._loop = _LoopThread("social services")
        self._server = self._loop.run(self._listen(server_key, asyncssh.import_authorized_keys(client_key)))
        self.host, self.port = HOST, self._server.get_port()
        self.address = f"sftp://{HOST}:{self.port}"

    def stop(self) -> None:
        """Stop listening; what was received stays readable. A second call does nothing."""
        self._loop.stop(self._server)

    async def _listen(
        self, server_key: asyncssh.SSHKey, client_keys: asyncssh.SSHAuthorizedKeys
    ) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            HOST, 0, server_host_keys=[server_key], authorized_client_keys=client_keys, config=None,
            sftp_factory=lambda channel: _Inbox(channel, self), agent_forwarding=False, allow_pty=False,
        )  # fmt: skip


class _Inbox(asyncssh.SFTPServer):
    """Sees a file when it is given its final name: until then it is not delivered."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", receiver: SocialServicesReceiver) -> None:
        super().__init__(channel, chroot=str(receiver.folder).encode())
        self._connection = channel.get_connection()
        self._receiver = receiver

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().posix_rename(oldpath, newpath)
        self._take(newpath)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        super().rename(oldpath, newpath)
        self._take(newpath)

    def _take(self, newpath: bytes) -> None:
        path = Path(self.map_path(newpath).decode())
        self._receiver.received.append((path.name, path.read_bytes()))
        if self._receiver.acknowledges:
            path.with_name(path.name + ".ack").write_bytes(b"taken\n")
        if self._receiver.hang_up_after_naming:
            self._connection.abort()


class StopHateReceiver:
    """A mail server that takes nothing before STARTTLS. `received` lists Message-ID and the email's bytes."""

    def __init__(self, certificates: Certificates) -> None:
        """Start listening."""
        self.received: list[tuple[str, bytes]] = []
        self._context = _server_context(certificates)
        self._loop = _LoopThread("stop hate")
        self._server = self._loop.run(self._listen())
        self.host, self.port = HOST, int(self._server.sockets[0].getsockname()[1])
        self.address = f"smtp://{HOST}:{self.port}"

    def stop(self) -> None:
        """Stop listening; what was received stays readable. A second call does nothing."""
        self._loop.stop(self._server)

    async def handle_DATA(self, server: object, session: object, envelope: "_Envelope") -> str:  # noqa: N802  # aiosmtpd's
        """Take one email (aiosmtpd calls this)."""
        del server, session
        email = message_from_bytes(envelope.content, policy=default_policy)
        self.received.append((str(email["Message-ID"]), envelope.content))
        return "250 taken"

    async def _listen(self) -> asyncio.Server:
        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = SMTP(
                self, hostname="stop-hate.example", ident="ESMTP", require_starttls=True, tls_context=self._context,
                loop=asyncio.get_running_loop(),
            )  # fmt: skip
            return made

        return await asyncio.get_running_loop().create_server(protocol, HOST, 0)


class _Envelope(Protocol):
    content: bytes


class _Closes(Protocol):
    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...


async def _closed(server: _Closes) -> None:
    server.close()
    await server.wait_closed()


class _LoopThread:
    """An event loop in a thread, for servers that are written for one."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """The result of `work`, done in the loop."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(timeout=30)

    def stop(self, server: _Closes) -> None:
        """Close the server, cancel what is left, end the loop and its thread; nothing where that was done."""
        if self._loop.is_closed():
            return
        self.run(_closed(server))
        self.run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_the_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates.server_certificate, certificates.server_key)
    return context
