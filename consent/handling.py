"""The duties of a decision that bind the recipient, as sentences it reads at the head of what it gets."""

from collections.abc import Iterable

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


def handling(obligations: Iterable[Obligation], reaches_somebody: bool) -> tuple[str, ...]:
    """What binds the recipient, in the order above; the safe-contact sentence first where somebody can be reached."""
    owed = frozenset(obligations)
    duties = tuple(sentence for duty, sentence in SENTENCES.items() if duty in owed)
    return (SAFE_CONTACT, *duties) if reaches_somebody else duties
