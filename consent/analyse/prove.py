"""Properties proved over every combination of facts, missing ones included, or a question that breaks one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from consent.analyse.diagram import Region
from consent.analyse.model import Model
from consent.analyse.properties import EACH, Property
from consent.analyse.space import Space
from consent.analyse.terms import UNKNOWN
from consent.compile import compiled
from consent.rules import RuleSet
from protocols.vocabulary import Obligation, Outcome

_BLOCKING = frozenset({"deny", "hold", "strip"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one property: over how many questions it was tried, and one that breaks it (None: it holds).

    `breaks` names the terms that matter and their values, as rules see them.
    """

    about: Property
    as_at: date
    questions: int
    breaks: Mapping[str, str] | None

    @property
    def holds(self) -> bool:
        """Whether the property is true of every question."""
        return self.breaks is None


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of every property on every date, and the rules that are in force and that nothing makes apply."""

    verdicts: tuple[Verdict, ...]
    idle: tuple[str, ...]


def prove(rules: RuleSet, properties: Iterable[Property], as_at: Iterable[date], usual: Mapping[str, str]) -> Proof:
    """Each property on each date. `usual`: values that an example takes wherever it can.

    A twin, which only tells where a rule gives way, may be idle: it is written for every way of giving way.
    """
    space, law, listed = Space(), compiled(rules), tuple(properties)
    verdicts: list[Verdict] = []
    written: set[str] = set()
    applying: set[str] = set()
    for day in as_at:
        model = Model(law, day, space)
        written |= {rule.id for rule in model.rules if not rule.twin_of}
        applying |= {id_ for id_, where in model.sure.items() if not (where & space.askable).is_empty}
        claims = Claims(space, model)
        for one in listed:
            within = claims.asked(one)
            breaking = claims.breaking(one, within)
            example = None if breaking.is_empty else space.example(breaking, usual)
            verdicts.append(Verdict(one, day, space.size(within), example))
    space.forget()
    return Proof(tuple(verdicts), tuple(rule.id for rule in rules.rules if rule.id in written - applying))


def periods(rules: RuleSet, since: date | None = None) -> tuple[date, ...]:
    """A day of each state that the law of `rules` was or will be in, or only of those from `since` on."""
    changes = compiled(rules).changes
    if since is not None:
        return (since, *(change for change in changes if change > since))
    return (changes[0] - timedelta(days=1), *changes) if changes else (date.min,)


class Claims:
    """Where a property would be broken, on one date."""

    def __init__(self, space: Space, model: Model[Region]) -> None:
        """`model` must have been read into `space`."""
        self._space = space
        self._model = model
        self._claims: Mapping[str, Callable[[Property, Region], Region]] = {
            "never_leaves": lambda _, within: model.leaving(within),
            "never_goes": lambda _, within: self._goes(within),
            "always_leaves": lambda _, within: within & ~model.leaving(within),
            "never_refused": lambda _, within: model.refused(within),
            "never_stopped_by": self._stopped,
            "has": self._without_ground,
            "owes": self._without_duty,
            "never_owes": self._with_duty,
            "never_owes_both": self._with_both,
            "never_widens": self._widened,
        }

    def asked(self, one: Property) -> Region:
        """The questions that the property is about.

        Where a fact that would spare a question is not known, "held until somebody knows" is right: only the claim that
        nothing leaves is made of those questions too.
        """
        space = self._space
        about = [space.exactly(name, values) for name, values in one.where.items()]
        spares = space.known if one.claim == "never_leaves" else space.possible
        spared = [space.all_of(spares(name, values) for name, values in line.items()) for line in one.unless]
        return space.all_of([space.askable, *about]) & ~space.any_of(spared)

    def breaking(self, one: Property, within: Region) -> Region:
        """The questions of `within` that break it."""
        return self._claims[one.claim](one, within)

    def _goes(self, within: Region) -> Region:
        return within & ~self._model.refused(within)

    def _stopped(self, one: Property, within: Region) -> Region:
        model = self._model
        rules = [r.id for r in model.rules if r.effect in _BLOCKING and r.file.startswith(one.of)]
        return self._space.any_of(within & (model.sure[id_] | model.may[id_] & model.waits) for id_ in rules)

    def _without_ground(self, one: Property, within: Region) -> Region:
        model = self._model
        bases = [where for token, where in model.basis.items() if token.value.startswith(one.of)]
        articles = [model.conditioned(article) for article in ("a9", "a10") if f"{article}_" in one.of]
        return model.leaving(within & ~self._space.any_of([*bases, *articles]))

    def _without_duty(self, one: Property, within: Region) -> Region:
        owed = self._model.owed
        return self._space.any_of(
            ends(within & ~owed(Obligation(duty), outcome)) for ends, outcome in self._endings(one) for duty in one.of
        )

    def _with_duty(self, one: Property, within: Region) -> Region:
        owed = self._model.owed
        return self._space.any_of(
            ends(within & owed(Obligation(duty), outcome)) for ends, outcome in self._endings(one) for duty in one.of
        )

    def _with_both(self, one: Property, within: Region) -> Region:
        return self._space.any_of(
            ends(self._space.all_of([within, *(self._model.owed(Obligation(duty), outcome) for duty in one.of)]))
            for ends, outcome in self._endings(one)
        )

    def _endings(self, one: Property) -> list[tuple[Callable[[Region], Region], Outcome]]:
        leaves = (self._model.leaving, Outcome.PERMIT)
        return [leaves, (self._model.held, Outcome.NEEDS_AUTHORISER)] if one.even_held else [leaves]

    def _widened(self, one: Property, within: Region) -> Region:
        """Where an item would leave after the change that would not have left before it.

        What leaves afterwards meets every demand, what did not leave failed one: so only where some demand is met
        afterwards and was not before need anything be looked at. That a refusal settles whether a duty is owed, and so
        ends the wait for it, is no widening.
        """
        changes = [(one.fact, one.from_)] if one.fact != EACH else self._every_loss()
        return self._space.any_of(self._gained(fact, before, one.to, within) for fact, before in changes)

    def _every_loss(self) -> list[tuple[str, tuple[str, ...]]]:
        terms = self._space.terms.items()
        return [(name, tuple(v for v in values if v != UNKNOWN)) for name, values in terms if UNKNOWN in values]

    def _gained(self, fact: str, before: tuple[str, ...], after: str, within: Region) -> Region:
        space, model, broken = self._space, self._model, self._space.nothing
        for demand in model.demands:
            gained = space.gained(demand, fact, before, after) & space.exactly(fact, [after])
            broken = broken | model.releasable(gained & within)
        return broken
