"""The front page: says that the hub runs and where things are. No script, no style, no personal data."""

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from hub.flow.checkpoint import verifier_key
from hub.flow.house import House


def public() -> None:
    """A dependency that says: this page needs no credential, on purpose."""


def make_pages(house: House) -> APIRouter:
    """The pages of one hub."""
    router = APIRouter(include_in_schema=False)
    templates = Environment(loader=PackageLoader("hub.web"), autoescape=True, undefined=StrictUndefined)
    front = templates.get_template("front.html")

    @router.get("/", dependencies=[Depends(public)], response_class=HTMLResponse)
    def front_page() -> HTMLResponse:
        """The front page."""
        return HTMLResponse(front.render(name=house.name, log_key=verifier_key(house)))

    return router
