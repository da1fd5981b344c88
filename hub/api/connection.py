"""What a request tells beside its body: how its signature sees it, and what the proxy in front vouches for."""

import hmac
from urllib.parse import unquote

from fastapi import Request

from hub.access.public_keys import certificate_fingerprint
from hub.access.signatures import Request as Signed

PROXY_SECRET, CLIENT_CERTIFICATE = "x-proxy-secret", "x-client-cert"
"""Set by the proxy, who sets or empties both on every request (docs/mtls.md)."""


def as_signed(request: Request, address: str, body: bytes) -> Signed:
    """The request as its signer wrote it, at our own address, whatever a proxy made of the way (RFC 9421 2.2.2)."""
    target = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    return Signed(request.method, f"{address}{target}{'?' if query else ''}{query}", headers, body)


def certificate_shown(request: Request, proxy_secret: str | None) -> str | None:
    """The fingerprint of the certificate that the connection showed; None unless our own proxy says so."""
    given = request.headers.getlist(PROXY_SECRET)
    written = request.headers.getlist(CLIENT_CERTIFICATE)
    if not proxy_secret or len(given) != 1 or len(written) != 1:
        return None
    if not hmac.compare_digest(given[0].encode(), proxy_secret.encode()):
        return None
    try:
        return certificate_fingerprint(unquote(written[0]))
    except ValueError:
        return None


def on_behalf_of(request: Request) -> str | None:
    """The person whom a machine says it speaks for; twice said names nobody."""
    return ", ".join(request.headers.getlist("on-behalf-of")) or None
