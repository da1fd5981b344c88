"""What a file is, by its content alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.media import EXTENSIONS, Recogniser, agrees

BEGINNINGS = {
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "text/plain": "Gesehen: ein Mann, größer als ich.\r\n".encode(),
}


def kind(content: bytes, step: int = 7) -> str | None:
    recogniser = Recogniser()
    for at in range(0, len(content), step):
        recogniser.see(content[at : at + step])
    return recogniser.media_type()


@pytest.mark.parametrize("media_type", BEGINNINGS)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_each_kind_that_is_taken_is_known_by_its_content(media_type: str, step: int) -> None:
    rest = b" and more" if media_type == "text/plain" else bytes(range(256)) * 9
    assert kind(BEGINNINGS[media_type] + rest, step) == media_type


def test_every_kind_that_is_taken_has_an_example_here_and_an_ending() -> None:
    assert set(BEGINNINGS) == set(EXTENSIONS)


def test_sound_without_a_tag_is_known_by_its_first_frame() -> None:
    assert kind(b"\xff\xfb\x90\x64" + bytes(400)) == "audio/mpeg"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"MZ\x90\x00", b"\x7fELF\x02\x01\x01\x00", b"PK\x03\x04\x14\x00", b"GIF89a\x01\x00", b"\x1f\x8b\x08\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"RIFF\x00\x00\x00\x00WEBP", b"\x00\x00\x00\x20ftypheic", b"\xff\xfe<\x00",
        b"words\x00words", b"words \x1b[31m", b"words, then half a letter: \xc3", b"\xed\xa0\x80",
    ],
)  # fmt: skip
def test_anything_else_is_not_taken(content: bytes) -> None:
    assert kind(content) is None


@given(st.text(alphabet=st.characters(codec="utf-8", min_codepoint=32), min_size=1), st.integers(1, 9))
def test_any_words_are_text_however_they_are_cut(words: str, step: int) -> None:
    found = kind(words.encode(), step)
    assert found == "text/plain" or words.startswith(("%PDF-", "ID3"))


def test_what_the_sender_calls_it_may_say_nothing_or_the_truth() -> None:
    assert agrees("", "image/png")
    assert agrees("application/octet-stream", "image/png")
    assert agrees("Text/Plain; charset=utf-8", "text/plain")
    assert not agrees("image/jpeg", "image/png")
    assert not agrees("text/html", "text/plain")
