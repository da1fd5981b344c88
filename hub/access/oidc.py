"""Signing in through an OpenID provider: code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 9700).

Nothing is stored until it ends: state, nonce and PKCE verifier are all drawn from one ticket, which only whoever began
holds. So a link with somebody else's code in it signs nobody in.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.discovery import get_well_known_url  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.access import tokens
from hub.errors import NotAllowed, NotSignedIn, Unavailable
from hub.keys import KeyRing

_LASTING = timedelta(minutes=10)
_SKEW = 60
_FRESH = timedelta(minutes=2)
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider that a hub trusts, and this hub as it knows it.

    `two_factors` are the values of `amr` or `acr` that say that somebody proved two factors.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    two_factors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the ticket that must come back with what the provider answers."""

    authorization_url: str
    hold: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from the provider by the browser, and the ticket of whoever began."""

    hold: str = field(repr=False)
    state: str = field(repr=False)
    code: str = field(repr=False)


def begin(provider: Provider, keys: KeyRing, now: datetime, about: str = "") -> Begun:
    """Begin to sign in; with `about` (a session), to prove anew who one is: the provider is to ask again.

    Raises Unavailable when the provider does not answer.
    """
    endpoint = _metadata(provider)["authorization_endpoint"]
    hold = tokens.make_ticket(keys, "oidc", now, _LASTING, about)
    asked = {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": provider.redirect_uri,
        "scope": "openid", "state": _drawn(keys, hold, "state"), "nonce": _drawn(keys, hold, "nonce"),
        "code_challenge": create_s256_code_challenge(_drawn(keys, hold, "verifier")), "code_challenge_method": "S256",
    }  # fmt: skip
    if about:
        asked |= {"prompt": "login", "max_age": "0"}
    return Begun(f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}", hold)


def finish(provider: Provider, keys: KeyRing, given: Answer, now: datetime, about: str = "") -> str:
    """Who signed in at the provider: issuer and subject as one text. The caller uses up the ticket (`tokens.spend`).

    Raises NotSignedIn for an answer that is not to this beginning or a token that is not sound, NotAllowed where the
    provider does not say that two factors were proved, Unavailable when it does not answer.
    """
    begun = tokens.is_valid(keys, "oidc", given.hold, now, about)
    if not begun or not hmac.compare_digest(_drawn(keys, given.hold, "state").encode(), given.state.encode()):
        raise _refused()
    metadata = _metadata(provider)
    claims = _claims(provider, metadata, _trade(provider, metadata, given.code, _drawn(keys, given.hold, "verifier")),
                     _drawn(keys, given.hold, "nonce"), now)  # fmt: skip
    if about and not _is_fresh(claims.get("auth_time"), now):
        raise _refused()
    shown = {claims.get("acr"), *claims["amr"]} if isinstance(claims.get("amr"), list) else {claims.get("acr")}
    if not provider.two_factors & {value for value in shown if isinstance(value, str)}:
        raise NotAllowed("SECOND_FACTOR_NEEDED", "the provider does not say that two factors were proved; set up a "
                         "second one there")  # fmt: skip
    return f"{provider.issuer}|{claims['sub']}"


def _trade(provider: Provider, metadata: Mapping[str, Any], code: str, verifier: str) -> str:
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": provider.redirect_uri,
            "code_verifier": verifier, "client_id": provider.client_id}  # fmt: skip
    told = _ask("POST", metadata["token_endpoint"], data=body, auth=(provider.client_id, provider.client_secret))
    token = told.get("id_token")
    if not isinstance(token, str):
        raise _refused()
    return token


def _claims(provider: Provider, metadata: Mapping[str, Any], token: str, nonce: str, now: datetime) -> dict[str, Any]:
    """The claims of an ID token, checked as OpenID Connect Core 3.1.3.7 says."""
    keys = _ask("GET", metadata["jwks_uri"])
    expected = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), leeway=_SKEW, iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id}, nonce={"essential": True, "value": nonce},
        sub={"essential": True}, exp={"essential": True}, iat={"essential": True},
    )  # fmt: skip
    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=list(_ALGORITHMS)).claims  # type: ignore[arg-type]
        expected.validate(claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise _refused() from None
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", provider.client_id) != provider.client_id or (several and "azp" not in claims):
        raise _refused()
    return claims


def _metadata(provider: Provider) -> dict[str, Any]:
    found = _ask("GET", get_well_known_url(provider.issuer, external=True))
    needed = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if found.get("issuer") != provider.issuer or not all(isinstance(url, str) and is_safe(url) for url in needed):
        raise _away()
    return found


def is_safe(url: str) -> bool:
    """Whether what goes there cannot be read on the way: TLS, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))


def _ask(method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - those of httpx
    """A JSON object that the provider answers. Raises NotSignedIn where it refuses, Unavailable where it fails."""
    try:
        with httpx.Client(timeout=5, follow_redirects=False, trust_env=False) as client:
            answer = client.request(method, url, headers={"Accept": "application/json"}, **options)
        if 400 <= answer.status_code < 500 and method == "POST":
            raise _refused()
        told = answer.json() if answer.status_code == 200 and len(answer.content) <= _LARGEST else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise _away() from None
    if not isinstance(told, dict):
        raise _away()
    return told


def _is_fresh(auth_time: object, now: datetime) -> bool:
    return isinstance(auth_time, int) and abs(now - datetime.fromtimestamp(auth_time, UTC)) <= _FRESH


def _drawn(keys: KeyRing, hold: str, what: str) -> str:
    return keys.index(hold, f"oidc.{what}")


def _refused() -> NotSignedIn:
    return NotSignedIn("SIGN_IN_REFUSED", "that does not sign anybody in; look at what you gave, and try again")


def _away() -> Unavailable:
    return Unavailable("PROVIDER_UNAVAILABLE", "the sign-in provider does not answer as it should; try again", after=15)
