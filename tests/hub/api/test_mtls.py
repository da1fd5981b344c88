"""Mutual TLS through a real nginx set up as docs/mtls.md says: the right certificate, another, none, a forged one."""

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.hub.access.machinery import Ed25519, assertion, form, signed
from tests.hub.api.served import Api, served
from tests.hub.api.test_machines import confirmed, given_key, given_token, registered
from tests.journeys.waiting import until
from tests.servers import REQUIRED

DOCUMENT = Path(__file__).parents[3] / "docs" / "mtls.md"
SECRET = "5f" * 32
WHERE = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


@dataclass
class Authority:
    """Issues certificates into a folder."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        made = self._builder(self._subject, self._key.public_key()).add_extension(x509.BasicConstraints(True, 0), True)
        self.pem = self._sign(made)

    def issue(self, name: str) -> tuple[Path, Path, str]:
        """Certificate file, key file, and the certificate as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        pem = self._sign(self._builder(subject, key.public_key()).add_extension(names, False))
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_text(pem)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, private, pem

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._subject).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )  # fmt: skip

    def _sign(self, builder: x509.CertificateBuilder) -> str:
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM).decode()


@dataclass
class Proxied:
    """A hub behind nginx. `past` goes straight to the hub."""

    api: Api
    address: str
    authority: Authority
    strangers: Authority

    def through(self, certificate: tuple[Path, Path, str] | None = None) -> httpx.Client:
        """A client of the proxy, with that certificate."""
        trusting = ssl.create_default_context(cadata=self.authority.pem)
        if certificate is not None:
            trusting.load_cert_chain(certificate[0], certificate[1])
        return httpx.Client(base_url=self.address, verify=trusting, trust_env=False, timeout=20)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """nginx as the document has it, with the test's own ports and files."""
    if shutil.which("nginx", path=WHERE) is None:
        (pytest.fail if REQUIRED else pytest.skip)("nginx is not installed; mutual TLS was not tested")
    folder = tmp_path_factory.mktemp("nginx")
    authority, strangers = Authority(folder, "machines"), Authority(folder, "strangers")
    with served(folder / "hub", proxy_secret=SECRET) as api, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        command = ["nginx", "-p", str(folder), "-c", str(_configuration(folder, authority, api, port))]
        process = subprocess.Popen(command, env={"PATH": WHERE})
        try:
            until(lambda: _listens(port), "nginx listens")
            yield Proxied(api, f"https://127.0.0.1:{port}", authority, strangers)
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _configuration(folder: Path, authority: Authority, api: Api, port: int) -> Path:
    (site,) = re.findall(r"^```nginx\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (line,) = re.findall(r"printf '(proxy_set_header .*)\\n' \"\$secret\"", DOCUMENT.read_text(encoding="utf-8"))
    certificate, private, _ = authority.issue("hub")
    (folder / "machines.pem").write_text(authority.pem)
    (folder / "proxy_secret.conf").write_text(line % SECRET)
    for before, after in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("/etc/concordat/tls/hub.pem", str(certificate)),
        ("/etc/concordat/tls/hub.key", str(private)), ("/etc/concordat/tls/", f"{folder}/"),
        ("http://127.0.0.1:8080", api.address),
    ):  # fmt: skip
        assert before in site
        site = site.replace(before, after)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{site}\n}}\n"
    )
    return whole


@dataclass
class Bound:
    """A machine with a key, a token and a pinned certificate."""

    id: str
    key: str
    pair: Ed25519
    token: str
    certificate: tuple[Path, Path, str]


def bound(proxied: Proxied, name: str) -> Bound:
    machine, pair = registered(proxied.api), Ed25519()
    key, token = given_key(proxied.api, machine, pair), given_token(proxied.api, machine)
    certificate = proxied.authority.issue(name)
    answer = proxied.api.ask(
        "POST", f"/v1/machines/{machine}/keys", "administrator", json={"certificate": certificate[2]}
    )
    assert answer.status_code == 201, answer.text
    confirmed(proxied.api, machine)
    return Bound(machine, key, pair, token, certificate)


