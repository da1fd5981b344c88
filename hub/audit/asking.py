"""Asking witnesses for their cosignature, over HTTP (C2SP tlog-witness). Nothing but checkpoint and proof is sent."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Final

import httpx

from hub.audit.policy import Policy, Witness
from hub.audit.signed_note import NUMBER
from hub.audit.witness import SIZE_TYPE, Refused, Submission, write

PATIENCE_SECONDS: Final = 5.0
"""How long a witness has for its whole answer, however slowly it drips."""

_LONGEST_ANSWER: Final = 64 * 1024


class SilentError(Exception):
    """A witness cannot be reached, or does not speak the protocol."""


@dataclass(frozen=True)
class Witnesses:
    """Who may witness this log, and whether enough have since this process began.

    began: when that was; None where nobody is asked for, and so nobody is waited for.
    known: the newest time that each witness had signed, by party, in the database as this process found it.
    """

    policy: Policy = field(default_factory=Policy)
    began: datetime | None = None
    known: Mapping[str, datetime] = field(default_factory=dict)
    ca_file: Path | None = None
    vouched: Event = field(default_factory=Event)

    @property
    def are_waited_for(self) -> bool:
        """Whether enough witnesses must still say that this is the log they know."""
        return not self.policy.asks_for_nobody and not self.vouched.is_set()

    def is_news(self, party: str, at: datetime) -> bool:
        """Whether a witness can have signed this only since this process began, whatever its clock says.

        An old copy of the database brings its own lines along, and a clock that is ahead would have them look new.
        """
        if self.began is None:
            return False
        known = self.known.get(party)
        # A cosignature tells whole seconds.
        return at >= self.began.replace(microsecond=0) and (known is None or at > known)

    def ask(self, witness: Witness, submission: Submission) -> str:
        """The lines with which a witness cosigns. Raises Refused as the protocol says, and SilentError."""
        try:
            status, kind, body = asyncio.run(self._post(f"{witness.url.rstrip('/')}/add-checkpoint", write(submission)))
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise SilentError from None
        if status == httpx.codes.OK:
            return body
        size = body.removesuffix("\n")
        told = status == httpx.codes.CONFLICT and kind.partition(";")[0] == SIZE_TYPE and NUMBER.fullmatch(size)
        raise Refused(status, int(size) if told else None)

    async def _post(self, url: str, content: bytes) -> tuple[int, str, str]:
        """Status, media type and text of the answer. Raises TimeoutError (an OSError) when the time is over."""
        async with (
            asyncio.timeout(PATIENCE_SECONDS),  # the client's own begins anew with each byte
            httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False, verify=self._trusting) as client,
            client.stream("POST", url, content=content) as answer,
        ):
            return answer.status_code, answer.headers.get("content-type", ""), await _read(answer)

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)  # reading the machine's own takes 20 ms


async def _read(answer: httpx.Response) -> str:
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _LONGEST_ANSWER:
            raise SilentError
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise SilentError from None
