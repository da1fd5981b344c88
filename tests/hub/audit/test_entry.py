import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from hub.audit import shape
from hub.audit.entry import MAX_ENTRY_BYTES, Entry, EntryError, Json, canonical_bytes, canonical_json, commitment, parse
from hub.audit.kinds import KINDS, EntryKind
from hub.audit.shape import Fact, Shape
from hub.ids import Prefix, new_id
from tests.hub.audit.sample import START, an_entry, an_id

PREFIXES = tuple(prefix.value for prefix in Prefix)
ids = st.from_regex(shape._ID, fullmatch=True)
codes = st.from_regex(shape._CODE, fullmatch=True)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
small = st.integers(0, 999_999)
ANY_FACT: st.SearchStrategy[Fact] = st.one_of(
    ids,
    codes,
    digests,
    small,
    st.integers(0, shape.MAX_INTEGER),
    st.booleans(),
    st.none(),
    st.lists(codes, max_size=4),
    st.sampled_from(["permit", "permit_redacted", "needs_authoriser", "deny", "root", "landlord"]),
    st.tuples(st.sampled_from(PREFIXES), ids).map(lambda drawn: drawn[0] + drawn[1][3:]),
)

# Each is something that a person could be known by, or that a person might have written.
CANARIES: list[Fact] = [
    "Margaret Example", "margaret example", "Margaret", "MARGARET", "m.example@mail.example", "07700900123",
    "07700 900123", "+447700900123", "1 Fictional Street", "M60 1QD", "QQ123456C", "1980-01-31",
    "called after midnight", "she said:", "zoë", "李", "a" * 200, "", " ", "line\nbreak", "\x00", "943 476 5919",
    "t07700900123",
    7700900123, 19800131, 9434765919, -1, ["Margaret Example"], ["ok", "m.example@mail.example"],
]  # fmt: skip
"""Numbers too: a telephone number, a date of birth, a health number."""


def an_example_of(wanted: Shape) -> Fact:
    ids_of_every_kind = [an_id(prefix, 7) for prefix in PREFIXES]
    examples: list[Fact] = [*ids_of_every_kind, "permit", "root", "a-code", "0" * 64, 3, True, ["police"]]
    for fact in examples:
        if wanted.fits(fact):
            return fact
    raise AssertionError(wanted.rule)


def a_full_entry(kind: EntryKind, version: int = 1) -> Entry:
    facts = {name: an_example_of(wanted) for name, wanted in KINDS[kind, version].items()}
    return Entry(kind, START, an_id("usr"), facts, version)


def known_kinds() -> list[EntryKind]:
    return [kind for kind, _ in KINDS]


@st.composite
def any_entry(draw: st.DrawFn) -> Entry:
    kind, version = draw(st.sampled_from(sorted(KINDS)))
    facts: dict[str, Fact] = {}
    for name, wanted in KINDS[kind, version].items():
        if not wanted.may_be_absent or draw(st.booleans()):
            # Hypothesis would seldom hit a shape by itself, so a miss takes an example that fits.
            fact = draw(ANY_FACT)
            facts[name] = fact if wanted.fits(fact) else an_example_of(wanted)
    at = draw(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - naive bounds
    return Entry(kind, at, draw(st.one_of(ids, st.sampled_from(["hub", "worker"]))), facts, version)


@given(any_entry())
def test_an_entry_survives_the_way_to_bytes_and_back(entry: Entry) -> None:
    assert parse(canonical_bytes(entry)) == entry


@given(any_entry())
def test_the_bytes_of_an_entry_are_those_of_rfc_8785(entry: Entry) -> None:
    encoded = canonical_bytes(entry)
    assert encoded == rfc8785.dumps(json.loads(encoded))


names = st.text(st.characters(max_codepoint=127), max_size=8)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-shape.MAX_INTEGER, shape.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
)


@given(documents)
@example({"": '\u2028\x7f\x1f\\"/', "a": [0, -1, True, None], "\x00": "𝄞é\ud7ff\ue000"})
def test_canonical_json_equals_rfc_8785_within_its_profile(document: Json) -> None:
    assert canonical_json(document) == rfc8785.dumps(document)


@pytest.mark.parametrize(
    "document", [1.5, [1.0], {"a": float("nan")}, 2**53, -(2**53), {"é": 1}, {1: 1}, b"x", "\ud800"]
)
def test_canonical_json_refuses_what_has_no_single_spelling(document: Json) -> None:
    with pytest.raises(EntryError):
        canonical_json(document)


def test_the_bytes_of_a_known_entry_never_change() -> None:
    assert canonical_bytes(an_entry()) == (
        b'{"actor":"worker","at":"2026-03-01T09:00:00.000000Z","facts":{"attempt":1,'
        b'"disclosure":"dsc_00000000000000000000000000","outcome":"accepted","rung":"receipted"},'
        b'"kind":"release.settled","version":1}'
    )


def test_every_kind_of_act_has_its_fields_declared() -> None:
    assert set(known_kinds()) == set(EntryKind)


@pytest.mark.parametrize("kind", EntryKind)
def test_no_field_of_any_kind_takes_what_a_person_is_known_by(kind: EntryKind) -> None:
    entry = a_full_entry(kind)
    for name, wanted in KINDS[kind, 1].items():
        # A position in the log may be any number, and is counted by the hub; no number there comes from a person.
        takes_any_number = wanted.fits(shape.MAX_INTEGER)
        for canary in CANARIES:
            if takes_any_number and isinstance(canary, int) and canary > 0:
                continue
            with pytest.raises(EntryError) as refusal:
                Entry(kind, START, "hub", {**entry.facts, name: canary})
            assert "argaret" not in str(refusal.value)


