"""What a change of the rules changes: exactly which questions get another answer, in statements a person can check."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

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
    """All that changes on one date: answers by kind, and rules that say the same in other words or to somebody else.

    `reworded` lists those whose sentence, citation, code, remedy, authoriser or clock changed and nothing besides.
    """

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
    touched = _compared(space, old, new, as_at).touched
    recipients = () if touched.is_empty else space.occurring(touched)["recipient"]
    space.forget()
    found: dict[str, list[Statement]] = {}
    for recipient in recipients:
        # One recipient at a time, in a space of its own: what is worked out for one would only be carried along.
        space = Space()
        compared = _compared(space, old, new, as_at, recipient)
        for kind, region in compared.changes():
            if not region.is_empty:
                found.setdefault(kind, []).append(_statement(space, recipient, region, usual))
        space.forget()
    changes = tuple(_change(kind, statements) for kind, statements in found.items())
    return Impact(as_at, changes, _reworded(old, new))


def _compared(space: Space, old: RuleSet, new: RuleSet, as_at: date, recipient: str = "") -> "Comparison":
    before, after = (Model(compiled(rules), as_at, space) for rules in (old, new))
    return Comparison(space, before, after, space.exactly("recipient", [recipient]) if recipient else None)


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
        touched = self.touched
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

    @cached_property
    def touched(self) -> Region:
        """Where some rule applies, or may apply, in one reading and not in the other, or does something else."""
        old, new = self._before, self._after
        one, other = ({rule.id: rule for rule in model.rules} for model in (old, new))
        regions: list[Region] = []
        for rule_id in one.keys() | other.keys():
            if rule_id in one and rule_id in other and _does(one[rule_id]) == _does(other[rule_id]):
                regions += [old.sure[rule_id] ^ new.sure[rule_id], old.may[rule_id] ^ new.may[rule_id]]
            else:
                regions += [model.may[rule_id] for model in (old, new) if rule_id in model.may]
        return self._space.any_of(region & self._within for region in regions)

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
        remedy=rule.remedy, asks=rule.asks, authoriser=rule.authoriser, within=rule.within,
    )  # fmt: skip


def _statement(space: Space, recipient: str, region: Region, usual: Mapping[str, str]) -> Statement:
    within = space.occurring(region)
    some = {name: values for name, values in within.items() if len(values) < len(space.terms[name])}
    some.pop("recipient", None)
    return Statement((recipient,), some, space.size(region), space.example(region, usual))


def _change(kind: str, statements: list[Statement]) -> Change:
    """Recipients for whom the same questions change share a statement."""
    alike: dict[tuple[tuple[str, tuple[str, ...]], ...], list[Statement]] = {}
    for one in statements:
        alike.setdefault(tuple(one.within.items()), []).append(one)
    shared = [
        Statement(
            tuple(name for one in several for name in one.recipients), dict(terms),
            sum(one.questions for one in several), several[0].example,
        )
        for terms, several in alike.items()
    ]  # fmt: skip
    shared.sort(key=lambda one: -one.questions)
    return Change(kind, sum(one.questions for one in shared), tuple(shared))
