"""What came to an agency is read as it would be read there: nothing hides in an encoding."""

import json
from email.message import EmailMessage

import pytest

from hub.cli.demo.arrivals import plain, read_email, read_event, read_paper

DISCLOSURE = "dsc_0123456789abcdefghjkmnpqrs"


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
@pytest.mark.parametrize("where", ["body", "attachment"])
def test_words_are_found_in_an_email_however_they_are_encoded(encoding: str, where: str) -> None:
    email = EmailMessage()
    words = "The words that were withheld stand here, on a line which is a good deal longer than others are."
    text = f"Disclosure {DISCLOSURE}\n{words}\n"
    email.set_content(text if where == "body" else "see attached", cte=encoding)
    if where == "attachment":
        email.add_attachment(text.encode(), maintype="text", subtype="plain", filename="a.txt", cte="base64")
    arrival = read_email("agy_one", email.as_bytes())
    assert arrival.disclosure == DISCLOSURE
    assert arrival.holds("THE WORDS  that were\nwithheld stand here")
    assert not arrival.holds("words that went")


def test_a_file_name_and_a_subject_are_read_too() -> None:
    email = EmailMessage()
    email["Subject"] = "About Somebody Named"
    email.set_content("nothing")
    email.add_attachment(b"nothing", maintype="text", subtype="plain", filename="Somebody Else.txt")
    arrival = read_email("agy_one", email.as_bytes())
    assert arrival.holds("Somebody Named")
    assert arrival.holds("Somebody Else.txt")


def test_an_event_tells_its_items_by_path_and_value() -> None:
    items = [
        {"path": "victim.name", "title": "name", "of": "p1", "value": "Zoë Invented"},
        {"path": "", "value": "warning"},
    ]
    event = {"id": DISCLOSURE, "data": {"sections": [{"heading": "Who", "items": items}]}}
    arrival = read_event("agy_one", json.dumps(event).encode())
    assert arrival.disclosure == DISCLOSURE
    assert arrival.told == frozenset({("victim.name", "Zoë Invented")})
    assert arrival.holds("zoë invented")


def test_a_page_is_read_as_its_words_with_entities_decoded() -> None:
    page = f"<html><body><dt>Agency &amp; more</dt><dd>O&#x27;Brien</dd>{DISCLOSURE}</body></html>"
    arrival = read_paper("agy_one", "a.html", page.encode())
    assert arrival.disclosure == DISCLOSURE
    assert arrival.holds("O'Brien")
    assert arrival.holds("agency & more")


def test_a_longer_value_of_a_text_document_reads_as_one_phrase() -> None:
    document = f"Account:\n   | first line\n   | second line\n{DISCLOSURE}\n"
    assert read_paper("agy_one", "a.txt", document.encode()).holds("first line second line")


def test_words_are_compared_without_case_and_spacing() -> None:
    assert plain(" A  b\n c") == plain("a B C")
