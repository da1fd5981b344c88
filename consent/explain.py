"""A decision in plain words, in three voices: the officer's, the data protection officer's, the person's own.

The person's text is written from the decision's outcome, duties and kinds of data alone. It never repeats a reason:
reasons may speak of other people, of allegations or of an enquiry (DPA 2018 Sch 2 paras 2 and 16).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique

from consent import wording
from consent.change import Change
from consent.decision import Decision, Reason
from consent.withheld import Withheld
from consent.wording import authorisers, by_when, on_day, plain
from protocols.vocabulary import AgencyKind, DataCategory, Obligation, Outcome, Purpose

_AT_A_GLANCE = 2  # reasons that an officer reads; the rest are in the data protection officer's text


@unique
class Voice(StrEnum):
    """For whom the explanation is."""

    OFFICER = "officer"  # what happens now, what to do next
    DPO = "dpo"  # every reason with its code, rule and provision
    SUBJECT = "subject"  # to the person the data is about, in the second person


@dataclass(frozen=True, slots=True)
class _Told:
    """All that an explanation may draw on."""

    decision: Decision
    recipient: AgencyKind | None
    purpose: Purpose | None
    withheld: tuple[Withheld, ...]
    changes: tuple[Change, ...]
    clause: str | None
    rules_tried: tuple[int, int] | None


def explain(
    decision: Decision,
    voice: Voice,
    *,
    recipient: AgencyKind | None = None,
    purpose: Purpose | None = None,
    withheld: tuple[Withheld, ...] = (),
    changes: tuple[Change, ...] = (),
    child: bool = False,
    clause: str | None = None,
    rules_tried: tuple[int, int] | None = None,
) -> str:
    """The decision for that reader, as lines of plain text.

    `withheld` is what minimising kept back and `changes` what would lawfully change the answer, for the officer and the
    DPO; `clause` (of the agreement relied on) and `rules_tried` (how many rules, how many of them in force) are for the
    DPO. The person's own text uses none of them, names nobody, and says nothing at all of a disclosure that must not be
    told (`withhold_inform`); `child` asks for simpler words. An unknown recipient or purpose is left open.
    """
    told = _Told(decision, recipient, purpose, withheld, changes, clause, rules_tried)
    match voice:
        case Voice.OFFICER:
            return "\n".join(_to_officer(told))
        case Voice.DPO:
            return "\n".join(_to_dpo(told))
        case Voice.SUBJECT:
            return "\n".join(_to_subject(decision, recipient, child=child))


def _to_officer(told: _Told) -> Iterator[str]:
    decision = told.decision
    yield wording.HEADLINES[decision.outcome].format(
        recipient=plain(told.recipient) if told.recipient else "the recipient",
        purpose=plain(told.purpose) if told.purpose else "this purpose",
        authoriser=authorisers(decision.authoriser),
    )  # fmt: skip
    yield from _listed("Why:", _why(decision))
    if decision.outcome is Outcome.DENY:
        yield wording.BYPASS
    else:
        removed = (f"{plain(kind)}: {_says(decision.reasons, kind)}" for kind in decision.remove)
        yield from _listed("Taken out:", removed)
        yield from _listed("Kept back from what you entered:", _kept_back(decision, told.withheld))
    yield from _listed("Not known yet, and needed:", (plain(gap) for gap in decision.gaps))
    yield from _listed("What to do:", _next_steps(decision), numbered=True)
    yield from _remedies(told)
    yield from _listed(
        "Where your landlord's policy or an agreement asks for something else than the law (this is logged):",
        dict.fromkeys(reason.says for reason in decision.divergences),
    )


def _why(decision: Decision) -> list[str]:
    """The first reasons for the whole; what is merely unknown has its own list."""
    whole = [reason for reason in decision.reasons if reason.determining and reason.category is None]
    known = [reason for reason in whole if not reason.code.startswith("FACT_UNKNOWN")]
    said = list(dict.fromkeys(reason.says for reason in known or whole))
    more = len(said) - _AT_A_GLANCE
    return said[:_AT_A_GLANCE] + ([f"and {more} more, in the data protection officer's text."] if more > 0 else [])


def _next_steps(decision: Decision) -> Iterator[str]:
    """What is done next, in order: find out, ask, have it decided, tell, send, look again."""
    owed = frozenset(decision.obligations)
    if decision.gaps:
        yield "Find out what is not known yet, and decide again."
    yield from (step for duty, step in wording.BEFORE.items() if duty in owed)
    if decision.outcome is Outcome.NEEDS_AUTHORISER:
        yield wording.RELEASE.format(authoriser=authorisers(decision.authoriser), within=by_when(decision.within))
    exemptions = f" ({'; '.join(decision.exemptions)})" if decision.exemptions else ""
    review_by = on_day(decision.review_by) if decision.review_by else "a day that you set"
    for duty, step in wording.AFTER.items():
        if duty is Obligation.INFORM_BEFORE and duty in owed and decision.outcome is Outcome.DENY:
            yield wording.TELL_FIRST
        elif duty in owed:
            yield step.format(exemptions=exemptions, review_by=review_by)


def _remedies(told: _Told) -> Iterator[str]:
    """What the engine confirmed, then what the rules say in words; what is unknown stands in its own list above."""
    tried = [f"{change.says}{_leads_to(change, told.decision)}" for change in told.changes]
    words = [text for text in told.decision.remedy if not text.startswith("establish the missing fact")]
    yield from _listed("What would lawfully change this:", tried or words)
    yield from _listed("The rules say of it:", words if tried else [])


def _leads_to(change: Change, decision: Decision) -> str:
    if change.leads_to is None:
        answers = (f"{plain(label)}: {wording.THEN[outcome]}" for label, outcome in change.answers)
        return f" ({'; '.join(answers)})" if change.answers else ""
    if change.leads_to is not decision.outcome and not (decision.releases and change.restores):
        return f": then {wording.THEN[change.leads_to]}"
    restored = ", ".join(plain(kind) for kind in change.restores)
    return f": then {restored} may go too" if restored else ""


def _to_dpo(told: _Told) -> Iterator[str]:
    decision = told.decision
    recipient, purpose = told.recipient or "not known", told.purpose or "not known"
    yield f"Outcome: {decision.outcome.value} (recipient {recipient}, purpose {purpose})"
    yield f"Rules: {decision.rules}"
    if told.rules_tried:
        yield "Rules tried: {}, of which {} in force".format(*told.rules_tried)
    until = decision.valid_until.isoformat() if decision.valid_until else "no fixed end"
    yield f"Valid until: {until}; decided again before every release"
    yield f"Look again by: {decision.review_by.isoformat() if decision.review_by else 'no day set'}"
    yield from _listed("Deciding rules:", decision.determining)
    yield from _listed("Determining reasons:", _cited(reason for reason in decision.reasons if reason.determining))
    others = (reason for reason in decision.reasons if not reason.determining and reason.effect != "diverge")
    yield from _listed("Other findings:", _cited(others))
    yield from _listed("Clause of the agreement:", [told.clause] if told.clause else [])
    yield from _listed("Kept:", (f"{kind.value}: {_kept_for(decision, kind)}" for kind in decision.keep))
    yield from _listed("Removed:", decision.remove)
    yield from _listed("Grounds:", (f"{ground.value}: {ground.citation}" for ground in decision.basis))
    yield from _listed("Exemptions relied on:", decision.exemptions)
    yield from _listed("Obligations:", decision.obligations)
    yield from _listed("Gaps:", decision.gaps)
    if decision.authoriser:
        yield from _listed("Authoriser:", [f"{authorisers(decision.authoriser)}, {by_when(decision.within)}"])
    if decision.divergences or Obligation.POLICY_DIVERGENCE_LOG in decision.obligations:
        differing = _cited(decision.divergences) or ["see the reasons above"]
        yield from _listed("Law and landlord's policy differ; logged:", differing)
    yield from _listed("Remedy:", decision.remedy)
    yield from _listed("Changes tried on the engine:", (_change_in_full(change) for change in told.changes))
    yield from _listed("Not sent:", (
        f"{_place(entry)}: {entry.code} [{'; '.join(entry.cites)}] {entry.says}" for entry in told.withheld
    ))  # fmt: skip


def _change_in_full(change: Change) -> str:
    facts = ", ".join(f"{name} = {_value(value)}" for name, value in change.facts.items())
    answers = ", ".join(f"{label} = {outcome}" for label, outcome in change.answers)
    restores = f", restores {', '.join(change.restores)}" if change.restores else ""
    done = f"{change.says} [{facts or answers or 'no fact changes'}] by {', '.join(change.by)}"
    return f"{done}: {change.leads_to or 'open'}{restores}"


def _value(value: object) -> str:
    return ", ".join(value) or "nothing" if isinstance(value, tuple) else str(value).lower()


_UNTOLD = frozenset({Obligation.WITHHOLD_INFORM, Obligation.STOP_USE_NOTICE, Obligation.BREACH_ASSESS})


def _to_subject(decision: Decision, recipient: AgencyKind | None, *, child: bool) -> Iterator[str]:
    letter = wording.TO_CHILD if child else wording.TO_ADULT
    if _UNTOLD & set(decision.obligations) or "prejudice_if_informed" in decision.gaps:
        # Silence is owed, or may be; or what went before is being dealt with, and "not shared" would be untrue.
        yield letter.nothing
        return
    if recipient is AgencyKind.DATA_SUBJECT:
        yield from (letter.answered, letter.left_out) if decision.releases else (letter.not_answered,)
    elif not decision.releases:
        # Whom it did not go to is not said: that they asked, or that it was thought of, may tell of an enquiry.
        yield letter.not_shared
        if decision.outcome is Outcome.NEEDS_AUTHORISER:
            yield letter.being_decided
    elif decision.keep == (DataCategory.DEPERSONALISED,):
        yield letter.no_names
    else:
        yield letter.shared.format(recipient=_named_to_the_person(recipient))
        kinds = (wording.OWN_KINDS[kind] for kind in decision.keep if kind in wording.OWN_KINDS)
        yield from _listed(letter.about, dict.fromkeys(kinds))
        yield letter.only_needed
    if Obligation.OFFER_SUPPORT in decision.obligations:
        yield letter.support
    if Obligation.SEEK_CONSENT in decision.obligations:
        yield letter.may_we_ask
    yield letter.rights


def _named_to_the_person(recipient: AgencyKind | None) -> str:
    if recipient is None:
        return "an organisation that has a part in this"
    return wording.TO_THE_PERSON.get(recipient) or plain(recipient)


def _listed(title: str, entries: Iterable[str], *, numbered: bool = False) -> Iterator[str]:
    lines = [f"{f'{number}.' if numbered else '-'} {entry}" for number, entry in enumerate(entries, 1)]
    yield from [title, *lines] if lines else ()


def _cited(reasons: Iterable[Reason]) -> list[str]:
    return [
        f"{reason.code}{f' ({reason.category.value})' if reason.category else ''} {_rule(reason)} "
        f"[{'; '.join(reason.cites)}] {reason.says}"
        for reason in reasons
    ]


def _rule(reason: Reason) -> str:
    return f"by {reason.rule} ({reason.effect})" if reason.rule else "by the engine"


def _says(reasons: Iterable[Reason], category: DataCategory) -> str:
    """Why it is taken out: what is lacking, where a rule says that, is plainer than that something is."""
    said = [reason for reason in reasons if reason.category is category and reason.determining]
    said.sort(key=lambda reason: reason.effect != "lacks")
    return said[0].says if said else "the decision takes it out."


def _kept_for(decision: Decision, category: DataCategory) -> str:
    """Why it stays in: its own condition, or the ground of the whole where it needs none."""
    given = (reason for reason in decision.reasons if reason.category is category and reason.determining)
    return next((f"{reason.code} {reason.says}" for reason in given), "needs no condition; nothing takes it out.")


def _kept_back(decision: Decision, withheld: tuple[Withheld, ...]) -> Iterator[str]:
    """What minimising alone kept back; what the decision removed is listed by its kind."""
    for entry in withheld:
        if entry.category not in decision.remove:
            yield f"{_place(entry)}: {entry.says}"


def _place(entry: Withheld) -> str:
    return f"{entry.title} ({entry.of})" if entry.of else entry.title
