"""The HTTP application, made from a house. OpenAPI 3.1 at `/v1/openapi.json`."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hub import metrics
from hub.access.roles import MAY
from hub.api import problems
from hub.api.admission import Admission
from hub.api.doorway import Doorway, May
from hub.api.problems import HEADERS
from hub.api.routes import (
    agencies,
    agreements,
    attachments,
    consents,
    corrections,
    decisions,
    documents,
    erasures,
    feed,
    health,
    log,
    machines,
    overrides,
    people,
    referrals,
    register,
    reviews,
    sessions,
    sign_in,
    tiles,
    waiting,
)
from hub.api.routes.agencies import Compared, NewKey, Suspension
from hub.api.routes.agreements import AgreementStep, NewAgreement
from hub.api.routes.consents import UnsafeContact
from hub.api.routes.decisions import Question
from hub.api.routes.documents import NewDocument
from hub.api.routes.erasures import NewErasure, NewLegalHold, RetentionSchedule
from hub.api.routes.machines import NewMachine, NewMachineKey, NewMachineToken
from hub.api.routes.overrides import NewOverride, OverrideReview
from hub.api.routes.people import NewPerson, NewRole, NewTeam
from hub.api.routes.register import PersonSought
from hub.api.routes.reviews import ReviewRequest
from hub.api.routes.sessions import ProofGiven
from hub.api.routes.sign_in import (
    Invited,
    Joining,
    JoiningByProvider,
    PasskeySignIn,
    PasswordSignIn,
    ProviderAnswer,
)
from hub.api.routes.waiting import Abandonment
from hub.api.shapes.access import NewCredential, PolicyDocument, SignInRequest
from hub.api.shapes.feed import Acknowledgement
from hub.flow.house import House
from hub.flow.readiness import Looked, Readiness
from hub.intake.corrections import CorrectedReferral
from protocols.record import ConsentFact, Referral

BODIES: tuple[type[BaseModel], ...] = (
    AgreementStep, NewAgreement, NewDocument,
    Referral, Acknowledgement, NewCredential, PolicyDocument, Question, SignInRequest,
    NewOverride, OverrideReview, ReviewRequest, Abandonment,
    NewErasure, NewLegalHold, PersonSought, RetentionSchedule,
    Compared, ConsentFact, CorrectedReferral, NewKey, Suspension, UnsafeContact,
    NewMachine, NewMachineKey, NewMachineToken,
    Invited, Joining, JoiningByProvider, NewPerson, NewRole, NewTeam, PasskeySignIn, PasswordSignIn, ProofGiven,
    ProviderAnswer,
)  # fmt: skip
"""Bodies read strictly by the flows; the framework is told of them here for the OpenAPI document only."""

ROUTERS = (referrals.router, decisions.router, feed.router, log.router, people.router, health.router,
           agreements.router, documents.router,
           machines.router, sign_in.router, sessions.router, reviews.router, overrides.router,
           erasures.router, attachments.router, agencies.router, consents.router, corrections.router,
           waiting.router, tiles.router, log.disclosures, register.router)  # fmt: skip


_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI would send addresses as asked for, and exceptions whole, to whomever the environment names as collector."""


def make_api(
    house: House, wake: Callable[[Sequence[str]], None], release: str, max_body_bytes: int,
    proxy_secret: str | None = None, readiness: Callable[[], Looked] | None = None, most_requests: int = 24,
) -> FastAPI:  # fmt: skip
    """The API of one hub. `wake` is told which disclosures are ready, and must return at once.

    Who knows `proxy_secret` is believed about certificates of connections; without one, nobody is. `readiness` is
    asked by whoever asks whether the hub is ready; it answers in time whatever the store does. At most `most_requests`
    are at work at once.
    """
    app = _Documented(
        title="Concordat", version=release, openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False, telemetry=_NO_TELEMETRY,
        summary="Multi-agency information sharing for social landlords",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    asked = readiness or Readiness(house).now
    app.state.doorway = Doorway(house, wake, release, max_body_bytes, proxy_secret, asked)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.middleware("http")(_headers)
    # Added last, it is the first that a request meets.
    app.add_middleware(Admission, most_requests=most_requests, max_body_bytes=max_body_bytes)
    return app


async def _headers(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    began = time.monotonic()
    response = await proceed(request)
    # By the name that the document has for it: an address as asked for may say anything.
    operation = getattr(request.scope.get("route"), "operation_id", None) or "none"
    metrics.REQUESTS.labels(operation, f"{response.status_code // 100}xx").observe(time.monotonic() - began)
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
