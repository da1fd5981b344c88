"""The gate for bare notices: a past recipient is told what to do with what it has, and nothing more about anybody.

The duty is UK GDPR Art 19 (corrections) and the end of the ground (Art 7(3)). It is asked of the engine as any pack is:
one that tells of nobody, for a rectification notice, of what was sent.
"""

from dataclasses import replace

from consent.decide import decide
from consent.facts import parse_facts
from consent.minimise import Terms, tell_of
from hub.decision.gate import Verdict
from hub.decision.rulebook import Rulebook
from protocols.vocabulary import Basis, DataCategory, Obligation, Purpose


def ask_to_tell(rulebook: Rulebook, terms: Terms, *, landlord: str, jurisdiction: str, authority: bool) -> Verdict:
    """Decide one notice of `terms`. Pure. What the engine holds or refuses has no disclosure, and so does not go.

    The reference names somebody to whoever holds what came under it, so the notice rests on the duty to tell.
    """
    facts = parse_facts({
        "landlord": landlord, "jurisdiction": jurisdiction, "controller_public_authority": authority,
        "direction": "push", "demand": "none", "request": "n_a", "recipient": terms.recipient.value,
        "purpose": Purpose.RECTIFICATION_NOTICE.value, "categories": [DataCategory.DEPERSONALISED.value],
        "stage": "sent",
    })  # fmt: skip
    decision = decide(facts, rulebook.rules, terms.decided_at.date())
    if not decision.releases:
        return Verdict(decision, facts, None, ())
    owed = {*decision.obligations, Obligation.NOTIFY_RECIPIENTS, Obligation.STOP_USE_NOTICE}
    decision = replace(
        decision, basis=(Basis.A6_LEGAL_OBLIGATION,), obligations=tuple(duty for duty in Obligation if duty in owed)
    )
    return Verdict(decision, facts, tell_of(decision, terms), (), is_notice=True)
