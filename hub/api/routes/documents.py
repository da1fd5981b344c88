"""What a landlord must have written down: policy documents, confidentiality agreements and assessments."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field, StringConstraints

from hub.access.roles import Act, Actor
from hub.api.doorway import Door, Landlord, May, RawJson, takes
from hub.flow import document
from hub.intake.strict_json import Instant, read_model
from hub.register.documents import Document, Kind
from protocols.record import Strict

router = APIRouter(prefix="/v1/landlords/{landlord}/documents", tags=["documents"])

DocumentId = Annotated[str, Path(pattern=r"^doc_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
About = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,63}$")]


class NewDocument(Strict):
    """A document as it is recorded. `about` is a purpose, an agency or null, as its kind asks."""

    kind: Kind = Field(strict=False)
    about: About | None = None
    digest: Digest | None = None
    in_force_from: Instant | None = Field(default=None, strict=False)
    review_by: Instant = Field(strict=False)


class DocumentOut(BaseModel):
    """One version of a document."""

    id: str
    kind: Kind
    about: str | None
    version: int
    digest: str | None
    in_force_from: datetime
    review_by: datetime
    recorded_at: datetime
    withdrawn_at: datetime | None


class DocumentList(BaseModel):
    """The documents of a landlord, oldest first."""

    documents: list[DocumentOut]


Reader = Annotated[Actor, Depends(May(Act.READ_AGREEMENTS))]
Recorder = Annotated[Actor, Depends(May(Act.RECORD_DOCUMENT))]


@router.get("", operation_id="list_documents")
def list_documents(actor: Reader, door: Door, landlord: Landlord) -> DocumentList:
    """The landlord's policy documents, confidentiality agreements and assessments on record."""
    return DocumentList(documents=[_document(found) for found in document.list_documents(door.house, actor, landlord)])


@router.post("", status_code=201, operation_id="record_document",
             openapi_extra=takes(NewDocument))  # fmt: skip
def record_document(actor: Recorder, door: Door, landlord: Landlord, raw: RawJson) -> DocumentOut:
    """Put the next version of a document on record."""
    given = read_model(raw, NewDocument)
    new = document.NewDocument(given.kind, given.about, given.digest, given.review_by, given.in_force_from)
    return _document(document.record(door.house, actor, landlord, new))


@router.delete("/{document_id}", status_code=204, operation_id="withdraw_document")
def withdraw_document(actor: Recorder, door: Door, landlord: Landlord, document_id: DocumentId) -> Response:
    """End a document at once."""
    document.withdraw(door.house, actor, landlord, document_id)
    return Response(status_code=204)


def _document(found: Document) -> DocumentOut:
    return DocumentOut.model_validate(found, from_attributes=True)
