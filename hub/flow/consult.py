"""Consult: what a landlord's people may read of a referral, each reading logged; what waits for an authoriser."""

from dataclasses import dataclass
from datetime import datetime

from hub.access.cases import ReadFor, purpose_of
from hub.access.roles import Act, Actor, Role, require
from hub.audit import log
from hub.decision import kept
from hub.decision.kept import KeptDecision
from hub.decision.told import Voice, explain_kept
from hub.delivery import follow_ups, outbox, receipts
from hub.delivery.follow_ups import FollowUp
from hub.delivery.outbox import DisclosureRow
from hub.delivery.receipts import KeptReceipt
from hub.errors import NotFound
from hub.flow.entries import case_read
from hub.flow.house import House
from hub.flow.sight import in_sight, require_sight
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
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class ReferralView:
    """A referral's course: its disclosures, bare notices about them, and consents. The record is not repeated."""

    id: str
    reference: str
    landlord: str
    accepted_at: datetime
    consents: tuple[RecordedConsent, ...]
    disclosures: tuple[DisclosureView, ...]
    notices: tuple[tuple[DisclosureRow, FollowUp], ...] = ()


def read_referral(house: House, actor: Actor, referral_id: str, purpose: ReadFor | None = None) -> ReferralView:
    """The course of a referral.

    Raises NotFound, for another landlord's or team's as well, and NotAllowed for a purpose that is not of the role.
    """
    require(actor, Act.READ_REFERRAL)
    reads_for = purpose_of(actor, purpose)
    with house.store.write(actor.scope) as tx:
        landlord, case_id = referrals.landlord_and_case(tx, referral_id)
        require_sight(tx, actor, case_id)
        accepted = referrals.get(tx, referral_id)
        rows = outbox.of_referral(tx, referral_id)
        told = {row.id: entry for row in rows if (entry := follow_ups.of(tx, row)) is not None}
        views = tuple(
            DisclosureView(
                row, agencies.get(tx, row.agency), kept.read(tx, row.decision_id, case_id),
                receipts.of_disclosure(tx, row.id, case_id), told[row.id].about if row.id in told else None,
            )
            for row in rows if row.id not in told or not told[row.id].bare
        )  # fmt: skip
        notices = tuple((row, told[row.id]) for row in rows if row.id in told and told[row.id].bare)
        given = consents.of_case(tx, case_id)
        log.append(tx, [case_read(actor, referral_id, "course", reads_for, house.clock.now())])
    return ReferralView(accepted.id, accepted.reference, landlord, accepted.accepted_at, given, views, notices)


def explain_decision(
    house: House, actor: Actor, disclosure_id: str, voice: Voice, purpose: ReadFor | None = None, *,
    decision_id: str | None = None,
) -> str:  # fmt: skip
    """A decision about a disclosure, the latest unless named, in one of three voices.

    Raises NotFound, also for a decision about another disclosure; NotAllowed for the purpose.
    """
    require(actor, Act.EXPLAIN)
    reads_for = purpose_of(actor, purpose)
    with house.store.write(actor.scope) as tx:
        row = outbox.get(tx, disclosure_id)
        require_sight(tx, actor, row.case_id)
        decision = kept.read(tx, decision_id or row.decision_id, row.case_id)
        if decision.disclosure_id != row.id:
            raise NotFound("NOT_FOUND", "there is nothing by that id")
        kind = agencies.get(tx, row.agency).kind
        log.append(tx, [case_read(actor, row.referral_id, f"explanation.{voice.value}", reads_for, house.clock.now())])
    on = house.clock.now().date()
    return explain_kept(house.rulebook, decision, voice, AgencyKind(kind), Purpose(row.purpose), on)


def waiting_for_review(house: House, actor: Actor) -> tuple[DisclosureRow, ...]:
    """What waits for an authoriser of the actor's landlord."""
    require(actor, Act.REVIEW)
    if actor.landlord is None or actor.role is not Role.AUTHORISER:
        raise NotFound("NOT_FOUND", "this credential belongs to no landlord")
    with house.store.read(actor.scope) as tx:
        return in_sight(tx, actor, outbox.held(tx, actor.landlord))
