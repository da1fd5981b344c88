"""The HTTP application, made from a house. OpenAPI 3.1 at `/v1/openapi.json`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub.access.roles import MAY
from hub.api import problems
from hub.api.doorway import Doorway, May
from hub.api.problems import HEADERS
from hub.api.routes import decisions, feed, health, log, people, referrals
from hub.api.routes.decisions import Question
from hub.api.shapes import Acknowledgement, NewCredential, PolicyDocument, ReviewRequest, SignInRequest
from hub.flow.house import House
from protocols.record import Referral

BODIES: tuple[type[BaseModel], ...] = (
    Referral, Acknowledgement, NewCredential, PolicyDocument, Question, ReviewRequest, SignInRequest,
)  # fmt: skip
"""Bodies read strictly by the flows; the framework is told of them here for the OpenAPI document only."""

ROUTERS = (referrals.router, decisions.router, feed.router, log.router, people.router, health.router)


def make_api(house: House, wake: Callable[[Sequence[str]], None], release: str, max_body_bytes: int) -> FastAPI:
    """The API of one hub. `wake` is told which disclosures are ready, and must return at once."""
    app = _Documented(
        title="Concordat", version=release, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False,
        summary="Multi-agency information sharing for social landlords",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    app.state.doorway = Doorway(house, wake, release, max_body_bytes)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.middleware("http")(_headers)
    return app


async def _headers(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await proceed(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def roles_by_operation() -> dict[str, list[str]]:
    """Which roles may call each operation; none at all for one that needs no credential."""
    return {str(route.operation_id): _roles(route) for router in ROUTERS for route in router.routes
            if isinstance(route, APIRoute)}  # fmt: skip


def _roles(route: APIRoute) -> list[str]:
    guards = [dependency.call for dependency in route.dependant.dependencies]
    return sorted(role.value for guard in guards if isinstance(guard, May) for role in MAY[guard.act])


class _Documented(FastAPI):
    """FastAPI, whose document also holds the bodies that the flows read themselves, and who may do what."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, definitions = models_json_schema(
                [(model, "validation") for model in BODIES], ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"] |= definitions["$defs"]
            for path in document["paths"].values():
                for operation in path.values():
                    operation["x-roles"] = roles_by_operation()[operation["operationId"]]
            self.openapi_schema = document
        return self.openapi_schema
