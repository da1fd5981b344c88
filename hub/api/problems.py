"""Problem details (RFC 9457) for everything that can go wrong; the only place that knows HTTP statuses of errors.

A problem names field, reason and remedy. It never repeats what was sent, and never shows the inside of the hub.
"""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from hub import metrics
from hub.api import danger
from hub.errors import (
    BadInput,
    ConcordatError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotTrusted,
    TooLarge,
    TooManyTries,
    Unavailable,
    WrongMediaType,
)
from hub.logs import event

MEDIA_TYPE = "application/problem+json"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer that does not set its own."""

STATUS: dict[type[ConcordatError], int] = {
    BadInput: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    WrongMediaType: 415,
    Unavailable: 503,
    TooManyTries: 429,
    NotTrusted: 503,
}
_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Have every error of this application answered as a problem."""
    app.add_exception_handler(ConcordatError, _known)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def turned_away(scope: Scope, sent: bytes | None, problem: Unavailable) -> JSONResponse:
    """The answer to a request that no route was asked; `sent` is its body, None where that was not read."""
    metrics.PROBLEMS.labels(problem.code).inc()
    headers = {**HEADERS, "Retry-After": str(problem.after)}
    return _not_now(scope, sent, 503, problem.code, problem.says, headers)


def _known(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, ConcordatError)  # noqa: S101 - registered for it alone
    metrics.PROBLEMS.labels(problem.code).inc()
    if isinstance(problem, NotSignedIn | TooManyTries):
        metrics.SIGN_IN_FAILURES.labels(problem.code).inc()
    headers = {}
    if isinstance(problem, Unavailable):
        headers["Retry-After"] = str(problem.after)
    if isinstance(problem, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    extra: dict[str, str] = {}
    if isinstance(problem, BadInput):
        extra = {"field": problem.field, "reason": problem.reason, "remedy": problem.remedy}
    status = STATUS[type(problem)]
    if status == 503:
        return _not_now(request.scope, _sent(request), status, problem.code, problem.says, headers)
    return _answer(status, problem.code, problem.says, extra, headers)


def _not_now(
    scope: Scope, sent: bytes | None, status: int, code: str, says: str, headers: Mapping[str, str]
) -> JSONResponse:
    """A failure of ours: to whoever told of danger, that they must not wait for us; `cause` is what happened."""
    path = scope["path"]
    if danger.may_tell_of_danger(scope["method"], path) and danger.tells_of_danger(path, sent):
        return _answer(status, "TELEPHONE_NOW", danger.says(says), {"cause": code}, headers)
    return _answer(status, code, says, {}, headers)


def _sent(request: Request) -> bytes | None:
    """The body as admission read it."""
    sent = getattr(request.state, "sent", None)
    return sent if isinstance(sent, bytes) else None


def _parameters(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)  # noqa: S101 - registered for it alone
    first = problem.errors()[0]
    if first["loc"][0] == "path":  # an id of another shape names nothing either
        return _answer(404, "NOT_FOUND", "there is nothing by that id", {})
    field = ".".join(str(part) for part in first["loc"][1:])
    says = f"{field}: this parameter is missing or not of the right form"
    return _answer(422, "PARAMETER_WRONG", says, {"field": field, "reason": first["type"], "remedy": "see the schema"})


def _http(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)  # noqa: S101 - registered for it alone
    known = {404: ("NOT_FOUND", "there is nothing at this address"),
             405: ("METHOD_NOT_ALLOWED", "this address does not take that method")}  # fmt: skip
    code, says = known.get(problem.status_code, ("REQUEST_REFUSED", "the request was refused"))
    return _answer(problem.status_code, code, says, {}, dict(problem.headers or {}))


def _unknown(request: Request, problem: Exception) -> JSONResponse:
    route = getattr(request.scope.get("route"), "path", "unknown")
    event(_log, "request_failed", logging.ERROR, route=route, method=request.method, code=type(problem).__name__)
    says = "the hub failed; nothing is known to have been taken; tell the administrator"
    return _not_now(request.scope, _sent(request), 500, "HUB_FAULT", says, HEADERS)


def _answer(
    status: int, code: str, says: str, extra: dict[str, str], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"type": f"urn:concordat:problem:{code.lower()}", "title": code, "status": status, "detail": says, **extra}
    return JSONResponse(body, status, headers, MEDIA_TYPE)