@pytest.mark.parametrize("canary", [canary for canary in CANARIES if isinstance(canary, str)])
def test_no_other_part_of_an_entry_takes_what_a_person_is_known_by(canary: str) -> None:
    facts = an_entry().facts
    with pytest.raises(EntryError) as as_actor:
        Entry(EntryKind.RELEASE_SETTLED, START, canary, facts)
    with pytest.raises(EntryError) as as_a_name:
        Entry(EntryKind.RELEASE_SETTLED, START, "hub", {**facts, canary: 1})
    assert "argaret" not in f"{as_actor.value} {as_a_name.value}"


@pytest.mark.parametrize("kind", EntryKind)
def test_a_kind_needs_every_field_that_is_not_optional(kind: EntryKind) -> None:
    entry = a_full_entry(kind)
    for name, wanted in KINDS[kind, 1].items():
        facts = {other: fact for other, fact in entry.facts.items() if other != name}
        if wanted.may_be_absent:
            assert Entry(kind, START, "hub", {**facts, name: None}).facts[name] is None
            assert name not in Entry(kind, START, "hub", facts).facts
        else:
            with pytest.raises(EntryError, match=f"facts.{name}"):
                Entry(kind, START, "hub", facts)


@pytest.mark.parametrize("kind", EntryKind)
def test_true_is_not_a_number_and_a_number_is_not_true(kind: EntryKind) -> None:
    entry = a_full_entry(kind)
    swapped = {name: 1 if fact is True else True for name, fact in entry.facts.items() if isinstance(fact, int)}
    for name, fact in swapped.items():
        with pytest.raises(EntryError):
            Entry(kind, START, "hub", {**entry.facts, name: fact})


@pytest.mark.parametrize("prefix", Prefix)
def test_the_ids_that_the_hub_makes_are_taken(prefix: Prefix) -> None:
    made = new_id(prefix)
    assert Entry(EntryKind.RELEASE_SETTLED, START, made, an_entry().facts).actor == made


def test_an_id_of_another_kind_is_refused() -> None:
    with pytest.raises(EntryError, match="begins with dsc_"):
        Entry(EntryKind.RELEASE_SETTLED, START, "hub", {**an_entry().facts, "disclosure": an_id("dec")})


@pytest.mark.parametrize("at", [datetime(2026, 3, 1), START.astimezone(timezone(timedelta(hours=1)))])  # noqa: DTZ001 - what is refused
def test_only_utc_is_a_time(at: datetime) -> None:
    with pytest.raises(EntryError, match="UTC"):
        Entry(EntryKind.RELEASE_SETTLED, at, "hub", an_entry().facts)


@pytest.mark.parametrize("version", [0, 2, True])
def test_an_unknown_version_is_refused(version: int) -> None:
    with pytest.raises(EntryError, match="no such version"):
        Entry(EntryKind.RELEASE_SETTLED, START, "hub", an_entry().facts, version)


def test_an_entry_cannot_be_altered_once_made() -> None:
    parties = ["police", "landlord"]
    entry = Entry(EntryKind.AGREEMENT_REGISTERED, START, "hub",
                  {"agreement": "a", "digest": "0" * 64, "parties": parties})  # fmt: skip
    before = canonical_bytes(entry)
    parties.append("press")
    assert canonical_bytes(entry) == before
    with pytest.raises(TypeError):
        entry.facts["agreement"] = "b"  # type: ignore[index]  # that is the point


GOOD = canonical_bytes(an_entry())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b"[" * 60_000, GOOD + b"\n", GOOD.replace(b",", b", ", 1),
        GOOD.replace(b'"version":1', b'"version":1.0'), GOOD.replace(b'"version":1', b'"version":true'),
        GOOD.replace(b'"version":1', b'"version":2'), GOOD.replace(b'"version":1', b'"version":1,"version":1'),
        GOOD.replace(b"release.settled", b"release.unheard"), GOOD.replace(b"000000Z", b"Z"),
        GOOD.replace(b"000000Z", b"000000+00:00"), GOOD.replace(b'"worker"', b"7"),
        GOOD.replace(b"worker", b"Margaret"),
        GOOD.replace(b'"attempt":1', b'"attempt":{}'), GOOD.replace(b'"attempt":1', b'"attempt":"\\u0061"'),
        GOOD.replace(b'"release.settled"', b"[]"), b" " * (MAX_ENTRY_BYTES + 1),
    ],
)  # fmt: skip
def test_only_canonical_bytes_are_read(data: bytes) -> None:
    with pytest.raises(EntryError):
        parse(data)


def test_the_longest_entry_that_the_shapes_allow_fits_a_bundle() -> None:
    longest = max(("f" * 64, "a" * 64 + "@123456789.123", [f"{'a' * 64}@123456789.12"] * 64), key=len)
    for kind, version in KINDS:
        facts = {
            name: longest if wanted.fits(longest) else an_example_of(wanted)
            for name, wanted in KINDS[kind, version].items()
        }
        assert len(canonical_bytes(Entry(kind, START, "hub", facts, version))) <= MAX_ENTRY_BYTES


def test_a_commitment_opens_only_with_its_salt_and_content() -> None:
    salt, content = bytes(range(32)), b"what was sent"
    made = commitment(salt, content)
    assert made == hmac.new(salt, content, hashlib.sha256).hexdigest()
    assert len({made, commitment(salt[::-1], content), commitment(salt, content + b".")}) == 3
    assert shape.DIGEST.fits(made)


def test_a_salt_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(EntryError, match="32 random bytes"):
        commitment(b"short", b"content")
