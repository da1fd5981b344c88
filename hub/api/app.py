"""The HTTP application, made from a house. OpenAPI 3.1 at `/v1/openapi.json`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub.api import problems
from hub.api.doorway import Doorway
from hub.api.routes import feed, health, log, people, referrals
from hub.api.shapes import Acknowledgement, NewCredential, PolicyDocument, ReviewRequest, SignInRequest
from hub.flow.house import House
from protocols.record import Referral

BODIES: tuple[type[BaseModel], ...] = (
    Referral, Acknowledgement, NewCredential, PolicyDocument, ReviewRequest, SignInRequest,
)  # fmt: skip
"""Bodies read strictly by the flows; the framework is told of them here for the OpenAPI document only."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer that does not set its own."""


def make_api(house: House, wake: Callable[[Sequence[str]], None], release: str, max_body_bytes: int) -> FastAPI:
    """The API of one hub. `wake` is told which disclosures are ready, and must return at once."""
    app = _Documented(
        title="Concordat", version=release, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None,
        summary="Multi-agency information sharing for social landlords",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    app.state.doorway = Doorway(house, wake, release, max_body_bytes)
    problems.install(app)
    for routes in (referrals, feed, log, people, health):
        app.include_router(routes.router)
    app.middleware("http")(_headers)
    return app


async def _headers(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await proceed(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


class _Documented(FastAPI):
    """FastAPI, whose document also holds the bodies that the flows read themselves."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, definitions = models_json_schema(
                [(model, "validation") for model in BODIES], ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"] |= definitions["$defs"]
            self.openapi_schema = document
        return self.openapi_schema
