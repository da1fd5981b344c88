"""Agree: an agreement through its life. On file as a draft, approved by two people, suspended by one, resumed by two.

Each landlord decides for itself whether a version counts for what it tells. A step takes effect at the next release:
every one is decided again at its door, on what counts then. Packs that wait to be carried are taken back by a stop, and
by a newer version that lets less go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hub.access.roles import Act, Actor, require, require_own_proof
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import lapses, outbox
from hub.errors import BadInput, Conflict, NotFound
from hub.flow.house import House
from hub.flow.recall import recall
from hub.flow.reconsider import reconsider_packs
from hub.ids import Prefix, is_id
from hub.register import agreements, documents, landlords
from hub.register.agreements import Filed
from hub.register.standing import PEOPLE, Stand, Standing, Step, Taken, check
from hub.store.scope import NOBODY, of_landlord
from hub.store.unit_of_work import Writing
from protocols.agreement import Agreement, AgreementState
from protocols.parse import AgreementError, parse_agreement

__all__ = ["PEOPLE", "Seen", "Step", "add", "add_here", "list_agreements", "read_agreement", "take", "take_here"]

COMMAND = "command"
"""Who acts at the command line of the hub's own machine, as the log names them."""

_GOING = (Step.APPROVED, Step.RESUMED)
_ACTS = {Step.APPROVED: Act.APPROVE_AGREEMENT, Step.RESUMED: Act.APPROVE_AGREEMENT,
         Step.SUSPENDED: Act.SUSPEND_AGREEMENT, Step.WITHDRAWN: Act.SUSPEND_AGREEMENT}  # fmt: skip
_KINDS = {Step.APPROVED: EntryKind.AGREEMENT_APPROVED, Step.RESUMED: EntryKind.AGREEMENT_RESUMED,
          Step.SUSPENDED: EntryKind.AGREEMENT_SUSPENDED, Step.WITHDRAWN: EntryKind.AGREEMENT_WITHDRAWN}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A version on file with one landlord: where it is in its life, and how many people stand behind the next step."""

    landlord: str
    paper: Agreement
    life: str
    people: int
    added_by: str
    registered_at: datetime


def add(house: House, actor: Actor, text: str) -> str:
    """Put a version on file as a draft; returns its reference ("agr_x@2"). It counts for nobody until two approve it.

    Raises BadInput with every defect of the text, and for a version that is on file or has no landlord of this hub.
    """
    require(actor, Act.ADMINISTER)
    paper = _parsed(text, "toml")
    if paper.state not in (AgreementState.DRAFT, AgreementState.IN_FORCE):
        raise BadInput("AGREEMENT_STATE", "state", "is one that a person gives a version that is on file",
                       "put it on file as in_force, and suspend or withdraw it there")  # fmt: skip
    return _put(house, paper, actor.person, actor.person)


def add_here(house: House, text: str, name: str) -> str:
    """The same at the command line of the hub's own machine."""
    return _put(house, _parsed(text, name), agreements.HUB, COMMAND)


def list_agreements(house: House, actor: Actor | None) -> tuple[Seen, ...]:
    """The versions that this person may know of: of their own landlord, or of each where they configure the hub."""
    if actor is not None:
        require(actor, Act.READ_AGREEMENTS)
    on = house.clock.now().date()
    whose = tuple(landlords.NAMES) if actor is None or actor.landlord is None else (actor.landlord,)
    found: list[Seen] = []
    for code in whose:
        with house.store.read(of_landlord(code)) as tx:
            here = agreements.filed(tx, code)
        found += [_seen(code, entry, here, on) for entry in here]
    return tuple(sorted(found, key=lambda seen: (seen.paper.id, seen.paper.version, seen.landlord)))


def read_agreement(house: House, actor: Actor | None, reference: str) -> tuple[Seen, ...]:
    """One version, as each landlord that this person may know of has it. Raises NotFound."""
    found = tuple(seen for seen in list_agreements(house, actor) if seen.paper.reference == reference)
    if not found:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    return found


def take(house: House, actor: Actor, reference: str, step: Step, evidence: str | None = None) -> Seen:
    """Approve, suspend, resume or withdraw a version for one's own landlord; returns it as it stands then.

    What takes two people takes two who each proved just now who they are: a token says only who holds it, and whoever
    configures the hub makes tokens. Raises NotFound, NotAllowed, Conflict.
    """
    require(actor, _ACTS[step])
    if actor.landlord is None:
        raise NotFound("NOT_FOUND", "there is nothing by that id")
    now = house.clock.now()
    with house.store.write(actor.scope) as tx:
        tx.hold_registers(to_stop=True)
        before = agreements.get(tx, reference, actor.landlord)
        if step in _GOING:
            require_own_proof(actor, now)
        after, entry = _take(tx, before, actor.landlord, Taken(step, actor.person, now, evidence), None)
        here = agreements.filed(tx, actor.landlord)
        log.append(tx, [entry, *_decide_packs_again(house, tx, step, [after], here, actor.person)])
        seen = _seen(actor.landlord, after, here, now.date())
    recall(house)
    return seen


