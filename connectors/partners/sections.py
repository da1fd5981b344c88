"""An agency's own sections, and the placing of every disclosed item in one of them.

Nothing is dropped: an item that no section asks for is told under `OTHER`, because leaving out what was decided could
do harm. Data categories are never told: that an item is guarded as, say, `trans_status` is itself a disclosure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from protocols.disclosure import DisclosedItem, Disclosure
from protocols.vocabulary import AgencyKind

OTHER = "Other information allowed to you"

Paper = Literal["document", "page"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the agency's and the canonical paths under it, in its order; `victim.` takes all under it."""

    heading: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of agency hears a disclosure: title, sections in order, fixed notices, what a person is handed."""

    title: str
    recipients: frozenset[AgencyKind]
    sections: tuple[Section, ...]
    notices: tuple[str, ...] = ()
    paper: Paper = "document"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing told: `of` says which person or incident. `path` is empty for a warning of ours."""

    path: str
    title: str
    of: str
    value: str


@dataclass(frozen=True, slots=True)
class ToldSection:
    """A section with what is told under it; groups of one person or incident stand together."""

    heading: str
    lines: tuple[Line, ...]


_REACHES = (".contacts", ".address", ".protected_address")
_NOT_ENDANGERED_BY_CONTACT = ("alleged", "staff", "professional")
_NO_INSTRUCTION = "NONE IS HELD. Ask the sender before you call, write or visit."


def arrange(profile: Profile, disclosure: Disclosure) -> tuple[ToldSection, ...]:
    """Every item of the disclosure in the agency's sections and order; empty sections are left out.

    The safe-contact instruction of a person stands directly before each contact or address of theirs, in whatever
    section that falls; where none is held, a warning stands in its place.
    """
    headings = {claim: section.heading for section in reversed(profile.sections) for claim in section.paths}
    placed: dict[str, list[Line]] = {heading: [] for heading in (*(one.heading for one in profile.sections), OTHER)}
    for item in disclosure.items:
        placed[_heading(headings, item.path)].append(_line(item))
    safe: dict[str, list[Line]] = {}
    for line in (line for lines in placed.values() for line in lines if line.path.endswith(".safe_contact")):
        safe.setdefault(line.of, []).append(line)
    paths = {section.heading: section.paths for section in profile.sections}
    return tuple(
        ToldSection(heading, tuple(_ordered(lines, paths.get(heading, ()), safe)))
        for heading, lines in placed.items()
        if lines
    )


def told_paths(sections: Iterable[ToldSection]) -> frozenset[str]:
    """The canonical paths that these sections tell."""
    return frozenset(line.path for section in sections for line in section.lines if line.path)


def _line(item: DisclosedItem) -> Line:
    return Line(item.path, item.title, item.of, item.value)


def _heading(headings: Mapping[str, str], path: str) -> str:
    """The section that names the path, or else the one that takes the longest prefix of it, or else OTHER."""
    if path in headings:
        return headings[path]
    ends = [end for end in range(len(path), 0, -1) if path[end - 1] == "."]
    return next((headings[path[:end]] for end in ends if path[:end] in headings), OTHER)


def _claims(claim: str, path: str) -> bool:
    return path == claim or (claim.endswith(".") and path.startswith(claim))


def _rank(paths: tuple[str, ...], path: str) -> int:
    matches = [(-len(claim), rank) for rank, claim in enumerate(paths) if _claims(claim, path)]
    return min(matches)[1] if matches else len(paths)


def _ordered(lines: list[Line], paths: tuple[str, ...], safe: Mapping[str, list[Line]]) -> Iterable[Line]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.of, []).append(line)
    ordered = [sorted(group, key=lambda line: _rank(paths, line.path)) for group in groups.values()]
    for group in sorted(ordered, key=lambda group: _rank(paths, group[0].path)):
        yield from _made_safe(group, safe)


def _made_safe(group: list[Line], safe: Mapping[str, list[Line]]) -> Iterable[Line]:
    """The group with the person's instruction moved, or copied, to directly before the first way of reaching them."""
    reaching = next((line for line in group if line.path.endswith(_REACHES)), None)
    if reaching is None:
        return group
    role = reaching.path.partition(".")[0]
    rest = [line for line in group if not line.path.endswith(".safe_contact")]
    instructions = safe.get(reaching.of, [])
    if not instructions and role in _NOT_ENDANGERED_BY_CONTACT:
        return group
    before = rest.index(reaching)
    warning = Line("", "safe contact instruction", reaching.of, _NO_INSTRUCTION)
    return [*rest[:before], *(instructions or [warning]), *rest[before:]]
