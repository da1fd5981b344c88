"""Content sealed chunk by chunk: what was changed, moved, dropped or added does not open; real sizes."""

import secrets
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import NotTrusted
from hub.store.chunks import ROW_BYTES, Sealer, unsealed

Rows = list[bytes]


def sealed(content: bytes, context: str = "here", step: int = 65_536) -> tuple[bytes, Rows]:
    sealer = Sealer(context)
    rows = [row for at in range(0, len(content), step) for row in sealer.take(content[at : at + step])]
    return sealer.key, [*rows, sealer.end()]


@given(st.binary(max_size=100_000), st.integers(min_value=1, max_value=70_000))
def test_it_opens_to_what_it_was_however_it_came_in(content: bytes, step: int) -> None:
    key, rows = sealed(content, step=step)
    assert b"".join(unsealed(key, "here", rows)) == content


def test_twenty_mebibytes_stand_in_rows_of_one_mebibyte_and_open_to_what_they_were() -> None:
    content = secrets.token_bytes(20 * 1024 * 1024)
    key, rows = sealed(content)
    assert {len(row) for row in rows[:-1]} == {ROW_BYTES}
    assert len(rows) == 21
    assert b"".join(unsealed(key, "here", rows)) == content


def flip(rows: Rows) -> Rows:
    return [rows[0], rows[1][:-9] + bytes([rows[1][-9] ^ 1]) + rows[1][-8:], *rows[2:]]


SPOILT: dict[str, Callable[[Rows], Rows]] = {
    "a flipped bit": flip,
    "the last row gone": lambda rows: rows[:-1],
    "the last byte gone": lambda rows: [*rows[:-1], rows[-1][:-1]],
    "a byte more": lambda rows: [*rows[:-1], rows[-1] + b"x"],
    "two rows exchanged": lambda rows: [rows[0], rows[2], rows[1], *rows[3:]],
    "a row in the middle gone": lambda rows: [rows[0], *rows[2:]],
    "nothing there": lambda rows: rows[:0],
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_not_as_it_was_sealed_does_not_open_to_its_end(how: str) -> None:
    key, rows = sealed(secrets.token_bytes(3 * ROW_BYTES + 17))
    with pytest.raises(NotTrusted) as refused:
        list(unsealed(key, "here", SPOILT[how](rows)))
    assert refused.value.code == "SEAL_BROKEN"


def test_it_opens_under_no_other_key_and_in_no_other_place() -> None:
    key, rows = sealed(b"words")
    for wrong_key, place in ((secrets.token_bytes(32), "here"), (key, "there")):
        with pytest.raises(NotTrusted):
            list(unsealed(wrong_key, place, rows))


def test_a_suite_of_a_newer_hub_is_named_as_that() -> None:
    key, rows = sealed(b"words")
    with pytest.raises(NotTrusted) as refused:
        list(unsealed(key, "here", [b"\x7f" + rows[0][1:]]))
    assert refused.value.code == "SEAL_SUITE_UNKNOWN"


def test_no_two_have_the_same_key() -> None:
    assert sealed(b"words")[0] != sealed(b"words")[0]
