"""A record and a decision in, a disclosure out: the only maker of one (house rule 3).

UK GDPR Art 5(1)(c): an item goes only if the recipient needs it and every category on it is kept by the decision.
What no decision names does not go.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from consent.decision import Decision
from consent.handling import handling
from consent.leftovers import Leftovers
from consent.needed import NARRATIVES, REACH, Need, Profile
from consent.withheld import Withheld
from protocols.agreement import Agreement
from protocols.disclosure import DisclosedItem, Disclosure, Earlier, Notice
from protocols.record import Item, PersonRole, Referral, Span, flagged_categories
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Outcome, Purpose

__all__ = ["MinimiseError", "Minimised", "Terms", "Withheld", "asked_categories", "minimise", "tell_of"]

CUT = "[withheld]"
"""What stands in a screened text where a passage was taken out."""

ARTICLE_9 = frozenset({
    DataCategory.RACE_ETHNICITY, DataCategory.RELIGION, DataCategory.HEALTH, DataCategory.MENTAL_HEALTH,
    DataCategory.DISABILITY, DataCategory.SEXUAL_ORIENTATION, DataCategory.TRANS_STATUS, DataCategory.GRA_PROTECTED,
    DataCategory.COUNSELLING_RECORD, DataCategory.HATE_STRAND,
})  # fmt: skip
"""Special category data (UK GDPR Art 9(1)), with gender history treated alike and a strand as it reveals one."""

GENDER_HISTORY = frozenset({DataCategory.TRANS_STATUS, DataCategory.GRA_PROTECTED})
LISTS = ("case.actions_taken", "case.other_agencies", "case.requested_actions")
"""Short texts that nobody screens and that carry no marks: which clinic is involved tells as much as a diagnosis."""

_TELLERS = frozenset({PersonRole.WITNESS, PersonRole.REPORTER})
_NOT_HARMED = _TELLERS | {PersonRole.ALLEGED_PERPETRATOR, PersonRole.PROVEN_PERPETRATOR}
_SUBJECTS_OWN = frozenset({"CONDITION_CONSENT", "OWN_DATA"})
"""The conditions that the subject gives by agreeing or asking: they reach nobody else's special category data."""

NOT_WIDENED = (
    "NOT_WIDENED",
    "It was not part of what was decided first, and nobody was shown the wider pack; refer again to send it.",
    "UK GDPR Art 5(2)",
)
"""Why something stays that only later facts would let go: code, sentence, provision."""

NOT_FOR_CONTACT = "Not for contact; do not write, call or visit here to reach the person: "
"""What stands before a home that is linked to an alleged perpetrator."""

_SAVES_LIVES_THERE = frozenset({
    AgencyKind.POLICE, AgencyKind.SOCIAL_CARE_CHILDREN, AgencyKind.SOCIAL_CARE_ADULTS, AgencyKind.FIRE,
    AgencyKind.AMBULANCE,
})  # fmt: skip
"""Those that must know where somebody lives although they may not make contact there."""

_PROTECTORS = frozenset({AgencyKind.POLICE, AgencyKind.SOCIAL_CARE_CHILDREN, AgencyKind.SOCIAL_CARE_ADULTS})


class MinimiseError(ValueError):
    """No disclosure may be made of this: the decision is a refusal, or the parts do not belong together."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The header of a disclosure: whose decision, for whom, why, under which agreement, until when. Times aware UTC."""

    disclosure_id: str
    decision_id: str
    reference: str
    controller: str
    agency: str
    recipient: AgencyKind
    purpose: Purpose
    urgent: bool
    agreement: str | None
    reply_to: str
    decided_at: datetime
    valid_until: datetime
    agreed: Agreement | None = None
    notice: Notice = "none"
    about: Earlier | None = None


@dataclass(frozen=True, slots=True)
class Minimised:
    """What goes, and one entry for each item, or passage of a text, that does not."""

    disclosure: Disclosure
    withheld: tuple[Withheld, ...]


