"""The audit log as a tiled log that anybody can mirror and check (C2SP tlog-tiles), read-only."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, anyone
from hub.flow.checkpoint import entry_bundle, latest, tile

router = APIRouter(prefix="/log", tags=["audit log"])

_TEXT: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/checkpoint", operation_id="read_checkpoint", dependencies=[Depends(anyone)], response_class=Response,
            responses=_TEXT)  # fmt: skip
def read_checkpoint(door: Door) -> Response:
    """The newest signed checkpoint, with the lines of the witnesses who cosigned it."""
    return Response(latest(door.house), media_type="text/plain; charset=utf-8")


@router.get("/tile/entries/{bundle:path}", operation_id="read_log_entries", response_class=Response, responses=_BYTES)
def read_entries(actor: Annotated[Actor, Depends(May(Act.EXPORT_LOG))], door: Door, bundle: str) -> Response:
    """Up to 256 entries, for the data-protection officer."""
    content = entry_bundle(door.house, actor, f"tile/entries/{bundle}")
    return Response(content, media_type="application/octet-stream")


@router.get("/tile/{hashes:path}", operation_id="read_log_tile", dependencies=[Depends(anyone)],
            response_class=Response, responses=_BYTES)  # fmt: skip
def read_tile(door: Door, hashes: str) -> Response:
    """Up to 256 hashes of the log's tree. What a checkpoint covers never changes."""
    return Response(tile(door.house, f"tile/{hashes}"), media_type="application/octet-stream")
