"""The audit log from outside: key, proofs, export; its tiles are `hub.api.routes.tiles`. Needs none of our code."""

import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from hub.access.roles import Act, Actor
from hub.api.doorway import DisclosureId, Door, May, anyone
from hub.api.shapes.log import ConsistencyOut, DisclosureProofOut, ProofOut
from hub.flow.checkpoint import verifier_key
from hub.flow.export import export
from hub.flow.proof import prove, prove_consistency, prove_disclosure

router = APIRouter(prefix="/v1/log", tags=["audit log"])
disclosures = APIRouter(prefix="/v1/disclosures", tags=["audit log"])

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/key", operation_id="read_log_key", dependencies=[Depends(anyone)], response_class=Response,
            responses=_TEXT)  # fmt: skip
def read_key(door: Door) -> Response:
    """The key that checkpoints verify under (C2SP vkey). Pin it once, from a source you trust."""
    return Response(verifier_key(door.house) + "\n", media_type="text/plain; charset=utf-8")


@router.get("/entries/{number}/proof", operation_id="prove_entry")
def prove_entry(actor: Annotated[Actor, Depends(May(Act.READ_LOG))], door: Door, number: int) -> ProofOut:
    """An entry that concerns your landlord or agency, and the proof that it is in the log."""
    found = prove(door.house, number, actor)
    return ProofOut(number=number, entry=base64.b64encode(found.entry).decode(), proof=found.proof)


@disclosures.get("/{disclosure}/proofs", operation_id="prove_disclosure")
def prove_one_disclosure(
    actor: Annotated[Actor, Depends(May(Act.READ_LOG))], door: Door, disclosure: DisclosureId
) -> list[DisclosureProofOut]:
    """What proves for ever that a disclosure went, when, to whom and as which bytes (docs/verify-it-yourself.md)."""
    return [
        DisclosureProofOut(
            number=one.proof.number, kind=json.loads(one.proof.entry)["kind"], proof=one.proof.proof,
            entry=base64.b64encode(one.proof.entry).decode(), salt=one.salt.hex() if one.salt else None,
        )
        for one in prove_disclosure(door.house, actor, disclosure)
    ]  # fmt: skip


@router.get("/consistency", operation_id="prove_consistency", dependencies=[Depends(anyone)])
def consistency(door: Door, old: Annotated[int, Query(ge=0)], new: Annotated[int, Query(ge=0)]) -> ConsistencyOut:
    """The proof that the log of size `old` is the beginning of that of size `new`."""
    return ConsistencyOut(old=old, new=new, proof=prove_consistency(door.house, old, new))


@router.get("/export", operation_id="export_log", response_class=Response,
            responses=_ZIP)  # fmt: skip
def export_log(actor: Annotated[Actor, Depends(May(Act.EXPORT_LOG))], door: Door) -> Response:
    """The whole log as a zip, with its verifier inside: `python verify.py EXPORT --key VKEY`."""
    return Response(export(door.house, actor), media_type="application/zip")