def minimise(
    *, referral: Referral, items: tuple[Item, ...], decision: Decision, profile: Profile, terms: Terms,
    unsafe: frozenset[tuple[str, str]] = frozenset(), at_most: frozenset[tuple[str, str]] | None = None,
) -> Minimised:  # fmt: skip
    """The disclosure of `items` (all of `protocols.record.items(referral)`) to one recipient under one decision.

    `unsafe` is what may not be used to reach a person: (person, "address" or "safe_contact") or (person, a contact's
    words). `at_most` are the items (path, which one) of an earlier disclosure in whose place this one goes. Both take
    away and never add.
    Where nothing personal remains the disclosure has no items at all. Raises MinimiseError if the decision denies, or
    the profile is another recipient's.
    """
    if decision.outcome is Outcome.DENY:
        raise MinimiseError("decision.outcome is deny; nothing may be disclosed under it")
    if terms.recipient not in profile.recipients or (profile.purposes and terms.purpose not in profile.purposes):
        raise MinimiseError("profile is not the list of terms.recipient and terms.purpose; look it up with both")
    gate = _Gate(referral, items, decision, profile, terms.recipient, unsafe)
    refused = {item: why for item in items if (why := gate.refusal(item)) is not None}
    if at_most is not None:
        wider = [item for item in items if item not in refused and (item.path, item.of) not in at_most]
        refused |= {item: _withheld(item, None, *NOT_WIDENED) for item in wider}
    refused |= _out_of_reach(referral, [item for item in items if item not in refused])
    leftovers = Leftovers(referral.record, [item for item in items if item not in refused], unsafe)
    sent: list[DisclosedItem] = []
    withheld: list[Withheld] = []
    for item in items:
        if item in refused:
            withheld.append(refused[item])
            continue
        disclosed, cuts = gate.cut(item, leftovers)
        sent += [disclosed] if disclosed else []
        withheld += cuts
    if not any(item.categories for item in sent):
        withheld += [_impersonal(item) for item in sent]
        sent = []
    return Minimised(_disclosure(sent, decision, terms), tuple(withheld))


def tell_of(decision: Decision, terms: Terms) -> Disclosure:
    """A bare notice: what becomes of an earlier disclosure, and nothing about anybody.

    Raises MinimiseError where the decision denies, or the terms name no earlier disclosure.
    """
    if decision.outcome is Outcome.DENY or terms.notice == "none":
        raise MinimiseError("a notice needs a decision that lets it go, and a disclosure that it is about")
    return _disclosure([], decision, terms)


def asked_categories(
    *, referral: Referral, items: tuple[Item, ...], profile: Profile, recipient: AgencyKind
) -> tuple[DataCategory, ...]:
    """The categories to ask a decision about: of every item this recipient needs, texts replaced and so on left out."""
    replaced = _is_replaced(items, recipient)
    asked: set[DataCategory] = set()
    for item in items:
        if profile.takes(item.path, is_subject=item.about == referral.subject) and not (
            _is_for_another(item, recipient) or (replaced and item.path in NARRATIVES)
        ):
            asked |= item.categories.union(*(span.categories for span in item.spans))
    return tuple(sorted(asked))