def ways_in(one: Bound, client: httpx.Client, **headers: str) -> list[int]:
    """By token, by signature, by assertion; and with what the assertion was traded for, if it was."""
    now = datetime.now(UTC)
    by_token = client.get("/v1/feed", headers={"Authorization": f"Bearer {one.token}"} | headers)
    by_signature = client.get(
        "/v1/feed", headers=signed(f"{one.id}/{one.key}", one.pair, "GET", "/v1/feed", now) | headers
    )
    granted = client.post("/v1/token", data=form(assertion(one.id, one.pair, now)), headers=headers)
    codes = [by_token.status_code, by_signature.status_code, granted.status_code]
    if granted.status_code == 200:
        shown = {"Authorization": f"Bearer {granted.json()['access_token']}"}
        codes.append(client.get("/v1/feed", headers=shown | headers).status_code)
    return codes


def test_the_right_certificate_of_the_right_machine_passes_in_every_way(proxied: Proxied) -> None:
    one = bound(proxied, "right")
    with proxied.through(one.certificate) as client:
        assert ways_in(one, client) == [200, 200, 200, 200]


def test_another_machines_certificate_of_the_same_authority_is_refused(proxied: Proxied) -> None:
    one, other = bound(proxied, "one"), bound(proxied, "other")
    with proxied.through(other.certificate) as client:
        assert ways_in(one, client) == [401, 401, 401]
        assert ways_in(other, client) == [200, 200, 200, 200]


def test_no_certificate_is_refused(proxied: Proxied) -> None:
    one = bound(proxied, "absent")
    with proxied.through() as client:
        assert ways_in(one, client) == [401, 401, 401]


def test_a_certificate_of_another_authority_does_not_get_past_the_proxy(proxied: Proxied) -> None:
    one = bound(proxied, "foreign")
    with proxied.through(proxied.strangers.issue("stranger")) as client:
        assert ways_in(one, client) == [400, 400, 400]


def test_a_header_made_up_by_a_client_goes_no_further_than_the_proxy(proxied: Proxied) -> None:
    one = bound(proxied, "made-up")
    forged = {"X-Client-Cert": quote(one.certificate[2]), "X-Proxy-Secret": SECRET}
    with proxied.through() as client:
        assert ways_in(one, client, **forged) == [401, 401, 401]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "0", SECRET.upper()])
def test_a_header_made_up_straight_to_the_hub_is_not_believed(proxied: Proxied, secret: str | None) -> None:
    one = bound(proxied, "straight")
    forged = {"X-Client-Cert": quote(one.certificate[2])} | ({} if secret is None else {"X-Proxy-Secret": secret})
    assert ways_in(one, proxied.api.client, **forged) == [401, 401, 401]
    # It is the secret alone that was missing.
    assert ways_in(one, proxied.api.client, **forged | {"X-Proxy-Secret": SECRET}) == [200, 200, 200, 200]


def test_a_hub_without_a_proxys_secret_believes_nobody(api: Api) -> None:
    machine, pair = registered(api), Ed25519()
    token, certificate = given_token(api, machine), Authority(Path(), "none").pem
    assert api.client.get("/v1/feed", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    api.ask("POST", f"/v1/machines/{machine}/keys", "administrator", json={"certificate": certificate})
    for secret in ("", "x"):
        headers = {"Authorization": f"Bearer {token}", "X-Client-Cert": quote(certificate), "X-Proxy-Secret": secret}
        assert api.client.get("/v1/feed", headers=headers).status_code == 401
    assert pair.jwk


def test_people_come_through_the_same_door_without_a_certificate(proxied: Proxied) -> None:
    with proxied.through() as client:
        headers = {"Authorization": f"Bearer {proxied.api.tokens['officer']}"}
        assert client.get("/v1/agencies", headers=headers).status_code == 200


def test_a_machine_whose_certificates_have_all_ended_is_shut_out(proxied: Proxied) -> None:
    one = bound(proxied, "ended")
    listed = proxied.api.ask("GET", "/v1/machines", "administrator").json()["machines"]
    (held,) = [
        key for found in listed if found["id"] == one.id for key in found["keys"] if key["kind"] == "certificate"
    ]
    proxied.api.ask("DELETE", f"/v1/machines/{one.id}/keys/{held['id']}", "administrator")
    with proxied.through(one.certificate) as client:
        assert ways_in(one, client) == [401, 401, 401]
    with proxied.through() as client:
        assert ways_in(one, client) == [401, 401, 401]
