"""Document: what a landlord must have written down is put on record, with its version and dates, or withdrawn.

Decisions ask for these documents: one out of date takes away the grounds that need it, or an authoriser is asked.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import outbox
from hub.errors import BadInput
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import reconsider_packs
from hub.register import agencies, documents, landlords
from hub.register.documents import Document, Kind
from hub.store.scope import of_landlord
from hub.store.unit_of_work import Reading
from protocols.vocabulary import Purpose

COMMAND = "command"
"""Who acts at the command line of the hub's own machine, as the log names them."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document as it is recorded: what kind, about which purpose or agency, its digest and its dates."""

    kind: Kind
    about: str | None
    digest: str | None
    review_by: datetime
    in_force_from: datetime | None = None


def record(house: House, actor: Actor | None, landlord: str, new: NewDocument) -> Document:
    """Put the next version of a document on record; `actor` is None at the command line of the hub's own machine.

    Raises BadInput for one about the wrong thing or whose dates do not hold together, NotFound for another landlord.
    """
    _admit(actor, Act.RECORD_DOCUMENT, landlord)
    documents.check_digest(new.digest, "digest")
    now = house.clock.now()
    begins = new.in_force_from or now
    if begins >= new.review_by:
        raise BadInput("DOCUMENT_DATES", "review_by", "is not after in_force_from", "give a later day of review")
    by = actor.person if actor else COMMAND
    with house.store.write(of_landlord(landlord)) as tx:
        landlords.get(tx, landlord)
        _check_about(tx, new)
        made = documents.record(tx, new.kind, new.about, digest=new.digest, in_force_from=begins,
                                review_by=new.review_by, by=by, now=now)  # fmt: skip
        log.append(tx, [Entry(EntryKind.DOCUMENT_RECORDED, now, by, {
            "document": made.id, "landlord": landlord.lower(), "document_kind": made.kind.value,
            "version": made.version, "about": made.about, "digest": made.digest,
        })])  # fmt: skip
    return made


def withdraw(house: House, actor: Actor | None, landlord: str, document_id: str) -> None:
    """End a document at once; packs that wait to be carried, and may not go without it, are taken back.

    Raises NotFound.
    """
    _admit(actor, Act.RECORD_DOCUMENT, landlord)
    now, by = house.clock.now(), actor.person if actor else COMMAND
    with house.store.write(of_landlord(landlord)) as tx:
        tx.hold_registers(to_stop=True)
        ended = documents.withdraw(tx, document_id, now)
        taken_back = reconsider_packs(house, tx, outbox.prepared(tx), by)
        log.append(tx, [Entry(EntryKind.DOCUMENT_WITHDRAWN, now, by, {
            "document": ended.id, "landlord": landlord.lower(), "document_kind": ended.kind.value,
        }), *taken_back])  # fmt: skip
    recall(house)


def list_documents(house: House, actor: Actor | None, landlord: str) -> tuple[Document, ...]:
    """Every document of a landlord, withdrawn ones too, oldest first. Raises NotFound for another landlord."""
    _admit(actor, Act.READ_AGREEMENTS, landlord)
    with house.store.read(of_landlord(landlord)) as tx:
        landlords.get(tx, landlord)
        return documents.listed(tx)


def set_policy_document(house: House, actor: Actor | None, landlord: str, review_by: datetime | None) -> None:
    """Record until when a landlord's appropriate policy document is in date (DPA 2018 Sch 1 para 39); None: no longer.

    Raises NotFound for a landlord that is not on the register.
    """
    if actor is not None:
        require(actor, Act.ADMINISTER)
    now, kind = house.clock.now(), Kind.APPROPRIATE_POLICY_DOCUMENT
    by = actor.person if actor else COMMAND
    with house.store.write(of_landlord(landlord)) as tx:
        tx.hold_registers(to_stop=True)
        landlords.get(tx, landlord)
        if review_by is not None:
            documents.record(tx, kind, None, digest=None, in_force_from=documents.ALWAYS, review_by=review_by, by=by,
                             now=now)  # fmt: skip
        else:
            for found in documents.listed(tx):
                if found.kind is kind and found.withdrawn_at is None:
                    documents.withdraw(tx, found.id, now)
        taken_back = reconsider_packs(house, tx, outbox.prepared(tx), by) if review_by is None else []
        log.append(
            tx, [Entry(EntryKind.POLICY_DOCUMENT_RECORDED, now, by, {"landlord": landlord.lower()}), *taken_back]
        )
    recall(house)


def _admit(actor: Actor | None, act: Act, landlord: str) -> None:
    """A landlord's own people see its documents alone; whoever configures the hub sees every landlord's."""
    if actor is not None:
        require(actor, act)
        if actor.landlord is not None:
            require_landlord(actor, landlord)


def _check_about(tx: Reading, new: NewDocument) -> None:
    match new.kind:
        case Kind.CONFIDENTIALITY_AGREEMENT if new.about is not None:
            agencies.get(tx, new.about, "about")
            fits = True
        case Kind.LEGITIMATE_INTERESTS_ASSESSMENT:
            fits = new.about in set(Purpose)
        case Kind.DATA_PROTECTION_IMPACT_ASSESSMENT:
            fits = new.about is None or new.about in set(Purpose)
        case _:
            fits = new.kind is Kind.APPROPRIATE_POLICY_DOCUMENT and new.about is None
    if not fits:
        raise BadInput("DOCUMENT_ABOUT", "about", "is not what a document of this kind is about",
                       "a purpose for an assessment, an agency for confidentiality, none for a policy")  # fmt: skip