class _Gate:
    """The rules for one disclosure."""

    def __init__(
        self, referral: Referral, items: Iterable[Item], decision: Decision, profile: Profile, recipient: AgencyKind,
        unsafe: frozenset[tuple[str, str]],
    ) -> None:  # fmt: skip
        self._referral = referral
        self._decision = decision
        self._profile = profile
        self._recipient = recipient
        self._unsafe = unsafe
        # A category that is both kept and removed, or in neither list, is removed.
        self._kept = frozenset(decision.keep) - frozenset(decision.remove)
        self._replaced = _is_replaced(items, recipient)
        self._consented = Basis.A9_EXPLICIT_CONSENT in decision.basis
        self._by_subject = _rests_on_the_subject(decision)
        outing = flagged_categories(referral) & GENDER_HISTORY - self._kept
        self._lists_stay = bool(outing) and recipient not in _PROTECTORS

    def refusal(self, item: Item) -> Withheld | None:
        """Why this item, taken alone, stays; None if it may go."""
        if _is_for_another(item, self._recipient):
            return _withheld(item, None, "WRITTEN_FOR_ANOTHER", "This summary was written for another recipient.")
        if self._replaced and item.path in NARRATIVES:
            return _withheld(item, None, "REPLACED_BY_SUMMARY", "A summary was written for this recipient instead.")
        if self._names_another_teller(item):
            says = "Another witness or reporter is in the case, and only their own agreement could name them."
            return _withheld(item, None, "TELLER_NOT_ASKED", says, "common law duty of confidence")
        lost = item.categories - self._kept
        if removed := lost & frozenset(self._decision.remove):
            return self._by_decision(item, min(removed))
        need = self._profile.need(item.path, is_subject=item.about == self._referral.subject)
        if need is Need.NEVER:
            return _withheld(item, None, "NOT_NEEDED", "This recipient does not need it for this purpose.")
        if lost:
            return self._by_decision(item, min(lost))
        special = item.categories & ARTICLE_9
        if special & self._by_subject and self._is_anothers(item):
            says = "It is about somebody else, and only the subject agreed or asked."
            return _withheld(item, min(special), "CONSENT_OF_ANOTHER", says, "UK GDPR Art 9(2)(a)")
        if self._lists_stay and item.path in LISTS:
            says = "This list is not screened, and the record holds gender history that may not go with it."
            return _withheld(item, None, "MAY_TELL_GENDER_HISTORY", says, "Gender Recognition Act 2004 s.22")
        if need is Need.OPTIONAL and special and not self._consented:
            says = "Useful but not necessary, so it goes only with the person's explicit consent."
            return _withheld(item, min(special), "OPTIONAL_WITHOUT_CONSENT", says, "UK GDPR Art 9(2)(a)")
        return _unsafe(item) if self._is_another_way(item) else None

    def cut(self, item: Item, leftovers: Leftovers) -> tuple[DisclosedItem | None, list[Withheld]]:
        """The item as it goes, passages that may not go taken out; None if no word of it is left."""
        cuts: list[Withheld] = []
        pieces: list[str] = []
        revealed = set(item.categories)
        if self._is_marked(item):
            pieces.append(NOT_FOR_CONTACT)
        for span in item.spans:
            if self._leads_to_another(item, span):
                cuts.append(_unsafe(item))
                pieces += [CUT] if pieces[-1:] != [CUT] else []
            elif lost := span.categories - self._kept:
                cuts.append(self._by_decision(item, min(lost & frozenset(self._decision.remove) or lost)))
                pieces += [CUT] if pieces[-1:] != [CUT] else []
            else:
                pieces.append(span.text)
                revealed |= span.categories
        text, named = leftovers.cut(item, "".join(pieces), CUT)
        if named:
            says = "It names somebody, or says how to find them, where this recipient may not know."
            cuts.append(_withheld(item, None, "NAMED_IN_TEXT", says))
        if not any(letter.isalnum() for letter in text.replace(CUT, "")):
            return None, cuts
        return DisclosedItem(
            path=item.path, title=item.title, of=item.of, about=item.about,
            categories=tuple(sorted(revealed)), value=text,
        ), cuts  # fmt: skip

    def _is_another_way(self, item: Item) -> bool:
        """Whether it leads to somebody accused instead, and is no home that this recipient must know as a place."""
        tellable = self._is_marked(item) and self._recipient in _SAVES_LIVES_THERE
        return not tellable and (item.about, _field(item).removeprefix("protected_")) in self._unsafe

    def _is_marked(self, item: Item) -> bool:
        """Whether it is a home that may be told of as a place, and not as a way to reach anybody."""
        return _field(item) == "address" and (item.about, "address") in self._unsafe

    def _leads_to_another(self, item: Item, span: Span) -> bool:
        return _field(item) == "contacts" and any(
            about == item.about and span.text.endswith(f": {words}") for about, words in self._unsafe
        )

    def _is_anothers(self, item: Item) -> bool:
        """Whether it is not the subject's own: somebody else's, or the victim's where the subject is not the harmed."""
        if item.about is not None:
            return item.about != self._referral.subject
        return self._referral.record.person(self._referral.subject).role in _NOT_HARMED

    def _names_another_teller(self, item: Item) -> bool:
        """Whether, in a pack about one who spoke up, this is about another, whose answer the decision does not know."""
        record, subject = self._referral.record, self._referral.subject
        if item.about in (None, subject) or record.person(subject).role not in _TELLERS:
            return False
        return record.person(item.about).role in _TELLERS

    def _by_decision(self, item: Item, category: DataCategory) -> Withheld:
        """Withheld for the decision's own reason; without one it was never decided, and so it stays."""
        reasons = [reason for reason in self._decision.reasons if reason.category is category]
        if category not in self._decision.remove:
            says = "Nothing was decided about this kind of data, so it does not go."
            return Withheld(item.path, item.title, item.of, category, "NOT_DECIDED", ("UK GDPR Art 5(2)",), says)
        if not reasons:
            says = "The decision takes this kind of data out."
            return Withheld(item.path, item.title, item.of, category, "REMOVED", ("UK GDPR Art 5(1)(a)",), says)
        first = max(reasons, key=lambda reason: reason.determining)
        cites = tuple(dict.fromkeys(cite for reason in (first, *reasons) for cite in reason.cites))
        return Withheld(item.path, item.title, item.of, category, first.code, cites, first.says)


