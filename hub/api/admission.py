"""Admission: how much is at work at once, how much waits for its turn, and what is turned away, before it costs us.

A body is read before its request gets a turn, so that who sends slowly keeps nobody waiting, and so that danger goes
ahead of everything that waits. What the files of attachments take and give has a line of its own: it may last minutes.
Whether the process lives is answered whatever else is going on.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api import danger
from hub.api.problems import turned_away
from hub.errors import Unavailable

_WAITING: Final = 4
"""How many may wait for a turn, for each that is at work."""

_READING: Final = 16
"""How many bodies may be on their way in, for each request at work."""

_TURN_SECONDS: Final = 5.0
_BODY_SECONDS: Final = 20.0
_AFTER: Final = 5
_ALIVE, _READY = "/v1/health/live", "/v1/health/ready"
_SPARE_THREADS: Final = 8
"""For asking how the hub is, and for what is begun besides requests."""


class Line:
    """So many at work, so many waiting, those in danger in front. Of one event loop, and used by it alone."""

    def __init__(self, at_once: int, waiting: int) -> None:
        """Everything is free."""
        self._free, self._most_waiting = at_once, waiting
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._usual: deque[asyncio.Future[None]] = deque()

    async def enter(self, *, urgent: bool = False) -> bool:
        """Have a turn, soon; False where too many wait before, or it did not come. Who had it must `leave`."""
        if self._free > 0:
            self._free -= 1
            return True
        line = self._urgent if urgent else self._usual
        if len(line) >= self._most_waiting:
            return False
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await turn
        except (TimeoutError, asyncio.CancelledError) as ended:
            with suppress(ValueError):  # it was called just as it gave up
                line.remove(turn)
            if turn.done() and not turn.cancelled():
                self.leave()
            if isinstance(ended, asyncio.CancelledError):
                raise
            return False
        return True

    def leave(self) -> None:
        """Pass the turn on."""
        for line in (self._urgent, self._usual):
            while line:
                turn = line.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1


class Admission:
    """The first that a request meets (ASGI)."""

    def __init__(self, app: ASGIApp, most_requests: int, max_body_bytes: int) -> None:
        """At most `most_requests` at work; bodies up to `max_body_bytes` are read before."""
        self._app, self._most, self._max_body = app, most_requests, max_body_bytes
        self._work = Line(most_requests, most_requests * _WAITING)
        self._files = Line(max(1, most_requests // 4), most_requests)
        self._asking = Line(_SPARE_THREADS // 2, _SPARE_THREADS)
        self._reading = most_requests * _READING
        self._has_threads = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it in its turn, or turn it away."""
        if scope["type"] != "http" or scope["path"] == _ALIVE:
            await self._app(scope, receive, send)
            return
        self._provide_threads()
        if scope["path"] == _READY:
            await self._serve(self._asking, scope, receive, send, urgent=False)
        elif scope["path"].startswith("/v1/attachments/") or scope["path"].endswith("/attachments"):
            await self._serve(self._files, scope, receive, send, urgent=False)
        else:
            await self._read_and_serve(scope, receive, send)

    async def _read_and_serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._reading <= 0:
            await turned_away(scope, None, _too_busy())(scope, receive, send)
            return
        self._reading -= 1
        try:
            body = await _Body.of(receive, self._max_body)
        except TimeoutError:
            slow = Unavailable("REQUEST_SLOW", "the request did not come in whole; nothing was taken", _AFTER)
            await turned_away(scope, None, slow)(scope, receive, send)
            return
        finally:
            self._reading += 1
        scope.setdefault("state", {})["sent"] = body.whole
        places_danger = danger.may_tell_of_danger(scope["method"], scope["path"])
        urgent = places_danger and danger.tells_of_danger(scope["path"], body.whole)
        await self._serve(self._work, scope, body.again, send, urgent=urgent)

    async def _serve(self, line: Line, scope: Scope, receive: Receive, send: Send, *, urgent: bool) -> None:
        if not await line.enter(urgent=urgent):
            await turned_away(scope, scope.get("state", {}).get("sent"), _too_busy())(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            line.leave()

    def _provide_threads(self) -> None:
        """Whatever is admitted finds a thread at once: the only line is the one here."""
        if not self._has_threads:
            limiter = to_thread.current_default_thread_limiter()
            files_and_spare = max(1, self._most // 4) + _SPARE_THREADS
            limiter.total_tokens = max(limiter.total_tokens, self._most + files_and_spare)
            self._has_threads = True


class _Body:
    """What was read of a body, to be received once more."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: deque[Message] = deque()
        self.whole: bytes | None = None

    @classmethod
    async def of(cls, receive: Receive, most: int) -> "_Body":
        """The whole body, or somewhat more than `most` bytes of it. Raises TimeoutError for one that does not come."""
        body, size, is_whole = cls(receive), 0, False
        async with asyncio.timeout(_BODY_SECONDS):
            while size <= most and not is_whole:
                message = await receive()
                body._read.append(message)
                if message["type"] != "http.request":  # whoever sent it is gone
                    return body
                size += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
        if is_whole and size <= most:
            body.whole = b"".join(message.get("body", b"") for message in body._read)
        return body

    async def again(self) -> Message:
        """The next message, as it came."""
        return self._read.popleft() if self._read else await self._receive()


def _too_busy() -> Unavailable:
    return Unavailable("TOO_BUSY", "too much is asked of the hub at once; nothing was taken", _AFTER)
