"""Attach: evidence that comes with a referral, sealed as it streams in; there for nobody until all of it is there.

    [transaction 1]  hold the case; a row that says that something is coming in
    [each 1 MiB]     hold the case; one sealed row more
    [transaction 2]  hold the case; its length, digest and kind are right: published, and logged

Nothing of it ever stands in clear on a disk. It is opened once to its end before a reader is handed the first byte,
and each reading is logged. What breaks off is taken away by the sweep. It is sent to no partner: evidence is described.
"""

import hashlib
import hmac
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from hub.access.cases import purpose_of
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.commitments import commit
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.errors import BadInput, TooLarge, WrongMediaType
from hub.flow.house import House
from hub.flow.sight import require_sight
from hub.flow.still import require_room
from hub.intake import attachments, media, referrals
from hub.intake.attachments import KeptAttachment
from hub.store.chunks import Sealer, unsealed
from hub.store.classes import DataClass
from hub.store.scope import EVERY, Scope

UNFINISHED_FOR = timedelta(hours=6)
"""After which what is still not whole never will be."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the sender says of a file before sending it: what it calls it, and its length and SHA-256 if it does."""

    media_type: str
    size: int | None = None
    sha256: bytes | None = None


@dataclass(slots=True)
class Upload:
    """One attachment on its way in. Made by `begin`, then `take` for every piece in order, then `finish`."""

    id: str
    actor: Actor
    referral_id: str
    case_id: str
    subject: str
    announced: Announced
    sealer: Sealer = field(repr=False)
    recogniser: media.Recogniser = field(default_factory=media.Recogniser, repr=False)
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256, repr=False)
    size: int = 0
    rows: int = 0
    is_settled: bool = False
    """Published, or taken away."""


def begin(
    house: House, actor: Actor, referral_id: str, *, person: str | None, data_class: DataClass, announced: Announced
) -> Upload:
    """Begin to take an attachment about one person of a referral, by default the one whom the referral is about.

    Raises NotFound, BadInput for a person whom the referral does not have, TooLarge, Unavailable without room for it.
    """
    require(actor, Act.ATTACH)
    _check_size(house, announced.size or 0)
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        _, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        require_room(house, tx)
        referrals.hold_case(tx, case_id)
        accepted = referrals.get(tx, referral_id)
        subject = person or accepted.subject
        if subject not in {entry.id for entry in accepted.content.record.people}:
            raise BadInput("PERSON_UNKNOWN", "person", "the referral has nobody of that number",
                           "use a number of the referral's people")  # fmt: skip
        made = attachments.begin(
            tx, referral_id=referral_id, case_id=case_id, subject=subject, data_class=data_class, author=actor.person,
            now=now,
        )  # fmt: skip
    return Upload(made, actor, referral_id, case_id, subject, announced, Sealer(attachments.context(made)))


def take(house: House, upload: Upload, piece: bytes) -> None:
    """Take the next piece. Raises TooLarge, and NotFound when the person was erased meanwhile."""
    upload.size += len(piece)
    _check_size(house, upload.size)
    upload.recogniser.see(piece)
    upload.sha256.update(piece)
    for row in upload.sealer.take(piece):
        _keep_row(house, upload, row)


def finish(house: House, upload: Upload) -> KeptAttachment:
    """Publish it, when it is what its sender said and of a kind that is taken.

    Raises BadInput for another length or digest than was announced, WrongMediaType, NotFound.
    """
    _keep_row(house, upload, upload.sealer.end())
    media_type = _check_whole(upload)
    now = house.clock.now()
    with house.store.write(upload.actor.scope) as tx:
        referrals.hold_case(tx, upload.case_id)
        kept = attachments.complete(tx, upload.id, upload.sealer.key, media_type, upload.size, now)
        bound = commit(tx, upload.case_id, upload.id, upload.subject, upload.sha256.digest(), now)
        log.append(tx, [Entry(EntryKind.ATTACHMENT_STORED, now, upload.actor.person, {
            "attachment": upload.id, "referral": upload.referral_id, "content_commitment": bound,
        })])  # fmt: skip
    upload.is_settled = True
    return kept


def abandon(house: House, upload: Upload) -> None:
    """Take away what is not to be published. Doing it again, or after publishing, does nothing."""
    if upload.is_settled:
        return
    with house.store.write(upload.actor.scope) as tx:
        attachments.drop(tx, upload.id)
    upload.is_settled = True