def _rests_on_the_subject(decision: Decision) -> frozenset[DataCategory]:
    """Kinds of data that go on the subject's word alone, with no other condition found for them."""
    given: dict[DataCategory, set[str]] = {}
    for reason in decision.reasons:
        if reason.category in decision.keep and reason.category is not None:
            given.setdefault(reason.category, set()).add(reason.code)
    return frozenset(category for category, codes in given.items() if codes <= _SUBJECTS_OWN)


def _is_for_another(item: Item, recipient: AgencyKind) -> bool:
    return item.path == "summary" and item.of != recipient.value


def _is_replaced(items: Iterable[Item], recipient: AgencyKind) -> bool:
    """Whether a summary was written for this recipient. Even one that may not go keeps the longer texts back."""
    return any(item.path == "summary" and item.of == recipient.value for item in items)


def _out_of_reach(referral: Referral, going: list[Item]) -> dict[Item, Withheld]:
    """Numbers and addresses of people whose safe-contact instruction is held and does not go with them."""
    safe = {item.about for item in going if item.path.endswith(".safe_contact")}
    held = {person.id for person in referral.record.people if person.safe_contact is not None}
    says = "How to reach the person safely may not go, so how to reach them does not go either."
    return {
        item: _withheld(item, None, "SAFE_CONTACT_STAYS", says, "UK GDPR Art 5(1)(f)")
        for item in going
        if _field(item) in REACH and item.about in held - safe
    }


def _withheld(
    item: Item, category: DataCategory | None, code: str, says: str, cites: str = "UK GDPR Art 5(1)(c)"
) -> Withheld:
    return Withheld(item.path, item.title, item.of, category, code, (cites,), says)


def _field(item: Item) -> str:
    return item.path.partition(".")[2]


def _unsafe(item: Item) -> Withheld:
    says = "It is linked to an alleged perpetrator, so it may not be used to reach anybody else."
    return _withheld(item, None, "UNSAFE_CONTACT", says, "UK GDPR Art 5(1)(f)")


def _impersonal(item: DisclosedItem) -> Withheld:
    says = "Nothing about a person may go, so there is nothing to send it with."
    return Withheld(item.path, item.title, item.of, None, "NOTHING_PERSONAL", ("UK GDPR Art 5(1)(c)",), says)


def _disclosure(sent: list[DisclosedItem], decision: Decision, terms: Terms) -> Disclosure:
    reaches_somebody = any(item.path.endswith(".safe_contact") for item in sent)
    return Disclosure(
        id=terms.disclosure_id, decision_id=terms.decision_id, reference=terms.reference, controller=terms.controller,
        agency=terms.agency, recipient=terms.recipient, purpose=terms.purpose, urgent=terms.urgent,
        basis=decision.basis, agreement=terms.agreement,
        handling=handling(decision.obligations, reaches_somebody, terms.agreed),
        reply_to=terms.reply_to, decided_at=terms.decided_at, valid_until=terms.valid_until, items=tuple(sent),
        notice=terms.notice, about=terms.about,
    )  # fmt: skip
