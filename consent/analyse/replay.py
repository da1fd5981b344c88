"""Many questions at once, over columns of bits: what a history of decisions would be under other rules.

The same procedure as for one question (`consent.analyse.model`), with a bit for each question where a proof has a
diagram. It tells outcome, items and basis; reasons and duties are for `consent.decide`, question by question.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress

from consent.analyse.model import OF_ONE_ITEM, Model
from consent.analyse.terms import CATEGORY, UNKNOWN, asked_terms, values_of
from consent.compile import compiled
from consent.facts import ITEM_TERMS, Facts
from consent.rules import RuleSet
from protocols.vocabulary import DataCategory, Outcome

_ONE = ord("1")
_AS_FLAGS = bytes.maketrans(b"01", b"\0\1")


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answers, in the order of the questions: the outcome, and what is kept where something goes or waits."""

    outcomes: tuple[Outcome, ...]
    kept: tuple[tuple[DataCategory, ...], ...]


class History:
    """Questions as columns, made once and replayed under any number of rule sets."""

    def __init__(self, questions: Sequence[Facts]) -> None:
        """Every question must name what its pack holds; `ValueError` where one does not."""
        if not all(facts.categories for facts in questions):
            raise ValueError("a question does not say what its pack holds")
        self.count = len(questions)
        self.everything = (1 << self.count) - 1
        self.packs = tuple(facts.categories for facts in questions)
        terms = [facts.terms for facts in questions]
        asked = {name: values for name, values in asked_terms().items() if name not in OF_ONE_ITEM}
        self._columns = {name: (values, _coded(name, values, terms)) for name, values in asked.items()}
        deepest = max((len(facts.categories) for facts in questions), default=0)
        self.layers = tuple(_Layer(self, questions, depth) for depth in range(deepest))

    def where(self, name: str, values: frozenset[str]) -> int:
        """The questions whose term `name` has one of `values`."""
        order, codes = self._columns[name]
        return _bits(codes, [order.index(value) for value in values if value in order])


class _Layer:
    """The first item of every pack, or the second, ...: an algebra of columns for `Model`."""

    def __init__(self, history: History, questions: Sequence[Facts], depth: int) -> None:
        self.nothing = 0
        self.everything = history.everything
        self._history = history
        self._known: dict[tuple[str, frozenset[str]], int] = {}
        listed = [facts.categories[depth] if depth < len(facts.categories) else None for facts in questions]
        self.present = _bits(bytes(category is not None for category in listed), [1])
        order = (*values_of(CATEGORY), UNKNOWN)
        place = {value: code for code, value in enumerate(order)}
        self._columns = {CATEGORY: (order, bytes([place[category or UNKNOWN] for category in listed]))}
        for name, values in ITEM_TERMS.items():
            codes = {value: code for code, value in enumerate(values)}
            pairs = zip(questions, listed, strict=True)
            told = [codes[facts.item_term(name, category)] if category else 0 for facts, category in pairs]
            self._columns[name] = (values, bytes(told))

    def known(self, name: str, values: Iterable[str]) -> int:
        """Where term `name` is known to be one of `values`, or `values` are all that it can be."""
        listed = frozenset(values)
        return self._where(name, listed | {UNKNOWN} if listed >= set(values_of(name)) else listed)

    def possible(self, name: str, values: Iterable[str]) -> int:
        """Where it is one of `values`, or not known."""
        return self._where(name, frozenset((*values, UNKNOWN)))

    def any_of(self, sets: Iterable[int]) -> int:
        """The union."""
        union = 0
        for one in sets:
            union |= one
        return union

    def all_of(self, sets: Iterable[int]) -> int:
        """The intersection."""
        met = self.everything
        for one in sets:
            met &= one
        return met

    def _where(self, name: str, values: frozenset[str]) -> int:
        key = (name, values)
        if key not in self._known:
            own = self._columns.get(name)
            self._known[key] = (
                _bits(own[1], [own[0].index(value) for value in values if value in own[0]])
                if own
                else self._history.where(name, values)
            )
        return self._known[key]


def replay(history: History, rules: RuleSet, as_at: date) -> Replayed:
    """What `rules` answer to every question of `history` under the law in force on `as_at`."""
    law = compiled(rules)
    denied = holding = some_kept = 0
    kept: list[int] = []
    may_have_basis = history.everything
    model: Model[int] | None = None
    for layer in history.layers:
        model = Model(law, as_at, layer, model)
        denied |= model.denied & layer.present
        holding |= model.holding & layer.present
        kept.append(model.kept & layer.present)
        some_kept |= kept[-1]
        may_have_basis = model.may_have_basis
    refused = (denied | ~some_kept | ~may_have_basis) & history.everything
    everything_kept = history.everything
    for mask, layer in zip(kept, history.layers, strict=True):
        everything_kept &= mask | ~layer.present
    outcomes = _outcomes(history.count, refused, holding & ~refused, everything_kept)
    return Replayed(tuple(outcomes), tuple(_kept(history, refused, kept)))


def _outcomes(count: int, refused: int, held: int, everything_kept: int) -> Iterator[Outcome]:
    for no, waits, whole in zip(*(_flags(mask, count) for mask in (refused, held, everything_kept)), strict=True):
        if no:
            yield Outcome.DENY
        elif waits:
            yield Outcome.NEEDS_AUTHORISER
        else:
            yield Outcome.PERMIT if whole else Outcome.PERMIT_REDACTED


def _kept(history: History, refused: int, kept: list[int]) -> Iterator[tuple[DataCategory, ...]]:
    columns = [_flags(mask & ~refused, history.count) for mask in kept]
    for categories, *flags in zip(history.packs, *columns, strict=True):
        yield tuple(compress(categories, flags))


def _coded(name: str, values: tuple[str, ...], terms: list[dict[str, str | bool | int]]) -> bytes:
    """One column: the place of each question's value among `values`."""
    place: dict[str | bool | int | None, int] = {value: code for code, value in enumerate(values)}
    place |= {True: place.get("true", 0), False: place.get("false", 0), None: place.get(UNKNOWN, 0)}
    return bytes([place[one.get(name)] for one in terms])


def _bits(codes: bytes, wanted: list[int]) -> int:
    """A bit for each code that is among `wanted`, the first code in the lowest bit."""
    table = bytearray(b"0" * 256)
    for code in wanted:
        table[code] = _ONE
    return int(codes[::-1].translate(bytes(table)) or b"0", 2)


def _flags(mask: int, count: int) -> bytes:
    """The lowest `count` bits of `mask` as bytes of 0 and 1, the lowest first."""
    return f"{mask:0{count}b}"[::-1].encode()[:count].translate(_AS_FLAGS) if count else b""
