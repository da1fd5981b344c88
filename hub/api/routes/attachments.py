"""Attachments of a referral: sent as they are, taken piece by piece, and handed out once all of it has opened."""

import base64
import binascii
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, ReferralId, id_of
from hub.errors import BadInput
from hub.flow.attach import Announced, abandon, begin, finish, list_attachments, read_attachment, take
from hub.ids import Prefix
from hub.intake.attachments import KeptAttachment
from hub.intake.media import EXTENSIONS
from hub.store.classes import DataClass

router = APIRouter(prefix="/v1", tags=["attachments"])

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TAKES: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_GIVES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": _BINARY}}}
_SHA256 = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):(?=[,;\s]|$)")

AttachmentId = Annotated[str, Path(pattern=id_of(Prefix.ATTACHMENT))]
Person = Annotated[
    str | None,
    Query(pattern=r"^p[0-9]{1,3}$", description="whom it is about; whom the referral is about, unless given"),
]
Kind = Annotated[
    Literal["normal", "special"], Query(description="its class; what a medical note or a photograph shows is special")
]
ContentDigest = Annotated[str | None, Header(alias="Content-Digest", description="RFC 9530, sha-256; held against it")]


class AttachmentOut(BaseModel):
    """An attachment: what it is by its content, its size in bytes, whom it is about, who sent it. No name is kept."""

    id: str
    referral: str
    person: str
    data_class: str
    media_type: str
    size: int
    stored_at: datetime


class AttachmentList(BaseModel):
    """The attachments of a referral, oldest first."""

    attachments: list[AttachmentOut]


@router.post("/referrals/{referral}/attachments", status_code=201, operation_id="store_attachment",
             openapi_extra=_TAKES)  # fmt: skip
async def store_attachment(
    actor: Annotated[Actor, Depends(May(Act.ATTACH))], door: Door, referral: ReferralId, request: Request,
    person: Person = None, data_class: Kind = "special", content_digest: ContentDigest = None,
) -> AttachmentOut:  # fmt: skip
    """Store an attachment. The answer means: all of it is there, sealed, and logged. It is sent to nobody."""
    said = _announced(request, content_digest)
    kind = DataClass(data_class)
    upload = await run_in_threadpool(
        begin, door.house, actor, referral, person=person, data_class=kind, announced=said
    )  # fmt: skip
    try:
        async for piece in _pieces(request):
            await run_in_threadpool(take, door.house, upload, piece)
        return _out(await run_in_threadpool(finish, door.house, upload))
    finally:
        await run_in_threadpool(abandon, door.house, upload)


@router.get("/referrals/{referral}/attachments", operation_id="list_attachments")
def attachments(
    actor: Annotated[Actor, Depends(May(Act.READ_ATTACHMENT))], door: Door, referral: ReferralId
) -> AttachmentList:
    """The attachments of a referral. Looking is logged."""
    return AttachmentList(attachments=[_out(kept) for kept in list_attachments(door.house, actor, referral)])


@router.get("/attachments/{attachment}", operation_id="read_attachment", response_class=Response, responses=_GIVES)
def attachment_content(
    actor: Annotated[Actor, Depends(May(Act.READ_ATTACHMENT))], door: Door, attachment: AttachmentId
) -> StreamingResponse:
    """What an attachment holds. Reading is logged. Nothing is handed out of one that is not as it was stored."""
    kept, pieces = read_attachment(door.house, actor, attachment)
    name = f"{kept.id}.{EXTENSIONS[kept.media_type]}"
    headers = {"Content-Length": str(kept.size), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=kept.media_type, headers=headers)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes in; of a signed request, which was read whole to check its signature, in one piece."""
    whole = getattr(request.state, "body", None)
    if whole is not None:
        yield whole
        return
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise BadInput("ATTACHMENT_CUT", "content-length", "fewer or more bytes came than were announced",
                       "send it again") from None  # fmt: skip


def _announced(request: Request, content_digest: str | None) -> Announced:
    length = request.headers.get("content-length", "")
    found = _SHA256.search(content_digest or "")
    if content_digest is not None and found is None:
        raise _digest_wrong()
    try:
        digest = base64.b64decode(found.group(1), validate=True) if found else None
    except binascii.Error:
        raise _digest_wrong() from None
    return Announced(request.headers.get("content-type", ""), int(length) if length.isdecimal() else None, digest)


def _digest_wrong() -> BadInput:
    return BadInput("DIGEST_WRONG", "content-digest", "this is no SHA-256 as RFC 9530 writes it",
                    "send sha-256=:...: or leave it out")  # fmt: skip


def _out(kept: KeptAttachment) -> AttachmentOut:
    return AttachmentOut(
        id=kept.id, referral=kept.referral_id, person=kept.subject, data_class=kept.data_class.value,
        media_type=kept.media_type, size=kept.size, stored_at=kept.complete_at,
    )  # fmt: skip
