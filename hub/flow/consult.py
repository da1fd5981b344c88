"""Consult: what a landlord's people may read of a referral, each reading logged; what waits for an authoriser."""

from dataclasses import dataclass
from datetime import datetime

from hub.access.roles import Act, Actor, Role, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry, EntryKind
from hub.decision import kept
from hub.decision.kept import KeptDecision
from hub.decision.told import Voice, explain_kept
from hub.delivery import outbox, receipts
from hub.delivery.outbox import DisclosureRow
from hub.delivery.receipts import KeptReceipt
from hub.errors import NotFound
from hub.flow.house import House
from hub.intake import referrals
from hub.register import agencies, consents
from hub.register.agencies import Agency
from hub.register.consents import RecordedConsent
from protocols.vocabulary import AgencyKind, Purpose


@dataclass(frozen=True, slots=True)
class DisclosureView:
    """One disclosure as those who work on the case see it."""

    row: DisclosureRow
    agency: Agency
    decision: KeptDecision
    receipts: tuple[KeptReceipt, ...]


@dataclass(frozen=True, slots=True)
class ReferralView:
    """A referral's course: its disclosures and consents. The record itself is not repeated."""

    id: str
    reference: str
    landlord: str
    accepted_at: datetime
    consents: tuple[RecordedConsent, ...]
    disclosures: tuple[DisclosureView, ...]


def read_referral(house: House, actor: Actor, referral_id: str) -> ReferralView:
    """The course of a referral. Raises NotFound, for another landlord's as well."""
    require(actor, Act.READ_REFERRAL)
    with house.store.write() as tx:
        landlord, case_id = referrals.landlord_and_case(tx, referral_id)
        require_landlord(actor, landlord)
        accepted = referrals.get(tx, referral_id)
        views = tuple(
            DisclosureView(
                row, agencies.get(tx, row.agency), kept.read(tx, row.decision_id, case_id),
                receipts.of_disclosure(tx, row.id, case_id),
            )
            for row in outbox.of_referral(tx, referral_id)
        )  # fmt: skip
        given = consents.of_case(tx, case_id)
        log.append(tx, [Entry(EntryKind.CASE_READ, house.clock.now(), actor.person, {
            "referral": referral_id, "role": actor.role.value, "view": "course",
        })])  # fmt: skip
    return ReferralView(accepted.id, accepted.reference, landlord, accepted.accepted_at, given, views)


def explain_decision(house: House, actor: Actor, disclosure_id: str, voice: Voice) -> str:
    """The latest decision about a disclosure, in one of three voices. Raises NotFound."""
    require(actor, Act.EXPLAIN)
    with house.store.write() as tx:
        row = outbox.get(tx, disclosure_id)
        require_landlord(actor, row.landlord)
        decision = kept.read(tx, row.decision_id, row.case_id)
        kind = agencies.get(tx, row.agency).kind
        log.append(tx, [Entry(EntryKind.CASE_READ, house.clock.now(), actor.person, {
            "referral": row.referral_id, "role": actor.role.value, "view": f"explanation.{voice.value}",
        })])  # fmt: skip
    on = house.clock.now().date()
    return explain_kept(house.rulebook, decision, voice, AgencyKind(kind), Purpose(row.purpose), on)


def waiting_for_review(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What waits for an authoriser of the actor's landlord."""
    require(actor, Act.REVIEW)
    if actor.landlord is None or actor.role is not Role.AUTHORISER:
        raise NotFound("NOT_FOUND", "this credential belongs to no landlord")
    with house.store.read() as tx:
        return outbox.held(tx, actor.landlord)


def list_agencies(house: House) -> tuple[Agency, ...]:
    """The agencies that a referral may name."""
    with house.store.read() as tx:
        return agencies.listed(tx)
