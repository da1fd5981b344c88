"""Each category of data on its own: stripped by a rule, kept, or special or offence data without a condition."""

from consent.compile import Compiled, bits, lowest
from consent.decision import Reason
from consent.walk import Walk
from protocols.vocabulary import Basis, DataCategory

_IN_DOUBT = "A fact is missing, so this stays behind."

Items = tuple[list[DataCategory], list[DataCategory]]
"""The categories kept and the categories removed."""


def judge_items(walk: Walk) -> Items:
    """Keep or remove each category: stripped by a rule, or special or offence data without a condition."""
    kept: list[DataCategory] = []
    removed: list[DataCategory] = []
    if not walk.facts.categories:
        walk.narrow(walk.law.category, None)
        walk.gaps.add("categories")
        return kept, removed
    whole_yes, whole_may = 0, 0
    for category in walk.facts.categories:
        mask = walk.law.about(category, walk.facts)
        yes, may = walk.yes & mask, walk.may & mask
        (kept if _may_keep(walk, category, yes, may) else removed).append(category)
        whole_yes |= yes
        whole_may |= may
    walk.yes, walk.may = whole_yes, whole_may
    return kept, removed


def _may_keep(walk: Walk, category: DataCategory, yes: int, may: int) -> bool:
    law = walk.law
    strips = may & law.effect("strip")
    if strips:
        if yes & strips:
            # Told in the order of the steps, so that a bar of the law stands before what an agreement leaves out.
            walk.reasons += law.reasons[yes & strips, category, True]
            return False
        return _in_doubt(walk, category, strips)
    wanted = [article for article, needing in law.required.items() if may & needing]
    if not wanted:
        return True
    fitting = [_conditions(law, yes, article) for article in wanted]
    if all(fitting):
        for tokens in fitting:
            _rely_on(walk, category, tokens)
        return True
    hopeful = may & law.effect("condition")
    if hopeful:
        return _in_doubt(walk, category, hopeful)
    return _lacks_condition(walk, category, yes)


def _conditions(law: Compiled, yes: int, article: str) -> list[tuple[Basis, int]]:
    """The conditions of that article that are given, in order of preference, each with the first rule giving it."""
    given = law.gives["condition"]
    return [(token, lowest(yes & givers)) for token, givers in given if yes & givers and token.startswith(article)]


def _rely_on(walk: Walk, category: DataCategory, fitting: list[tuple[Basis, int]]) -> None:
    """The first is relied on; the others are told, for an item that the first does not stretch to."""
    walk.conditions.add(fitting[0][0])
    for position, (_, index) in enumerate(fitting):
        walk.reasons += walk.law.reasons[1 << index, category, position == 0]


def _in_doubt(walk: Walk, category: DataCategory, mask: int) -> bool:
    """Hold the whole for a doubt about one item, or leave the item behind where the rest cannot wait."""
    if walk.details_wait:
        walk.waits_for(mask)
        return True
    cites = tuple(dict.fromkeys(cite for index in bits(mask) for cite in walk.law.rules[index].cites))
    walk.reasons.append(Reason("FACT_UNKNOWN", category, cites, _IN_DOUBT))
    return False


def _lacks_condition(walk: Walk, category: DataCategory, yes: int) -> bool:
    for rule in walk.law.told[yes & walk.law.effect("require")]:
        article = "ART9" if rule.gives == "a9" else "ART10"
        walk.reasons.append(Reason(f"NO_{article}:{category}", category, rule.cites, rule.says, True, rule.id))
    walk.reasons += walk.law.reasons[yes & walk.law.effect("lacks"), category, True]
    return False
