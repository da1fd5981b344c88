"""Each category of data on its own: stripped by a rule, kept, or special or offence data without a condition."""

from consent.compile import bits
from consent.decision import Reason
from consent.rules import STAGES
from consent.walk import Walk, reason_of
from protocols.vocabulary import Basis, DataCategory

_IN_DOUBT = "A fact is missing, so this stays behind."

Items = tuple[list[DataCategory], list[DataCategory]]
"""The categories kept and the categories removed."""


def judge_items(walk: Walk) -> Items:
    """Keep or remove each category: stripped by a rule, or special or offence data without a condition."""
    kept: list[DataCategory] = []
    removed: list[DataCategory] = []
    whole_yes, whole_may = 0, 0
    for category in walk.facts.categories:
        mask = walk.law.about(category, walk.facts)
        yes, may = walk.yes & mask, walk.may & mask
        (kept if _may_keep(walk, category, yes, may) else removed).append(category)
        whole_yes |= yes
        whole_may |= may
    if walk.facts.categories:
        walk.yes, walk.may = whole_yes, whole_may
    else:
        walk.narrow(walk.law.category, None)
        walk.gaps.add("categories")
    return kept, removed


def _may_keep(walk: Walk, category: DataCategory, yes: int, may: int) -> bool:
    strips = walk.law.effects.get("strip", 0)
    if yes & strips:
        # Told in the order of the steps, so that a bar of the law stands before what an agreement leaves out.
        fired = (walk.law.rules[index] for index in bits(yes & strips))
        told = sorted(fired, key=lambda rule: STAGES.index(rule.stage))
        walk.reasons += [reason_of(rule, category) for rule in told]
        return False
    if may & strips:
        return _in_doubt(walk, category, may & strips)
    if not may & walk.law.effects.get("require", 0):
        return True
    fitting = [(token, yes & givers) for token, givers in walk.law.gives["condition"] if yes & givers]
    fitting = [(token, fired) for token, fired in fitting if _suits(walk, token, may)]
    if fitting:
        # The first is relied on; the others are told, for an item that the first does not stretch to.
        walk.conditions.add(fitting[0][0])
        firsts = [walk.law.rules[next(bits(fired))] for _, fired in fitting]
        walk.reasons += [reason_of(rule, category, determining=rule is firsts[0]) for rule in firsts]
        return True
    hopeful = may & walk.law.effects.get("condition", 0)
    if hopeful:
        return _in_doubt(walk, category, hopeful)
    return _lacks_condition(walk, category, yes)


def _suits(walk: Walk, token: Basis, may: int) -> bool:
    """Whether the condition is of the article that the item needs one under."""
    wanted = {walk.law.rules[index].gives for index in bits(may & walk.law.effects["require"])}
    return token.value.partition("_")[0] in wanted


def _in_doubt(walk: Walk, category: DataCategory, mask: int) -> bool:
    """Hold the whole for a doubt about one item, or leave the item behind where the rest cannot wait."""
    if walk.details_wait:
        walk.waits_for(mask)
        return True
    cites = tuple(dict.fromkeys(cite for index in bits(mask) for cite in walk.law.rules[index].cites))
    walk.reasons.append(Reason("FACT_UNKNOWN", category, cites, _IN_DOUBT))
    return False


def _lacks_condition(walk: Walk, category: DataCategory, yes: int) -> bool:
    needs = [walk.law.rules[index] for index in bits(yes & walk.law.effects["require"])]
    for rule in needs:
        article = "ART9" if rule.gives == "a9" else "ART10"
        walk.reasons.append(Reason(f"NO_{article}:{category}", category, rule.cites, rule.says))
    lacking = yes & walk.law.effects.get("lacks", 0)
    walk.reasons += [reason_of(walk.law.rules[index], category) for index in bits(lacking)]
    return False
