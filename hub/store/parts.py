"""What one writer does in a transaction that others may share, and what is done once for all of them at its end."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table

from hub.store.scope import NOBODY
from hub.store.scoped import Scoped

Finish: TypeAlias = Callable[[Scoped, Sequence[Any]], None]


class Leftover:
    """What is done once at the end of a commit, for all who share it: by what it is done, with what each left."""

    def __init__(self) -> None:
        """Nothing."""
        self._left: dict[Finish, list[Any]] = {}

    def __iter__(self) -> Iterator[tuple[Finish, list[Any]]]:
        """By what, and what."""
        return iter(self._left.items())

    def add(self, finish: Finish, left: Sequence[Any]) -> None:
        """Leave more, in order."""
        self._left.setdefault(finish, []).extend(left)

    def add_all(self, other: "Leftover") -> None:
        """Leave what another left, after what is here."""
        for finish, left in other:
            self.add(finish, left)

    def finish(self, connection: Scoped) -> None:
        """Do it."""
        for finish, left in self:
            finish(connection, left)


class Part:
    """What one writer does in a transaction that others may share."""

    def __init__(self, connection: Connection, before: Leftover | None = None, changed: Iterable[Table] = ()) -> None:
        """Made by `Commits` only."""
        self.connection = connection
        self.changed = set(changed)
        """The tables changed in this transaction, by whoever: nothing read from them is durable yet."""
        self.left = Leftover()
        self.before: Leftover | None = before
        """What those before left; none once this one has done it in their place."""

    def finish(self) -> None:
        """Do now what was left to the end, by this writer and those before it."""
        connection = Scoped(self.connection, NOBODY)
        if self.before is not None:
            self.before.finish(connection)
        self.left.finish(connection)
        self.before, self.left = None, Leftover()
