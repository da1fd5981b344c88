import base64
import hashlib
import hmac
import smtplib
import socket
import ssl
from datetime import datetime
from pathlib import Path
from stat import S_IMODE

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.cli.demo.receivers import Certificates, PoliceReceiver, StopHateReceiver, make_certificate_authority


def post(police: PoliceReceiver, certificates: Certificates, headers: dict[str, str]) -> int:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.post(police.address, content=b"body", headers=headers).status_code


def signed(key: Ed25519PrivateKey, at: int, body: bytes = b"body", version: str = "v1a") -> dict[str, str]:
    """Standard Webhooks headers made by hand, from the specification rather than from our code."""
    signature = base64.b64encode(key.sign(f"msg_1.{at}.".encode() + body)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"{version},{signature}"}


def test_the_police_take_what_is_signed_by_the_specification_and_nothing_else(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    at = int(now.timestamp())
    mac = base64.b64encode(hmac.new(b"key", f"msg_1.{at}.body".encode(), hashlib.sha256).digest()).decode()
    for bad in (
        {},
        signed(signing_key, at, b"other"),
        signed(signing_key, at - 400),
        signed(signing_key, at, version="v1"),
        signed(Ed25519PrivateKey.generate(), at),
        {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,{mac}"},
        {"webhook-id": "msg_1", "webhook-timestamp": "soon", "webhook-signature": "v1a,===="},
    ):
        assert post(police, certificates, bad) == 401
    assert (police.received, police.refused) == ([], 7)
    assert post(police, certificates, signed(signing_key, at)) == 202
    assert post(police, certificates, signed(signing_key, at)) == 200
    assert (police.received, police.copies) == ([("msg_1", b"body")], 1)


def test_what_breaks_off_halfway_never_came_to_the_police(
    police: PoliceReceiver, certificates: Certificates, signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    headers = signed(signing_key, int(now.timestamp())) | {"host": "police.example", "content-length": "4"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    context = ssl.create_default_context(cafile=certificates.ca_file)
    with socket.create_connection(("127.0.0.1", police.port), timeout=10) as line:
        ends = line.dup()
        with ends, context.wrap_socket(line, server_hostname="127.0.0.1") as secured:
            secured.sendall(f"POST /disclosures HTTP/1.1\r\n{head}\r\nbo".encode())
            ends.shutdown(socket.SHUT_WR)  # as where a sender is killed: no goodbye in TLS
            while ends.recv(1000):
                """Nothing but TLS saying that it broke off, until the other side has hung up as well."""
    assert (police.received, police.refused) == ([], 0)
    assert post(police, certificates, signed(signing_key, int(now.timestamp()))) == 202


def test_an_authority_leaves_files_for_its_owner_alone_and_never_its_own_key(tmp_path: Path) -> None:
    made = make_certificate_authority(tmp_path / "ca")
    files = sorted((tmp_path / "ca").iterdir())
    assert files == sorted([made.ca_file, made.server_certificate, made.server_key])
    assert {S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_charity_takes_no_email_before_tls(certificates: Certificates) -> None:
    charity = StopHateReceiver(certificates)
    try:
        with smtplib.SMTP(charity.host, charity.port, "hub.lmh.example", timeout=10) as smtp:
            smtp.ehlo()
            assert smtp.mail("hub@lmh.example")[0] == 530
    finally:
        charity.stop()
    assert charity.received == []