def sweep_unfinished(house: House) -> int:
    """Take away what broke off without being abandoned, as when the hub crashed; returns how many."""
    with house.store.write(EVERY) as tx:
        return attachments.drop_unfinished(tx, house.clock.now() - UNFINISHED_FOR)


def list_attachments(house: House, actor: Actor, referral_id: str) -> tuple[KeptAttachment, ...]:
    """The attachments of a referral; that they were looked at is logged. Raises NotFound."""
    require(actor, Act.READ_ATTACHMENT)
    with house.store.write(actor.scope) as tx:
        require_sight(tx, actor, referrals.landlord_and_case(tx, referral_id)[1])
        found = attachments.of_referral(tx, referral_id)
        log.append(tx, [_read_entry(house, actor, referral_id, "attachments")])
    return found


def read_attachment(house: House, actor: Actor, attachment_id: str) -> tuple[KeptAttachment, Iterator[bytes]]:
    """An attachment, and what it holds, piece by piece. All of it was opened to its end before this returns.

    Raises NotFound, and NotTrusted when it is not what was stored: then nothing of it is handed out.
    """
    require(actor, Act.READ_ATTACHMENT)
    with house.store.read(actor.scope) as tx:
        kept = attachments.get(tx, attachment_id)
        require_sight(tx, actor, kept.case_id)
        key = attachments.key_of(tx, kept)
    deque(_pieces(house, actor.scope, kept.id, key), maxlen=0)
    with house.store.write(actor.scope) as tx:
        attachments.get(tx, attachment_id)  # not erased meanwhile
        log.append(tx, [_read_entry(house, actor, kept.referral_id, "attachment")])
    return kept, _pieces(house, actor.scope, kept.id, key)


def _pieces(house: House, scope: Scope, attachment_id: str, key: bytes) -> Iterator[bytes]:
    return unsealed(key, attachments.context(attachment_id), _rows(house, scope, attachment_id))


def _rows(house: House, scope: Scope, attachment_id: str) -> Iterator[bytes]:
    """The sealed rows, each read by itself: a slow reader holds no transaction open. Rows on file never change."""
    number = 0
    while (row := _row(house, scope, attachment_id, number)) is not None:
        yield row
        number += 1


def _row(house: House, scope: Scope, attachment_id: str, number: int) -> bytes | None:
    with house.store.read(scope) as tx:
        return attachments.row_of(tx, attachment_id, number)


def _keep_row(house: House, upload: Upload, sealed: bytes) -> None:
    with house.store.write(upload.actor.scope) as tx:
        referrals.hold_case(tx, upload.case_id)
        attachments.add_row(tx, upload.id, upload.rows, sealed)
    upload.rows += 1


def _check_size(house: House, size: int) -> None:
    if size > house.max_attachment_bytes:
        says = (
            f"the attachment is larger than {house.max_attachment_bytes} bytes; describe the evidence, or send a part"
        )
        raise TooLarge("ATTACHMENT_TOO_LARGE", says)


def _check_whole(upload: Upload) -> str:
    announced = upload.announced
    if announced.size not in (None, upload.size):
        raise BadInput(
            "ATTACHMENT_CUT", "content-length", "fewer or more bytes came than were announced", "send it again"
        )
    if announced.sha256 is not None and not hmac.compare_digest(announced.sha256, upload.sha256.digest()):
        raise BadInput("DIGEST_DIFFERS", "content-digest", "what came is not what was announced", "send it again")
    found = upload.recogniser.media_type()
    if found is None or not media.agrees(announced.media_type, found):
        says = "send PDF, JPEG, PNG, MP3, M4A, MP4 or plain text in UTF-8, as that or as application/octet-stream"
        raise WrongMediaType("MEDIA_NOT_TAKEN", says)
    return found


def _read_entry(house: House, actor: Actor, referral_id: str, view: str) -> Entry:
    return Entry(EntryKind.CASE_READ, house.clock.now(), actor.person, {
        "referral": referral_id, "role": actor.role.value, "view": view, "purpose": purpose_of(actor, None).value,
        "strength": actor.strength.value,
    }, version=2)  # fmt: skip
