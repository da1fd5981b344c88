"""Column types that keep two promises: times are aware UTC, JSON is canonical text on both databases."""

import json
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""A growing row number; SQLite numbers only columns of type INTEGER by itself."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, kept as microseconds since 1970 so that both databases sort and compare it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the stored integer. Raises ValueError for a naive time: a defect of ours, never input."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware; this one has no zone")
        since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the stored integer."""
        if value is None:
            return None
        seconds, microseconds = divmod(value, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


class CanonicalJson(TypeDecorator[Json]):
    """A small structure of codes and ids. Personal content is sealed, never kept like this."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str | None:
        """To sorted, compact JSON."""
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:
        """From JSON."""
        if value is None:
            return None
        loaded: Json = json.loads(value)
        return loaded
