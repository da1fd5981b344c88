"""What a change of the rules changes: exactly which questions get another answer, in statements a person can check."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from consent.analyse.diagram import Region
from consent.analyse.model import Model
from consent.analyse.space import Space
from consent.compile import compiled
from consent.rules import Rule, RuleSet
from protocols.vocabulary import Obligation, Outcome

_LEAVES, _HELD, _REFUSED = "leaves", "held", "refused"


@dataclass(frozen=True, slots=True)
class Statement:
    """Where one kind of change happens: for these recipients, only among questions of `within`.

    `within` gives for each term the values that occur (a term that may have any value is left out), `questions` how
    many questions change, `example` one of them, as near to the ordinary case as it goes.
    """

    recipients: tuple[str, ...]
    within: Mapping[str, tuple[str, ...]]
    questions: int
    example: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change, such as "refused before, leaves now": together the statements name every question."""

    kind: str
    questions: int
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """All that changes on one date: answers by kind, and the rules whose words alone changed."""

    as_at: date
    changes: tuple[Change, ...]
    reworded: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether every question gets the same outcome, items, grounds and duties as before."""
        return not self.changes


def impact(old: RuleSet, new: RuleSet, as_at: date, usual: Mapping[str, str]) -> Impact:
    """What `new` answers otherwise than `old` under the law in force on `as_at`. Nothing is sampled, nothing left out.

    `usual`: values that an example takes wherever it can.
    """
    space = Space()
    before, after = (Model(compiled(rules), as_at, space) for rules in (old, new))
    changed = Comparison(space, before, after).changes()
    changes = tuple(_change(space, kind, region, usual) for kind, region in changed if not region.is_empty)
    return Impact(as_at, changes, _reworded(old, new))


class Comparison:
    """Two readings of the rules, side by side in one space."""

    def __init__(self, space: Space, before: Model[Region], after: Model[Region], within: Region | None = None) -> None:
        """Both models must have been read into `space`. `within`: only these questions; all that can be asked else."""
        self._space = space
        self._before = before
        self._after = after
        self._within = space.askable if within is None else within & space.askable

    def changes(self) -> Iterator[tuple[str, Region]]:
        """Each kind of change with the questions it touches (often none)."""
        touched = self._touched & self._within
        if touched.is_empty:
            return
        before, after = self._outcomes(self._before, touched), self._outcomes(self._after, touched)
        for was, earlier in before.items():
            for now, later in after.items():
                if was != now:
                    yield f"{was} before, {now} now", earlier & later
        alike = {name: before[name] & after[name] for name in before}
        yield from self._waits(alike[_LEAVES])
        yield from self._refusals(alike[_REFUSED])
        yield from self._duties(_LEAVES, Outcome.PERMIT, alike[_LEAVES])
        yield from self._duties(_HELD, Outcome.NEEDS_AUTHORISER, alike[_HELD])
        yield from self._duties(_REFUSED, Outcome.DENY, alike[_REFUSED])
        yield from self._grounds(_LEAVES, alike[_LEAVES])
        yield from self._grounds(_HELD, alike[_HELD])

    @property
    def _touched(self) -> Region:
        """Where some rule applies, or may apply, in one reading and not in the other, or does something else."""
        old, new = self._before, self._after
        one, other = ({rule.id: rule for rule in model.rules} for model in (old, new))
        regions: list[Region] = []
        for rule_id in one.keys() | other.keys():
            if rule_id in one and rule_id in other and _does(one[rule_id]) == _does(other[rule_id]):
                regions += [old.sure[rule_id] ^ new.sure[rule_id], old.may[rule_id] ^ new.may[rule_id]]
            else:
                regions += [model.may[rule_id] for model in (old, new) if rule_id in model.may]
        return self._space.any_of(regions)

    def _outcomes(self, model: Model[Region], within: Region) -> dict[str, Region]:
        """The outcomes, doubts about duties aside: those are compared by `_waits`."""
        refused = model.refused(within)
        leaves = model.releasable(within & ~refused)
        return {_LEAVES: leaves, _HELD: within & ~refused & ~leaves, _REFUSED: refused}

    def _waits(self, within: Region) -> Iterator[tuple[str, Region]]:
        """Where a release waits in one reading until it is known whether a duty is owed, and not in the other."""
        if self._before.settled == self._after.settled:
            return
        waited, waits = (within & ~model.leaving(within) for model in (self._before, self._after))
        yield "leaves before, held now until it is known whether a duty is owed", waits & ~waited
        yield "held before until it was known whether a duty is owed, leaves now", waited & ~waits

    def _refusals(self, within: Region) -> Iterator[tuple[str, Region]]:
        old, new = self._before.denied, self._after.denied
        yield "only taken out before, refuses the whole pack now", within & new & ~old
        yield "refused the whole pack before, only taken out now", within & old & ~new

    def _duties(self, name: str, outcome: Outcome, within: Region) -> Iterator[tuple[str, Region]]:
        for duty in Obligation:
            old, new = self._before.owed(duty, outcome), self._after.owed(duty, outcome)
            if old is not new:
                yield f"{name} as before, now with the duty {duty.value}", within & new & ~old
                yield f"{name} as before, no longer with the duty {duty.value}", within & old & ~new

    def _grounds(self, name: str, within: Region) -> Iterator[tuple[str, Region]]:
        old, new = self._before.grounds, self._after.grounds
        for token in sorted(old.keys() | new.keys()):
            was, now = (grounds.get(token, self._space.nothing) for grounds in (old, new))
            if was is not now:
                yield f"{name} as before, now on {token}", within & now & ~was
                yield f"{name} as before, no longer on {token}", within & was & ~now


def _does(rule: Rule) -> tuple[object, ...]:
    """What a rule does, apart from when and in which words."""
    return rule.effect, rule.finding, rule.gives, rule.oblige


def _reworded(old: RuleSet, new: RuleSet) -> tuple[str, ...]:
    before = {rule.id: rule for rule in old.rules}
    pairs = ((before[rule.id], rule) for rule in new.rules if rule.id in before)
    return tuple(rule.id for was, rule in pairs if was != rule and _worded(was, rule) == rule)


def _worded(was: Rule, rule: Rule) -> Rule:
    """The earlier rule in the words of the later one."""
    return replace(
        was, file=rule.file, stage=rule.stage, cites=rule.cites, says=rule.says, checked=rule.checked, code=rule.code,
        remedy=rule.remedy, authoriser=rule.authoriser, within=rule.within,
    )  # fmt: skip


def _change(space: Space, kind: str, region: Region, usual: Mapping[str, str]) -> Change:
    """Recipients for whom the same questions change share a statement."""
    alike: dict[tuple[tuple[str, tuple[str, ...]], ...], list[str]] = {}
    for recipient in space.occurring(region)["recipient"]:
        within = space.occurring(region & space.exactly("recipient", [recipient]))
        some = {name: values for name, values in within.items() if len(values) < len(space.terms[name])}
        del some["recipient"]
        alike.setdefault(tuple(some.items()), []).append(recipient)
    statements: list[Statement] = []
    for terms, recipients in alike.items():
        part = region & space.exactly("recipient", recipients)
        statements.append(Statement(tuple(recipients), dict(terms), space.size(part), space.example(part, usual)))
    return Change(kind, space.size(region), tuple(sorted(statements, key=lambda one: -one.questions)))
