"""The duties of a decision that bind the recipient, as sentences it reads at the head of what it gets."""

from collections.abc import Iterable

from protocols.agreement import Agreement, OnwardRule
from protocols.vocabulary import Obligation

SENTENCES = {
    Obligation.ONWARD_RESTRICTED: "Do not pass this on, or use it for another purpose, without asking us first.",
    Obligation.SECURE_CHANNEL: "Keep this in a secure system, open only to the people who need it for this purpose.",
    Obligation.WITHHOLD_INFORM: "Do not tell the person that this was shared. Ask us before you do.",
    Obligation.INFORM_BEFORE: "We tell the person about this ourselves.",
    Obligation.INFORM_AFTER: "The person may not know of this yet. We tell them once that is safe; until then do not.",
    Obligation.PROTECT_REPORTER: "Do not try to find out, or say, who reported this.",
    Obligation.STOP_USE_NOTICE: "Stop using what we sent you before; return or delete it where the law lets you.",
}  # fmt: skip
"""Duties not listed here are the sender's own."""

SAFE_CONTACT = "Read the safe contact instruction before any call, message, letter or visit, and follow it."


_ONWARD = {
    OnwardRule.NEVER: "Our agreement lets you pass nothing on. Where the law compels you to, tell us first if you may.",
    OnwardRule.PARTIES_ONLY: "Pass this on to parties of our agreement alone, and for this purpose alone.",
    OnwardRule.ASK_FIRST: SENTENCES[Obligation.ONWARD_RESTRICTED],
}
_DELETE = (
    "Delete this within {days} days of receiving it, unless the law or open proceedings oblige you to keep it longer."
)


def handling(
    obligations: Iterable[Obligation], reaches_somebody: bool, agreed: Agreement | None = None
) -> tuple[str, ...]:
    """What binds the recipient, in the order above; the safe-contact sentence first where somebody can be reached.

    `agreed` is the agreement in force that covers it: what it says of passing on and of deleting goes with the data.
    """
    owed = frozenset(obligations)
    duties = [sentence for duty, sentence in SENTENCES.items() if duty in owed]
    if agreed is not None:
        duties = [*_onward(duties, agreed.onward_sharing.allowed), _DELETE.format(days=agreed.retention.days)]
    return (SAFE_CONTACT, *duties) if reaches_somebody else tuple(duties)


def _onward(duties: list[str], rule: OnwardRule) -> list[str]:
    """The duties with one sentence on passing on, the stricter of the decision's and the agreement's."""
    asked = SENTENCES[Obligation.ONWARD_RESTRICTED]
    kept = [sentence for sentence in duties if sentence != asked]
    return [asked if rule is OnwardRule.PARTIES_ONLY and asked in duties else _ONWARD[rule], *kept]
