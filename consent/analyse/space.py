"""Every question that can be asked of a rule set, as diagrams; and a question picked from a set of them."""

from collections.abc import Iterable, Mapping

from consent.analyse.diagram import Order, Region
from consent.analyse.terms import CATEGORY, PACK, UNKNOWN, asked_terms, values_of
from consent.facts import Facts
from protocols.vocabulary import DataCategory


class Space:
    """All combinations of what rules look at, missing facts included, for one item of a pack at a time."""

    def __init__(self) -> None:
        """All questions; rule sets are read into it by `Model`, several side by side if wanted."""
        self._order = Order(asked_terms())
        self.nothing = self._order.nothing
        self.everything = self._order.everything
        self.any_of = self._order.any_of
        self.all_of = self._order.all_of
        self.gained = self._order.gained
        self.forget = self._order.forget
        self.terms = self._order.terms
        self.askable = self._askable()

    def exactly(self, name: str, values: Iterable[str]) -> Region:
        """Where term `name` is one of `values`, "not known" among them only if listed."""
        return self._order.where(name, values)

    def known(self, name: str, values: Iterable[str]) -> Region:
        """Where term `name` is known to be one of `values`, or `values` are all that it can be."""
        listed = set(values)
        return self.exactly(name, listed | ({UNKNOWN} if listed >= set(values_of(name)) else set()))

    def possible(self, name: str, values: Iterable[str]) -> Region:
        """Where it is one of `values`, or not known."""
        return self.exactly(name, {*values, UNKNOWN})

    def size(self, region: Region) -> int:
        """How many questions `region` holds, of those that rules can tell apart."""
        names, seen = self._order.names, dict[int, int]()
        sizes = [len(self.terms[name]) for name in names]

        def below(part: Region, level: int) -> int:
            """The questions of `part`, whose terms from `level` on are open."""
            if part is self.nothing:
                return 0
            stop = min(part.level, len(sizes))
            free = 1
            for skipped in range(level, stop):
                free *= sizes[skipped]
            if part is self.everything:
                return free
            if part.number not in seen:
                seen[part.number] = sum(mask.bit_count() * below(next_, stop + 1) for mask, next_ in part.edges)
            return free * seen[part.number]

        return below(region, 0)

    def occurring(self, region: Region) -> dict[str, tuple[str, ...]]:
        """For each term the values that some question of `region` has."""
        names, found = self._order.names, [0] * len(self._order.names)
        seen: set[int] = set()
        todo = [(region, -1)]
        while todo:
            part, above = todo.pop()
            if part is self.nothing:
                continue
            for skipped in range(above + 1, min(part.level, len(names))):
                found[skipped] = (1 << len(self.terms[names[skipped]])) - 1
            if part.number in seen or part is self.everything:
                continue
            seen.add(part.number)
            for mask, next_ in part.edges:
                if next_ is not self.nothing:
                    found[part.level] |= mask
                    todo.append((next_, part.level))
        return {
            name: tuple(value for place, value in enumerate(self.terms[name]) if found[level] >> place & 1)
            for level, name in enumerate(names)
        }

    def holds(self, region: Region, facts: Facts, category: DataCategory) -> bool:
        """Whether the question about `category` on these facts belongs to `region`."""
        part = region
        while part.edges:
            name = self._order.names[part.level]
            value = self._value(name, facts, category)
            bit = 1 << self.terms[name].index(value)
            part = next(next_ for mask, next_ in part.edges if mask & bit)
        return part is self.everything

    def example(self, region: Region, usual: Mapping[str, str]) -> dict[str, str]:
        """A question of `region`, as near to the `usual` values as it goes; only the terms that matter are named.

        `region` must not be empty.
        """
        chosen: dict[str, str] = {}
        part = region
        while part.edges:
            name = self._order.names[part.level]
            values = self.terms[name]
            open_ = [(mask, next_) for mask, next_ in part.edges if next_ is not self.nothing]
            wanted = usual.get(name, "")
            bit = 1 << values.index(wanted) if wanted in values else 0
            mask, part = next((edge for edge in open_ if edge[0] & bit), open_[0])
            chosen[name] = wanted if mask & bit else values[(mask & -mask).bit_length() - 1]
        return chosen

    def _value(self, name: str, facts: Facts, category: DataCategory) -> str:
        if name == CATEGORY:
            return category.value
        if name in {"consent_covers_item", "agreement_covers_item"}:
            return facts.item_term(name, category)
        term = facts.term(name)
        return UNKNOWN if term is None else str(term).lower() if isinstance(term, bool) else str(term)

    def _askable(self) -> Region:
        """What facts can say: reading them rules out the rest (`consent.facts.parse_facts`)."""
        anonymous = self.known(CATEGORY, [DataCategory.DEPERSONALISED.value])
        adult = self.known("age_band", ["adult"]) & ~self.possible("subject_role", ["child"])
        possible = [
            anonymous | self.known(PACK, ["personal"]),
            ~self.known("gillick", ["n_a"]) | adult,
            self.known("consent_covers_item", ["unstated"]) | self.exactly("consent_covers_special", [UNKNOWN]),
        ]
        return self.all_of(possible)
