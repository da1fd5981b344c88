"""On which line each key of a TOML text stands. `tomllib` gives values without their places, so the text is scanned.

Works for texts that `tomllib` accepts; for others it goes as far as it can.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''[\s\S]*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'  # to the end of the line where unclosed: else each quotation mark would scan it again
    r"|'[^'\n]*'?"
    r"|\#[^\n]*"
    r"|[A-Za-z0-9_.+:-]+"
    r"|\n|[^ \t\r]"
)
_KEY = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[A-Za-z0-9_-]+')
_Token: TypeAlias = tuple[int, str]


def key_lines(text: str) -> dict[Place, int]:
    """Line (from 1) of each table, key and list item, by its place as pydantic writes it: ("clauses", 0, "text").

    What stands inside an inline table has no line of its own.
    """
    lines: dict[Place, int] = {}
    count: dict[Place, int] = {}
    table: Place = ()
    for statement in _statements(text):
        line, first = statement[0]
        if first == "[":
            table = _open_table(statement, count)
            lines.setdefault(table, line)
            continue
        words = [word for _, word in statement]
        if "=" in words:
            equals = words.index("=")
            place = (*table, *_key_parts(words[:equals]))
            lines.setdefault(place, line)
            lines.update({(*place, item): at for item, at in enumerate(_item_lines(statement[equals + 1 :]))})
    return lines


def line_of(place: Place, lines: dict[Place, int]) -> int:
    """Line of a place, or of the nearest thing around it that stands in the text; 1 where nothing does."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def last_statement_line(text: str) -> int:
    """Line on which the last heading or assignment begins, finished or not; 1 where there is none."""
    return max((statement[0][0] for statement in _statements(text)), default=1)


def most_points(text: str) -> int:
    """The most points that stand outside texts in one heading or assignment: how deep its keys could go."""
    return max((sum(w.count(".") for _, w in each if w[0] not in "\"'") for each in _statements(text)), default=0)


def _statements(text: str) -> Iterator[list[_Token]]:
    """Headings and assignments, each as its tokens; one may run over several lines."""
    line, depth, statement = 1, 0, list[_Token]()
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "\n" and depth == 0 and statement:
            yield statement
            statement = []
        elif word != "\n" and not word.startswith("#"):
            depth = max(0, depth + (word in "[{") - (word in "]}"))
            statement.append((line, word))
        line += word.count("\n")
    if statement:
        yield statement


def _open_table(statement: list[_Token], count: dict[Place, int]) -> Place:
    words = [word for _, word in statement]
    is_list = words[:2] == ["[", "["]
    *outer, last = _key_parts(words) or [""]
    place: Place = ()
    for part in outer:
        place = (*place, part)
        if place in count:
            place = (*place, count[place])
    place = (*place, last)
    if is_list:
        count[place] = count.get(place, -1) + 1
        place = (*place, count[place])
    return place


def _key_parts(words: list[str]) -> list[str]:
    return [part.strip("\"'") for part in _KEY.findall("".join(words))]


def _item_lines(value: list[_Token]) -> Iterator[int]:
    """Lines on which the items of a list begin; nothing for any other value."""
    if not value or value[0][1] != "[":
        return
    depth, due = 0, False
    for line, word in value:
        if due and word != "]":
            yield line
        due = word == ("[" if depth == 0 else ",") and depth < 2
        depth += (word in "[{") - (word in "]}")
