"""The record of processing of a landlord as controller (UK GDPR Art 30(1)), as far as this hub knows it.

It names organisations, roles and kinds of data, and nobody. Counts are told by the rule for small ones. It is read in
one transaction and its entry made in the next: to count a long register takes seconds, and others would wait.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.access.cases import purpose_of
from hub.access.roles import Act, Actor, require
from hub.audit import log
from hub.audit.kinds import EntryKind
from hub.delivery import disclosed
from hub.flow.house import House
from hub.flow.register import landlord_of, readings
from hub.register import agencies, agreements, landlords, retention, small_counts
from hub.register.agencies import Agency
from hub.register.landlords import Landlord
from hub.register.small_counts import Told
from protocols.agreement import Agreement
from protocols.parties import PartyRole

SECURITY: Final = (
    "Content is sealed under keys of landlord, case, person and class; every reading and release is in a signed log; "
    "people sign in with two factors or a passkey; landlords are kept apart in the database. "
    "In full: docs/security.md of the hub."
)
TRANSFERS: Final = (
    "The hub records no country of a recipient and makes no transfer of its own; whether one is outside the United "
    "Kingdom is seen from its agreement."
)
_JOINT: Final = PartyRole.JOINT_CONTROLLER
_LEFT_OUT: Final = frozenset({"draft"})


@dataclass(frozen=True, slots=True)
class Activity:
    """One purpose for which one agency is told, under which agreements, which kinds of data, and how often it was."""

    purpose: str
    agency: Agency
    agreements: tuple[str, ...]
    categories: tuple[str, ...]
    deleted_after_days: tuple[int, ...]
    disclosures: int | str


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """The record. `joint` are joint controllers by an agreement (Art 26), `mailboxes` those of the landlord's roles."""

    landlord: Landlord
    joint: tuple[str, ...]
    mailboxes: tuple[tuple[str, str], ...]
    activities: tuple[Activity, ...]
    disclosures: int | str
    retention_days: Mapping[str, int]


def read_processing_record(house: House, actor: Actor, form: str) -> ProcessingRecord:
    """The record of the actor's landlord, in that form: its name is in the entry. Raises NotAllowed."""
    require(actor, Act.EXPORT_REGISTER)
    code, now = landlord_of(actor), house.clock.now()
    with house.store.read(actor.scope) as tx:
        filed = agreements.filed(tx, code)
        papers = [one.paper for one in filed if agreements.life(one, filed, now.date()) not in _LEFT_OUT]
        known = {agency.id: agency for agency in agencies.listed(tx)}
        counts = disclosed.counted(tx)
        landlord, days = landlords.get(tx, code), retention.schedule(tx, code)
    found = _made(landlord, papers, known, counts, days, now.date())
    with house.store.write(actor.scope) as tx:
        log.append(tx, readings(EntryKind.REGISTER_READ, actor, f"processing.{form}", purpose_of(actor, None), now, [],
                                {"filters": (), "disclosures": 0}))  # fmt: skip
    return found


def _made(
    landlord: Landlord, papers: list[Agreement], known: Mapping[str, Agency], counts: Mapping[tuple[str, str], int],
    days: Mapping[str, int], on: date,
) -> ProcessingRecord:  # fmt: skip
    agreed = {
        (party.agency, purpose.value)
        for paper in papers if paper.is_in_force(on) for party in paper.recipients for purpose in paper.purposes
        if party.agency in known
    }  # fmt: skip
    told = small_counts.told({pair: counts.get(pair, 0) for pair in sorted(agreed | counts.keys())})
    ours = [party for paper in papers for party in paper.controllers if party.landlord == landlord.code]
    names = {party.name for party in ours} | {landlord.name}
    joint = {party.name for paper in papers for party in paper.controllers if party.role is _JOINT} - names
    joint |= {party.name for paper in papers for party in paper.recipients if party.role is _JOINT}
    mailboxes = {(box.role, box.mailbox) for paper in papers for box in paper.contacts if box.organisation in names}
    return ProcessingRecord(landlord, tuple(sorted(joint)), tuple(sorted(mailboxes)),
                            tuple(_activities(papers, known, told)), told.total, dict(days))  # fmt: skip


def _activities(
    papers: list[Agreement], known: Mapping[str, Agency], told: Told[tuple[str, str]]
) -> Iterable[Activity]:  # fmt: skip
    for (agency, purpose), count in told.counts.items():
        its = [paper for paper in papers if paper.recipient(agency) and purpose in paper.purposes]
        categories = {
            category.value for paper in its for clause in paper.clauses if purpose in clause.purposes
            for category in clause.categories
        }  # fmt: skip
        yield Activity(purpose, known[agency], tuple(paper.reference for paper in its), tuple(sorted(categories)),
                       tuple(sorted({paper.retention.days for paper in its})), count)  # fmt: skip
