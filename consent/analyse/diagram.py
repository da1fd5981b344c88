"""Sets of questions as decision diagrams: every combination of facts at once, exactly, in thousands of nodes.

A diagram asks one term after another, in a fixed order; each answer leads on, until the end says whether the question
belongs to the set. Equal sets are the same object, so that "empty" and "the same" are looked at, not searched for.
Bryant, Graph-Based Algorithms for Boolean Function Manipulation (1986), with many values to a term instead of two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

_END = 1 << 30


class Region:
    """A set of questions. `a & b`, `a | b`, `a ^ b`, `~a` are the set operations; equality is identity."""

    __slots__ = ("edges", "level", "number", "order")

    def __init__(self, order: "Order", level: int, edges: tuple[tuple[int, "Region"], ...], number: int) -> None:
        """Only `Order` makes regions: one object for each set."""
        self.order = order
        self.level = level
        self.edges = edges
        self.number = number

    def __and__(self, other: "Region") -> "Region":
        return self.order.both(self, other)

    def __or__(self, other: "Region") -> "Region":
        return self.order.either(self, other)

    def __invert__(self) -> "Region":
        return self.order.outside(self)

    def __xor__(self, other: "Region") -> "Region":
        if self is other:
            return self.order.nothing
        return (self & ~other) | (other & ~self)

    @property
    def is_empty(self) -> bool:
        """Whether no question belongs to it."""
        return self is self.order.nothing

    def __bool__(self) -> bool:
        raise TypeError("a region is neither true nor false: ask `is_empty`")


class Order:
    """The terms in the order in which diagrams ask them, and every region made so far."""

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        """`terms`: each term with its values, the most telling first."""
        self.terms = {name: tuple(values) for name, values in terms.items()}
        self.names = tuple(self.terms)
        self._level = {name: level for level, name in enumerate(self.names)}
        self._full = tuple((1 << len(values)) - 1 for values in self.terms.values())
        self.nothing = Region(self, _END, (), 0)
        self.everything = Region(self, _END, (), 1)
        self._made: dict[tuple[int, tuple[tuple[int, int], ...]], Region] = {}
        self._both: dict[tuple[int, int], Region] = {}
        self._either: dict[tuple[int, int], Region] = {}
        self._outside: dict[int, Region] = {0: self.everything, 1: self.nothing}

    def forget(self) -> None:
        """Let go of every region: this order is not to be used again, and what it made can be freed."""
        for known in (self._made, self._both, self._either, self._outside):
            known.clear()

    def where(self, name: str, values: Iterable[str]) -> Region:
        """The questions in which term `name` has one of `values`; values that it cannot have are no matter."""
        level = self._level[name]
        own = self.terms[name]
        mask = sum(1 << own.index(value) for value in set(values) if value in own)
        return self._node(level, [(mask, self.everything), (self._full[level] & ~mask, self.nothing)])

    def all_of(self, regions: Iterable[Region]) -> Region:
        """What belongs to every one of `regions`. Those that ask late are joined first, which keeps diagrams small."""
        result = self.everything
        for region in sorted(regions, key=lambda region: -region.level):
            result = region & result
        return result

    def any_of(self, regions: Iterable[Region]) -> Region:
        """What belongs to at least one of `regions`. Those that begin alike are joined first: diagrams stay small."""
        joined = sorted(set(regions), key=lambda region: (region.level, [mask for mask, _ in region.edges]))
        while len(joined) > 1:
            rest = [*joined[1::2], self.nothing] if len(joined) % 2 else joined[1::2]
            joined = [one | other for one, other in zip(joined[::2], rest, strict=True)]
        return joined[0] if joined else self.nothing

    def both(self, one: Region, other: Region) -> Region:
        """The intersection."""
        if one is other or other is self.everything:
            return one
        if one is self.everything:
            return other
        if one is self.nothing or other is self.nothing:
            return self.nothing
        key = (one.number, other.number) if one.number < other.number else (other.number, one.number)
        known = self._both.get(key)
        if known is None:
            known = self._both[key] = self._joined(one, other, self.both)
        return known

    def either(self, one: Region, other: Region) -> Region:
        """The union."""
        if one is other or other is self.nothing:
            return one
        if one is self.nothing:
            return other
        if one is self.everything or other is self.everything:
            return self.everything
        key = (one.number, other.number) if one.number < other.number else (other.number, one.number)
        known = self._either.get(key)
        if known is None:
            known = self._either[key] = self._joined(one, other, self.either)
        return known

    def outside(self, region: Region) -> Region:
        """The complement."""
        known = self._outside.get(region.number)
        if known is None:
            known = self._node(region.level, [(mask, self.outside(next_)) for mask, next_ in region.edges])
            self._outside[region.number] = known
            self._outside[known.number] = region
        return known

    def gained(self, region: Region, name: str, before: Iterable[str], after: str) -> Region:
        """Where changing `name` from one of `before` to `after`, and nothing else, leads into `region` from outside it.

        The answer does not depend on `name` itself.
        """
        level, values = self._level[name], self.terms[name]
        bits = [1 << values.index(value) for value in before]
        return self._gained(region, level, (bits, 1 << values.index(after)), {})

    def _gained(self, region: Region, level: int, change: tuple[list[int], int], seen: dict[int, Region]) -> Region:
        if region.level > level:
            return self.nothing
        known = seen.get(region.number)
        if known is None:
            if region.level == level:
                befores, after = change
                into = _led(region, after)
                known = self.any_of(into & ~_led(region, bit) for bit in befores)
            else:
                edges = [(mask, self._gained(next_, level, change, seen)) for mask, next_ in region.edges]
                known = self._node(region.level, edges)
            seen[region.number] = known
        return known

    def _joined(self, one: Region, other: Region, join: Callable[[Region, Region], Region]) -> Region:
        if one.level < other.level:
            return self._node(one.level, [(mask, join(next_, other)) for mask, next_ in one.edges])
        if other.level < one.level:
            return self._node(other.level, [(mask, join(one, next_)) for mask, next_ in other.edges])
        pairs = [
            (mask & also, join(next_, beside))
            for mask, next_ in one.edges
            for also, beside in other.edges
            if mask & also
        ]
        return self._node(one.level, pairs)

    def _node(self, level: int, edges: Iterable[tuple[int, Region]]) -> Region:
        """The one region with these edges: values that lead to the same place share an edge."""
        merged: dict[Region, int] = {}
        for mask, next_ in edges:
            if mask:
                merged[next_] = merged.get(next_, 0) | mask
        if len(merged) == 1:
            return next(iter(merged))
        sorted_edges = tuple(sorted((mask, next_.number) for next_, mask in merged.items()))
        key = (level, sorted_edges)
        known = self._made.get(key)
        if known is None:
            by_mask = {mask: next_ for next_, mask in merged.items()}
            edges_of = tuple((mask, by_mask[mask]) for mask, _ in sorted_edges)
            known = self._made[key] = Region(self, level, edges_of, len(self._made) + 2)
        return known


def _led(region: Region, bit: int) -> Region:
    """Where the value of that bit leads."""
    return next(next_ for mask, next_ in region.edges if mask & bit)