def take_here(
    house: House, landlord: str, references: Sequence[str], step: Step, people: Sequence[str],
    evidence: str | None = None,
) -> tuple[Seen, ...]:  # fmt: skip
    """The same at the command line of the hub's own machine, for the people whom its operator names: all or nothing.

    The log says that the command line acted, and for whom. Raises BadInput for a name that is no person's id.
    """
    documents.check_digest(evidence, "evidence")
    if not people or not all(is_id(person, Prefix.PERSON) for person in people):
        raise BadInput("PERSON_UNKNOWN", "person", "is not the id of a person",
                       "give the usr_... that the person's credential was made with")  # fmt: skip
    now = house.clock.now()
    with house.store.write(of_landlord(landlord)) as tx:
        tx.hold_registers(to_stop=True)
        landlords.get(tx, landlord)
        entries: list[Entry] = []
        for reference in references:
            for person in people:
                found = agreements.get(tx, reference, landlord)
                _, entry = _take(tx, found, landlord, Taken(step, person, now, evidence), COMMAND)
                entries.append(entry)
        here = agreements.filed(tx, landlord)
        those = [entry for entry in here if entry.paper.reference in references]
        entries += _decide_packs_again(house, tx, step, those, here, COMMAND)
        log.append(tx, entries)
    recall(house)
    return tuple(_seen(landlord, entry, here, now.date()) for entry in those)


def _decide_packs_again(
    house: House, tx: Writing, step: Step, taken: Sequence[Filed], here: Sequence[Filed], by: str
) -> list[Entry]:  # fmt: skip
    """What waits in a folder is decided again: nobody would ask at its door before it is carried.

    At once after a stop. A version that begins to count ends the one before it, which may have let more go: the packs
    of both are decided again by the sweep that is next, and again on its first day (`judge`).
    """
    if step not in _GOING:
        reached = {party.agency for entry in taken for party in entry.paper.recipients}
        waiting = [row for agency in sorted(reached) for row in outbox.prepared_for(tx, agency)]
        return reconsider_packs(house, tx, waiting, by)
    counting = {entry.paper.id for entry in taken if entry.standing.stand is Stand.APPROVED}
    versions = [entry.paper for entry in here if entry.paper.id in counting]
    agencies = {party.agency for paper in versions for party in paper.recipients}
    lapses.note_packs(tx, house.clock.now(), agencies=agencies)
    return []


def _take(tx: Writing, before: Filed, landlord: str, taken: Taken, via: str | None) -> tuple[Filed, Entry]:
    check(before.standing, taken.step, taken.person, before.added_by)
    if taken.step is Step.APPROVED and before.paper.state is not AgreementState.IN_FORCE:
        raise Conflict("AGREEMENT_NOT_SIGNED", "its paper is a draft or has ended; put the signed version on file")
    after = agreements.take(tx, before, landlord, taken)
    return after, Entry(_KINDS[taken.step], taken.at, via or taken.person, {
        "agreement": before.paper.reference, "landlord": landlord.lower(), "digest": agreements.digest(before.paper),
        "people": _people(after.standing), "person": taken.person if via else None, "evidence": taken.evidence,
    })  # fmt: skip


def _people(found: Standing) -> int:
    return len(found.behind) or (PEOPLE if found.stand is Stand.APPROVED else 0)


def _put(house: House, paper: Agreement, author: str, actor: str) -> str:
    now = house.clock.now()
    with house.store.write(NOBODY) as tx:
        if not any(party.landlord in landlords.NAMES for party in paper.controllers):
            raise BadInput("AGREEMENT_WITHOUT_LANDLORD", "controllers", "holds no landlord of this hub",
                           "give each landlord's code")  # fmt: skip
        if not agreements.put(tx, (paper,), author, now):
            raise Conflict("AGREEMENT_ON_FILE", "that version is on file; give a changed agreement the next version")
        log.append(tx, [Entry(EntryKind.AGREEMENT_REGISTERED, now, actor, {
            "agreement": paper.reference, "digest": agreements.digest(paper),
        })])  # fmt: skip
    return paper.reference


def _parsed(text: str, name: str) -> Agreement:
    try:
        return parse_agreement(text, name)
    except AgreementError as problem:
        raise BadInput("AGREEMENT_FILE", name, str(problem), "see docs/agreements.md") from None


def _seen(landlord: str, entry: Filed, others: Sequence[Filed], on: date) -> Seen:
    return Seen(landlord, entry.paper, agreements.life(entry, others, on), _people(entry.standing), entry.added_by,
                entry.registered_at)  # fmt: skip
