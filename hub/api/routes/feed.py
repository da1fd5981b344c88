"""The partner's side: its own feed, what waits for it, and its acknowledgements."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from hub.access.roles import Act, Actor
from hub.api.doorway import DisclosureId, Door, May, RawJson, takes
from hub.api.shapes.feed import Acknowledgement, FeedEventOut, FeedOut, FeedWaiting, ReceiptMade, about_out
from hub.flow.acknowledge import acknowledge
from hub.flow.collect import collect
from hub.flow.feed import LARGEST_PAGE, LARGEST_POSITION, read_feed
from hub.intake.strict_json import read_model

router = APIRouter(prefix="/v1/feed", tags=["partner feed"])


@router.get("", operation_id="read_feed")
def feed(
    actor: Annotated[Actor, Depends(May(Act.READ_FEED))], door: Door,
    after: Annotated[
        int, Query(ge=0, le=LARGEST_POSITION, description="the cursor of the last page; 0 from the beginning")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> FeedOut:  # fmt: skip
    """What happened to disclosures for your agency, oldest first, and what waits to be fetched."""
    page = read_feed(door.house, actor, after, limit)
    return FeedOut(
        events=[
            FeedEventOut(
                position=event.position, disclosure=event.disclosure_id, reference=event.reference,
                purpose=event.purpose, step=event.rung.name.lower(), state=event.state, at=event.at,
                about=about_out(page.about.get(event.disclosure_id)),
            )
            for event in page.events
        ],
        waiting=[
            FeedWaiting(
                disclosure=row.id, reference=row.reference, purpose=row.purpose, about=about_out(page.about.get(row.id))
            )
            for row in page.waiting
        ],
        cursor=page.cursor,
    )  # fmt: skip


@router.post("/{disclosure}/collection", operation_id="collect_disclosure", response_class=Response)
def collect_disclosure(
    actor: Annotated[Actor, Depends(May(Act.READ_FEED))], door: Door, disclosure: DisclosureId
) -> Response:
    """Fetch a disclosure that waits for you. It is decided again and the release logged before you have it."""
    message = collect(door.house, actor, disclosure)
    return Response(message.body, media_type=message.media_type)


@router.post(
    "/{disclosure}/acknowledgement", operation_id="acknowledge_disclosure", openapi_extra=takes(Acknowledgement)
)
def acknowledge_disclosure(
    actor: Annotated[Actor, Depends(May(Act.ACKNOWLEDGE))], door: Door, disclosure: DisclosureId, raw: RawJson
) -> ReceiptMade:
    """Say that you have a disclosure, by which reference of yours, and which checkpoint of our log you verified."""
    told = read_model(raw, Acknowledgement)
    made = acknowledge(door.house, actor, disclosure, told.partner_reference, told.checkpoint)
    return ReceiptMade(receipt=made)
