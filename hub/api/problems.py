"""Problem details (RFC 9457) for everything that can go wrong; the only place that knows HTTP statuses of errors.

A problem names field, reason and remedy. It never repeats what was sent, and never shows the inside of the hub.
"""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from hub.errors import BadInput, ConcordatError, Conflict, NotAllowed, NotFound, NotSignedIn, NotTrusted, Unavailable
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
    Unavailable: 503,
    NotTrusted: 503,
}
_log = logging.getLogger(__name__)


class TooLarge(ConcordatError):
    """The request is larger than this hub takes."""


class WrongMediaType(ConcordatError):
    """The request is not JSON."""


STATUS[TooLarge] = 413
STATUS[WrongMediaType] = 415


def install(app: FastAPI) -> None:
    """Have every error of this application answered as a problem."""
    app.add_exception_handler(ConcordatError, _known)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def _known(_request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, ConcordatError)  # noqa: S101 - registered for it alone
    headers = {}
    if isinstance(problem, Unavailable):
        headers["Retry-After"] = str(problem.after)
    if isinstance(problem, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    extra: dict[str, str] = {}
    if isinstance(problem, BadInput):
        extra = {"field": problem.field, "reason": problem.reason, "remedy": problem.remedy}
    return _answer(STATUS[type(problem)], problem.code, problem.says, extra, headers)


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
    return _answer(500, "HUB_FAULT", says, {}, HEADERS)


def _answer(
    status: int, code: str, says: str, extra: dict[str, str], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = {"type": f"urn:concordat:problem:{code.lower()}", "title": code, "status": status, "detail": says, **extra}
    return JSONResponse(body, status, headers, MEDIA_TYPE)
