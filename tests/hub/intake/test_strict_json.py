"""One meaning or none: what is sound is read the same as everywhere, all else is refused in one way."""

import json
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, JsonValue

from hub.errors import BadInput
from hub.intake.strict_json import DEEPEST, LARGEST_NUMBER, check, read_model


class Anything(BaseModel):
    """Any value under one name."""

    model_config = ConfigDict(extra="forbid", strict=True)
    value: JsonValue


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.text(letters)
numbers = st.integers(-LARGEST_NUMBER, LARGEST_NUMBER) | st.floats(allow_nan=False, allow_infinity=False)
sound = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def _code(raw: bytes) -> str:
    with pytest.raises(BadInput) as refused:
        check(raw)
    return refused.value.code


@given(sound, st.booleans(), st.none() | st.integers(0, 3))
def test_whatever_a_writer_of_json_writes_of_a_sound_value_is_read_as_that_value(
    value: JsonValue,
    ascii_only: bool,
    indent: int | None,
) -> None:
    raw = json.dumps({"value": value}, ensure_ascii=ascii_only, indent=indent).encode()
    check(raw)
    assert read_model(raw, Anything).value == value


@given(st.binary(max_size=200))
def test_any_bytes_are_either_sound_or_refused_in_our_own_words(raw: bytes) -> None:
    try:
        check(raw)
        read = json.loads(raw)
    except BadInput as problem:
        read = problem.code
    assert json.dumps(read, allow_nan=False)


@given(sound, st.data())
def test_a_text_with_a_nul_or_half_a_character_anywhere_is_refused(value: JsonValue, data: st.DataObject) -> None:
    bad = data.draw(st.sampled_from(["\x00", "\ud800", "\udfff", "a\udc00b"]))
    for spoilt in ({"value": [value, {"deep": bad}]}, {"value": value, bad: 1}):
        assert _code(json.dumps(spoilt).encode()) == "JSON_TEXT"


@given(st.integers(1, DEEPEST * 3), st.booleans())
def test_depth_is_bounded_exactly(depth: int, lists: bool) -> None:
    raw = (b"[" * depth + b"]" * depth) if lists else (b'{"a":' * depth + b"1" + b"}" * depth)
    levels = depth if not lists else depth - 1
    if levels <= DEEPEST:
        check(raw)
    else:
        assert _code(raw) == "JSON_TOO_DEEP"


@given(st.integers())
def test_whole_numbers_are_taken_up_to_64_bits(number: int) -> None:
    if abs(number) <= LARGEST_NUMBER:
        check(str(number).encode())
    else:
        assert _code(str(number).encode()) == "JSON_NUMBER"


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1])
def test_the_largest_numbers_are_taken(number: int) -> None:
    check(str(number).encode())


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775808", "1" * 5_000, "1e309", "-1e309",
                                    "NaN", "Infinity", "-Infinity"])  # fmt: skip
def test_numbers_that_readers_read_differently_are_refused(number: str) -> None:
    assert _code(number.encode()) == "JSON_NUMBER"


@given(texts, sound, sound)
def test_a_key_twice_is_refused_even_with_the_same_value(key: str, one: JsonValue, other: JsonValue) -> None:
    name = json.dumps(key)
    raw = f"[{{{name}: {json.dumps(one)}, {name}: {json.dumps(other)}}}]".encode()
    assert _code(raw) == "JSON_KEY_TWICE"


@given(texts)
def test_a_key_twice_is_refused_when_it_is_spelled_differently(key: str) -> None:
    assume(key)
    escaped = "".join(f"\\u{unit:04x}" for unit in _units(key))
    assert _code(f'{{{json.dumps(key)}: 1, "{escaped}": 2}}'.encode()) == "JSON_KEY_TWICE"


def _units(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[place : place + 2]) for place in range(0, len(raw), 2)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_other_encodings_are_refused(encoding: str) -> None:
    assert _code('{"a": "é"}'.encode(encoding)) in ("JSON_BYTE_ORDER_MARK", "JSON_NOT_UTF8", "JSON_BROKEN", "JSON_TEXT")


@given(texts.filter(lambda text: len(text) > 6), texts.filter(lambda text: len(text) > 6))
def test_no_error_repeats_a_key_or_a_value(key: str, value: str) -> None:
    assume(not {key, value} & {"value", "the request"})
    for document in ({key: value}, {"value": {}, key: value}, [value], value):
        with pytest.raises(BadInput) as refused:
            read_model(json.dumps(document).encode(), Anything)
        told = f"{refused.value} {refused.value.field} {refused.value.reason} {refused.value.remedy}"
        assert refused.value.code in ("FIELD_MISSING", "FIELD_UNKNOWN", "FIELD_WRONG")
        assert told == told.replace(json.dumps(key), "").replace(json.dumps(value), "")


def test_a_float_keeps_its_value() -> None:
    found = read_model(b'{"value": 0.1}', Anything).value
    assert isinstance(found, float)
    assert math.isclose(found, 0.1)
