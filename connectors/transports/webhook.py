"""A signed HTTPS POST to a partner who built a door for us (Standard Webhooks, Ed25519).

The host is exactly the one in settings: no redirect is followed and no proxy is taken from the environment. Whether an
attempt may be repeated turns on one fact, noted as it happens: had any byte of the request left?
"""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Protocol, cast
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AfterValidator

from connectors.contract import Check, DeliveryProblem, Idempotency, Message, Receipt, Refused, Rung, TryLater, Unsure
from connectors.signing import sign
from connectors.transports.deadline import WithinSeconds, run
from connectors.transports.files import FilePath, is_mistrust, read_secret, trusting
from connectors.transports.hosts import require_host
from protocols.record.labels import Strict

HIGHEST_RUNG = Rung.ACCEPTED
IDEMPOTENCY = Idempotency.BY_REFERENCE
MAX_BYTES = 10 * 1024 * 1024
MAX_ANSWER_BYTES = 64 * 1024
LONGEST_WAIT = 24 * 3600.0

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 /._-]{0,59}")
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_TOOK_NOTHING = frozenset({408, 425, 429, 503})


def _https_only(url: str) -> str:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        raise ValueError("is not a web address") from None
    if parts.scheme != "https" or not parts.hostname or not port_is_valid:
        raise ValueError("must begin with https:// and name a host")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("must hold no user, password, query or fragment")
    require_host(parts.hostname)
    return url


class WebhookSettings(Strict):
    """Where a partner listens. `timeout` is for the whole attempt, in seconds."""

    url: Annotated[str, AfterValidator(_https_only)]
    ca_file: FilePath | None = None
    token_file: FilePath | None = None
    timeout: WithinSeconds = 20.0


class Webhook:
    """Carries messages to one address. `at` must be the present: partners refuse signatures older than five minutes."""

    def __init__(self, settings: WebhookSettings, signing_key: Ed25519PrivateKey, hub_name: str) -> None:
        """Hold the address and the hub's signing key; open nothing."""
        self._settings = settings
        self._signing_key = signing_key
        self._agent = f"concordat/1 ({hub_name})"

    def check(self) -> Check:
        """Shake hands under TLS, and say no more."""
        parts = urlsplit(self._settings.url)
        try:
            run(self._shake_hands(str(parts.hostname), parts.port or 443, trusting(self._settings.ca_file, "http")))
        except (OSError, DeliveryProblem):
            return Check((), ("the partner's address answers with a certificate we trust",))
        return Check(("the partner's certificate and name",), ("that the partner takes our signature",))

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """POST the body once.

        2xx and 409 (already held) are ACCEPTED; 408, 425, 429 and 503 took nothing; other 5xx, what is no HTTP, 303
        (done, and told of elsewhere), and silence once bytes have left, are Unsure; anything else is Refused, by
        somebody who had the request.
        """
        if len(message.body) > MAX_BYTES:
            raise Refused("too_large", "the message is larger than this door takes")
        headers = sign(self._signing_key, idempotency_key, at, message.body)
        headers |= {"content-type": message.media_type, "user-agent": self._agent, "accept-encoding": "identity"}
        if self._settings.token_file is not None:
            headers["authorization"] = f"Bearer {_token(self._settings.token_file)}"
        return run(self._post(message.body, headers, at, trusting(self._settings.ca_file, "http")))

    async def _shake_hands(self, host: str, port: int, context: ssl.SSLContext) -> None:
        async with asyncio.timeout(self._settings.timeout):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
            writer.close()
            await writer.wait_closed()

    async def _post(self, body: bytes, headers: dict[str, str], at: datetime, context: ssl.SSLContext) -> Receipt:
        departure = _Departure()
        client = httpx.AsyncClient(
            verify=context, trust_env=False, follow_redirects=False, timeout=self._settings.timeout
        )
        try:
            async with asyncio.timeout(self._settings.timeout), client:
                request = client.build_request(
                    "POST", self._settings.url, content=body, headers=headers, extensions={"trace": departure.note}
                )
                departure.response = await client.send(request, stream=True)
                await _read_capped(departure.response, departure.answer)
        except (httpx.HTTPError, OSError) as problem:
            # A status that came stands, even where the rest of the answer did not.
            if departure.response is None:
                raise _without_an_answer(problem, departure.has_left) from None
        finally:
            await departure.hang_up()
        return _receipt(departure.response, bytes(departure.answer), at)


def _token(path: Path) -> str:
    token = read_secret(path, "token_file").strip()
    if not _TOKEN.fullmatch(token):
        raise TryLater("secret_unreadable", "the file named by token_file holds no bearer token (RFC 6750, 2.1)")
    return token.decode("ascii")


class _Line(Protocol):
    async def aclose(self) -> None: ...


class _Departure:
    """What is known of one attempt: whether any byte of the request left, and what came back."""

    def __init__(self) -> None:
        self.has_left = False
        self.response: httpx.Response | None = None
        self.answer = bytearray()
        self._line: _Line | None = None

    async def note(self, event: str, info: Mapping[str, object]) -> None:
        """Called by the HTTP client at each step (httpcore's trace extension)."""
        self.has_left = self.has_left or event == "http11.send_request_headers.started"
        if event == "connection.connect_tcp.complete":
            self._line = cast("_Line", info["return_value"])

    async def hang_up(self) -> None:
        """Close the line: the HTTP client forgets one whose handshake the deadline broke off."""
        if self._line is not None:
            await self._line.aclose()


async def _read_capped(response: httpx.Response, answer: bytearray) -> None:
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            answer.clear()
            return


def _without_an_answer(problem: BaseException, has_left: bool) -> TryLater | Unsure:
    if has_left:
        return Unsure("no_answer", "the request left and no answer came")
    if is_mistrust(problem):
        return TryLater("peer_not_proven", "the partner's certificate could not be verified; nothing was sent")
    return TryLater("no_connection", "the partner could not be reached; nothing was sent")


def _receipt(response: httpx.Response, answer: bytes, at: datetime) -> Receipt:
    status = response.status_code
    if status // 100 == 2 or status == 409:
        return Receipt(Rung.ACCEPTED, at, f"HTTP {status}", _partner_reference(answer))
    if status in _TOOK_NOTHING:
        raise TryLater(f"http_{status}", "the partner took nothing for now", _retry_after(response.headers, at))
    if status // 100 >= 5:  # beyond 599 there are none, and a stranger counts as a failure (RFC 9110, 15)
        raise Unsure(f"http_{status}", "the partner failed while holding the request")
    if status == 303:  # the one that says that the request was acted on (RFC 9110, 15.4.4)
        raise Unsure("http_303", "the partner pointed to where its answer lies, which is not looked at")
    if status // 100 == 3:
        says = "the partner pointed to another address, which is not followed; check the settings"
        raise Refused("redirect", says, reached=True)
    raise Refused(f"http_{status}", "the partner refused the message", reached=True)


def _retry_after(headers: httpx.Headers, at: datetime) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3), at most a day; None where the partner said nothing usable."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - at).total_seconds(), 0.0), LONGEST_WAIT)


def _partner_reference(answer: bytes) -> str | None:
    """`reference` of a JSON object, where it is a short string of safe letters; the rest of an answer is not kept."""
    try:
        parsed: object = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    reference = parsed.get("reference") if isinstance(parsed, dict) else None
    return reference if isinstance(reference, str) and _REFERENCE.fullmatch(reference) else None
