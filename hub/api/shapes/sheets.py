"""Tables that a spreadsheet opens: CSV in UTF-8 (RFC 4180) in which no cell is taken for a formula.

OWASP, "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection): a cell that begins with = + - @, or with
another form of one (full-width, small), is put behind an apostrophe; every cell stands in quotes, and quotes in it are
doubled. It warns of a separator or a quote inside a value, after which a program that parts cells in another way would
begin a new one: there too the sign is put behind an apostrophe. Spaces and what nobody sees (of no width, marks of
order, marks upon nothing) begin nothing: the sign after them does. Tabs, ends of lines and other control characters,
with which a cell may not begin either, become spaces: nothing that is told here has lines.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

_SIGNS: Final = frozenset("=+-@")
_PARTS: Final = frozenset(",;|:\"'`")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Cell = str | int | bool | None


def write_sheet(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table with its heading, lines ended as RFC 4180 has them."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(map(harmless, columns))
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return written.getvalue()


def harmless(cell: Cell) -> str:
    """A value as text that no spreadsheet takes for a formula, however it parts cells."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = _CONTROL.sub(" ", str(cell))
    if text.isascii() and _SIGNS.isdisjoint(text):
        return text
    written, begins = [], True
    for sign in text:
        plain, is_seen = _looked_at(sign)
        written.append(f"'{sign}" if begins and plain in _SIGNS else sign)
        begins = plain in _PARTS or (begins and not is_seen)
    return "".join(written)


@lru_cache(10_000)
def _looked_at(sign: str) -> tuple[str, bool]:
    """The sign that this one is a form of (Unicode NFKC), and whether anybody sees it."""
    return unicodedata.normalize("NFKC", sign)[:1], unicodedata.category(sign)[0] not in "ZCM"
