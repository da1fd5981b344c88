"""A decision in plain words, in three voices: the officer's, the data protection officer's, the person's own.

The person's text is written from the decision's outcome, duties and kinds of data alone. It never repeats a reason:
reasons may speak of other people, of allegations or of an enquiry (DPA 2018 Sch 2 paras 2 and 16).
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum, unique

from consent.decision import Decision, Reason
from consent.withheld import Withheld
from consent.wording import HEADLINES, NOTHING_TO_TELL, OWN_KINDS, TO_DO, YOUR_RIGHTS, plain
from protocols.vocabulary import AgencyKind, DataCategory, Obligation, Outcome, Purpose


@unique
class Voice(StrEnum):
    """For whom the explanation is."""

    OFFICER = "officer"  # what happens now, what to do next
    DPO = "dpo"  # every reason with its code and provision
    SUBJECT = "subject"  # to the person the data is about, in the second person


def explain(
    decision: Decision,
    voice: Voice,
    *,
    recipient: AgencyKind,
    purpose: Purpose,
    withheld: tuple[Withheld, ...] = (),
) -> str:
    """The decision for that reader, as lines of plain text.

    `withheld` is what minimising kept back, for the officer and the DPO; the person's own text leaves it out, names
    nobody, and says nothing at all of a disclosure that must not be told (`withhold_inform`).
    """
    match voice:
        case Voice.OFFICER:
            return "\n".join(_to_officer(decision, recipient, purpose, withheld))
        case Voice.DPO:
            return "\n".join(_to_dpo(decision, recipient, purpose, withheld))
        case Voice.SUBJECT:
            return "\n".join(_to_subject(decision, recipient))


def _to_officer(
    decision: Decision, recipient: AgencyKind, purpose: Purpose, withheld: tuple[Withheld, ...]
) -> Iterator[str]:
    yield HEADLINES[decision.outcome].format(
        recipient=plain(recipient), purpose=plain(purpose), authoriser=_authoriser(decision)
    )
    whole = [reason.says for reason in decision.reasons if reason.determining and reason.category is None]
    yield from _listed("Why:", whole)
    removed = (f"{plain(kind)}: {_says(decision.reasons, kind)}" for kind in decision.remove)
    if decision.outcome is not Outcome.DENY:
        yield from _listed("Taken out:", removed)
        yield from _listed("Kept back from what you entered:", _kept_back(decision, withheld))
    yield from _listed("Not known yet, and needed:", (plain(gap) for gap in decision.gaps))
    yield from _listed("What to do:", (TO_DO[duty] for duty in decision.obligations if duty in TO_DO))
    yield from _listed("What would lawfully change this:", decision.remedy)


def _to_dpo(
    decision: Decision, recipient: AgencyKind, purpose: Purpose, withheld: tuple[Withheld, ...]
) -> Iterator[str]:
    yield f"Outcome: {decision.outcome.value} (recipient {recipient.value}, purpose {purpose.value})"
    yield f"Rules: {decision.rules}"
    until = decision.valid_until.isoformat() if decision.valid_until else "no fixed end"
    yield f"Valid until: {until}; decided again before every release"
    yield from _listed("Determining reasons:", _cited(reason for reason in decision.reasons if reason.determining))
    yield from _listed("Other findings:", _cited(reason for reason in decision.reasons if not reason.determining))
    yield from _listed("Kept:", decision.keep)
    yield from _listed("Removed:", decision.remove)
    yield from _listed("Grounds:", (f"{ground.value}: {ground.citation}" for ground in decision.basis))
    yield from _listed("Obligations:", decision.obligations)
    yield from _listed("Gaps:", decision.gaps)
    yield from _listed("Authoriser:", [decision.authoriser] if decision.authoriser else [])
    if Obligation.POLICY_DIVERGENCE_LOG in decision.obligations:
        diverging = (reason for reason in decision.reasons if reason.code.startswith("POLICY"))
        yield from _listed("Law and landlord's policy differ; logged:", _cited(diverging) or ["see the reasons above"])
    yield from _listed("Remedy:", decision.remedy)
    yield from _listed(
        "Not sent:", (f"{_place(entry)}: {entry.code} [{'; '.join(entry.cites)}] {entry.says}" for entry in withheld)
    )


def _to_subject(decision: Decision, recipient: AgencyKind) -> Iterator[str]:
    if Obligation.WITHHOLD_INFORM in decision.obligations:
        yield NOTHING_TO_TELL
        return
    who = plain(recipient)
    match decision.outcome:
        case Outcome.DENY:
            yield f"We have not shared information about you with {who}."
        case Outcome.NEEDS_AUTHORISER:
            yield f"We have not shared information about you with {who}."
            yield "A senior colleague will look at whether we should."
        case Outcome.PERMIT | Outcome.PERMIT_REDACTED:
            yield f"We share some information about you with {who}, so that they can do their part."
            kept = dict.fromkeys(OWN_KINDS[kind] for kind in decision.keep if kind in OWN_KINDS)
            yield from _listed("It is about:", kept)
            yield "We send only what they need."
    if Obligation.OFFER_SUPPORT in decision.obligations:
        yield "If you would like support, now or later, please tell us."
    if Obligation.SEEK_CONSENT in decision.obligations:
        yield "We would like to ask you whether more may be shared. It is your choice, and you can change your mind."
    yield YOUR_RIGHTS


def _authoriser(decision: Decision) -> str:
    return plain(decision.authoriser) if decision.authoriser else "an authoriser"


def _listed(title: str, entries: Iterable[str]) -> Iterator[str]:
    lines = [f"- {entry}" for entry in entries]
    if lines:
        yield title
        yield from lines


def _cited(reasons: Iterable[Reason]) -> list[str]:
    return [
        f"{reason.code}{f' ({reason.category.value})' if reason.category else ''} "
        f"[{'; '.join(reason.cites)}] {reason.says}"
        for reason in reasons
    ]


def _says(reasons: Iterable[Reason], category: DataCategory) -> str:
    return next((reason.says for reason in reasons if reason.category is category), "the decision takes it out.")


def _kept_back(decision: Decision, withheld: tuple[Withheld, ...]) -> Iterator[str]:
    """What minimising alone kept back; what the decision removed is listed by its kind."""
    for entry in withheld:
        if entry.category not in decision.remove:
            yield f"{_place(entry)}: {entry.says}"


def _place(entry: Withheld) -> str:
    return f"{entry.title} ({entry.of})" if entry.of else entry.title
