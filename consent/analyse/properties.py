"""What must be true of every rule set, whatever it says: sentences with their source, as data beside the law.

A property never uses the findings or the named sets of the rules it is about: a mistake there would bend both alike.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from consent.analyse.terms import CATEGORY, UNKNOWN, values_of
from consent.facts import DERIVED, FACTS, ITEM_TERMS
from consent.rules import RuleError
from protocols.vocabulary import Obligation

CLAIMS = (
    "never_leaves", "never_goes", "always_leaves", "never_refused", "never_stopped_by", "has", "owes", "never_owes",
    "never_owes_both", "never_widens",
)  # fmt: skip
"""The item never leaves with nobody asked; not even after authority; always leaves; is never refused; is never stopped
by rules of these files; leaves only with these grounds; with these duties; without these; without both of these; and a
change of one fact never lets out what stayed in."""

EACH = "each"
"""As `fact` of a property: every fact in turn, from every value to "not known"."""

_OTHER_KEYS = frozenset({"id", "says", "source", "claim", "where", "unless", "of", "fact", "to", "from", "even_held"})


@dataclass(frozen=True, slots=True)
class Property:
    """One safety property: a sentence, and a claim about every question of a region.

    `says` in words, `source` in law; `claim` is one of `CLAIMS`, about the questions in `where` and outside every line
    of `unless`. `of` holds the grounds, duties or rule files that the claim is about;
    `fact`, `to` and `from_` the change that must not widen (`EACH`: losing any one); `even_held` extends duties to
    what is held.
    """

    id: str
    says: str
    source: tuple[str, ...]
    claim: str
    where: Mapping[str, tuple[str, ...]]
    unless: tuple[Mapping[str, tuple[str, ...]], ...]
    of: tuple[str, ...] = ()
    fact: str = ""
    to: str = ""
    from_: tuple[str, ...] = field(default=())
    even_held: bool = False


def load_properties(files: Mapping[str, str]) -> tuple[Property, ...]:
    """The properties of these TOML texts, keyed by names such as "properties/consent.toml", in order of name.

    Raises `RuleError` for a text that is no TOML, an unknown fact, value, set or claim, or an id used twice.
    """
    parsed = {name: _parsed(name, text) for name, text in sorted(files.items())}
    sets: dict[str, tuple[str, ...]] = {}
    for content in parsed.values():
        given = content.get("sets", {})
        sets |= {key: tuple(values) for key, values in given.items()} if isinstance(given, dict) else {}
    found: dict[str, Property] = {}
    for name, content in parsed.items():
        entries = content.get("property", [])
        for entry in entries if isinstance(entries, list) else []:
            read = _Reader(name, str(entry.get("id", "-")), sets).property(entry)
            if read.id in found:
                raise RuleError(name, read.id, "id", "is used twice")
            found[read.id] = read
    return tuple(found.values())


def digest_of(properties: Iterable[Property]) -> str:
    """SHA-256 over what the properties claim, whatever the order and the layout of their files."""
    claims = sorted(
        repr((one.id, one.claim, sorted(one.where.items()), [sorted(line.items()) for line in one.unless], one.of,
              one.fact, one.to, one.from_, one.even_held))
        for one in properties
    )  # fmt: skip
    return hashlib.sha256("\n".join(claims).encode()).hexdigest()


def _parsed(name: str, text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(name, "-", "file", f"is not TOML: {error}") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one entry, and says which file and which property a fault is in."""

    file: str
    id: str
    sets: Mapping[str, tuple[str, ...]]

    def property(self, entry: Mapping[str, object]) -> Property:
        """The entry as a property."""
        for key in entry:
            if key not in _OTHER_KEYS:
                raise self._fault(key, "is not a field of a property")
        claim = self._text(entry, "claim")
        if claim not in CLAIMS:
            raise self._fault("claim", f"must be one of {', '.join(CLAIMS)}")
        unless = entry.get("unless", [])
        listed = unless if isinstance(unless, list) else [unless]
        fact = str(entry.get("fact", ""))
        return Property(
            id=self._text(entry, "id"), says=self._text(entry, "says"), source=self._texts(entry, "source"),
            claim=claim, where=self._conditions("where", entry.get("where", {})),
            unless=tuple(self._conditions("unless", one) for one in listed), of=self._of(claim, entry), fact=fact,
            to=UNKNOWN if fact == EACH else self._value(fact, entry.get("to", "")) if fact else "",
            from_=self._values("from", fact, entry["from"]) if "from" in entry else (),
            even_held=bool(entry.get("even_held")),
        )  # fmt: skip

    def _of(self, claim: str, entry: Mapping[str, object]) -> tuple[str, ...]:
        given = self._texts(entry, "of") if "of" in entry else ()
        if claim.startswith(("owes", "never_owes")) and not set(given) <= {str(duty) for duty in Obligation}:
            raise self._fault("of", "names no duty of the vocabulary")
        if claim in {"owes", "never_owes", "never_owes_both", "has", "never_stopped_by"} and not given:
            raise self._fault("of", "must say what the claim is about")
        return given

    def _conditions(self, where: str, given: object) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(given, dict):
            raise self._fault(where, "must be a table")
        return MappingProxyType({name: self._values(f"{where}.{name}", name, values) for name, values in given.items()})

    def _values(self, where: str, name: str, given: object) -> tuple[str, ...]:
        flat: list[str] = []
        for value in given if isinstance(given, list) else [given]:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if text.startswith("@") and text[1:] not in self.sets:
                raise self._fault(where, f"names the unknown set {text}")
            flat += self.sets[text[1:]] if text.startswith("@") else [self._value(name, text)]
        return tuple(dict.fromkeys(flat))

    def _value(self, name: str, given: object) -> str:
        text = str(given).lower() if isinstance(given, bool) else str(given)
        if name != CATEGORY and name not in FACTS and name not in DERIVED and name not in ITEM_TERMS:
            raise self._fault(name, "is no fact")
        if text != UNKNOWN and text not in values_of(name):
            raise self._fault(name, f"cannot be {text}")
        return text

    def _text(self, entry: Mapping[str, object], key: str) -> str:
        given = entry.get(key)
        if not isinstance(given, str) or not given.strip():
            raise self._fault(key, "must be a text")
        return given.strip()

    def _texts(self, entry: Mapping[str, object], key: str) -> tuple[str, ...]:
        given = entry.get(key)
        if not isinstance(given, list) or not given:
            raise self._fault(key, "must be a list of texts, at least one")
        return tuple(str(one) for one in given)

    def _fault(self, field_name: str, reason: str) -> RuleError:
        return RuleError(self.file, self.id, field_name, reason)
