"""Attachments over HTTP: streamed in, published only when whole, read by those who work on the case."""

import base64
import hashlib
import http.client
import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from hub.flow.attach import UNFINISHED_FOR, sweep_unfinished
from hub.store.scope import EVERY
from hub.store.tables import attachment, attachment_chunk
from tests import logs
from tests.cases import JAG, Case
from tests.hub.api.served import Api

PDF = b"%PDF-1.7\n"
LIMIT = 20 * 1024 * 1024


@pytest.fixture
def referral(api: Api) -> str:
    return str(api.sent(Case(asks=[JAG]))["id"])


def put(api: Api, referral: str, content: bytes | Iterator[bytes], who: str = "officer", query: str = "",
        **headers: str) -> httpx.Response:  # fmt: skip
    return api.ask("POST", f"/v1/referrals/{referral}/attachments{query}", who, content=content, headers=headers)


def kept(api: Api) -> tuple[int, int]:
    with api.hub.house.store.read(EVERY) as tx:
        return tuple(  # type: ignore[return-value]
            tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (attachment, attachment_chunk)
        )


def test_what_is_stored_is_listed_and_read_byte_for_byte_at_its_largest(api: Api, referral: str) -> None:
    content = PDF + secrets.token_bytes(LIMIT - len(PDF))
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()

    stored = put(api, referral, content, **{"Content-Type": "application/pdf", "Content-Digest": f"sha-256=:{digest}:"})

    assert stored.status_code == 201, stored.text
    told: dict[str, Any] = stored.json()
    assert (told["media_type"], told["size"], told["person"], told["data_class"]) == (
        "application/pdf", LIMIT, "p1", "special",
    )  # fmt: skip
    listed = api.ask("GET", f"/v1/referrals/{referral}/attachments", "supervisor").json()["attachments"]
    assert listed == [told]
    read = api.ask("GET", f"/v1/attachments/{told['id']}", "authoriser")
    assert read.content == content
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["content-disposition"] == f'attachment; filename="{told["id"]}.pdf"'
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["cache-control"] == "no-store"


def test_a_byte_more_than_is_taken_is_refused_said_or_not(api: Api, referral: str) -> None:
    before = kept(api)
    content = PDF + bytes(LIMIT - len(PDF) + 1)

    def unsaid() -> Iterator[bytes]:
        yield from (content[at : at + 65_536] for at in range(0, len(content), 65_536))

    for sent in (content, unsaid()):
        refused = put(api, referral, sent)
        assert (refused.status_code, refused.json()["title"]) == (413, "ATTACHMENT_TOO_LARGE")
    assert kept(api) == before


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"MZ\x90\x00 a program", {}, 415, "MEDIA_NOT_TAKEN"),
        (b"", {}, 415, "MEDIA_NOT_TAKEN"),
        (PDF, {"Content-Type": "image/png"}, 415, "MEDIA_NOT_TAKEN"),
        (PDF, {"Content-Digest": f"sha-256=:{'A' * 43}=:"}, 422, "DIGEST_DIFFERS"),
        (PDF, {"Content-Digest": "sha-256=:short=:"}, 422, "DIGEST_WRONG"),
        (PDF, {"Content-Digest": "md5=:AAAA:"}, 422, "DIGEST_WRONG"),
    ],
)
def test_what_is_not_taken_leaves_nothing_behind(
    api: Api, referral: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    before = kept(api)
    refused = put(api, referral, content, **headers)
    assert (refused.status_code, refused.json()["title"]) == (status, code)
    assert kept(api) == before


def test_a_sealed_class_or_a_person_who_is_not_there_is_refused(api: Api, referral: str) -> None:
    assert put(api, referral, PDF, query="?data_class=sealed").json()["title"] == "PARAMETER_WRONG"
    assert put(api, referral, PDF, query="?person=p9").json()["title"] == "PERSON_UNKNOWN"
    assert put(api, referral, PDF, query="?person=case").json()["title"] == "PARAMETER_WRONG"


def test_what_broke_off_is_there_for_nobody_and_taken_away(api: Api, referral: str) -> None:
    before = kept(api)
    where = urlsplit(api.address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0)
    connection.putrequest("POST", f"/v1/referrals/{referral}/attachments")
    connection.putheader("Authorization", f"Bearer {api.tokens['officer']}")
    connection.putheader("Content-Length", str(8 * 1024 * 1024))
    connection.endheaders()
    connection.send(PDF + bytes(4 * 1024 * 1024))
    deadline = time.monotonic() + 30
    while kept(api)[1] < before[1] + 3:
        assert time.monotonic() < deadline, "the first rows were never kept"
        time.sleep(0.02)
    assert api.ask("GET", f"/v1/referrals/{referral}/attachments", "officer").json() == {"attachments": []}

    connection.close()

    while kept(api) != before:
        assert time.monotonic() < deadline, "what broke off is still there"
        time.sleep(0.02)


def test_a_row_that_was_changed_in_the_store_is_handed_out_to_nobody(api: Api, referral: str) -> None:
    stored = put(api, referral, PDF + secrets.token_bytes(3 * 1024 * 1024)).json()["id"]
    with api.hub.house.store.engine.begin() as connection:
        last = connection.execute(
            select(attachment_chunk).where(attachment_chunk.c.attachment_id == stored)
            .order_by(attachment_chunk.c.number.desc()).limit(1)
        ).one()  # fmt: skip
        connection.execute(
            attachment_chunk.update()
            .where(attachment_chunk.c.attachment_id == stored, attachment_chunk.c.number == last.number)
            .values(content=last.content[:-1] + bytes([last.content[-1] ^ 1]))
        )

    refused = api.ask("GET", f"/v1/attachments/{stored}", "officer")

    assert (refused.status_code, refused.json()["title"]) == (503, "SEAL_BROKEN")
    assert b"%PDF" not in refused.content


@pytest.mark.parametrize("altered", [{"media_type": "text/plain"}, {"media_type": "text/html"}, {"size": 3}])
def test_what_it_is_said_to_be_cannot_be_changed_in_the_store(
    api: Api, referral: str, altered: dict[str, object]
) -> None:
    stored = put(api, referral, PDF).json()["id"]
    with api.hub.house.store.engine.begin() as connection:
        connection.execute(attachment.update().where(attachment.c.id == stored).values(**altered))
    refused = api.ask("GET", f"/v1/attachments/{stored}", "officer")
    assert (refused.status_code, refused.json()["title"]) == (503, "SEAL_BROKEN")


def test_nothing_of_it_stands_in_clear_in_the_store(api: Api, referral: str) -> None:
    words = f"Canary{secrets.token_hex(8)} was here. ".encode() * 40_000
    assert put(api, referral, words).json()["media_type"] == "text/plain"
    (folder,) = {api.hub.settings.data_dir}
    for path in folder.glob("concordat.sqlite3*"):
        assert words[:20] not in path.read_bytes()


def test_strangers_partners_and_those_who_do_not_work_on_cases_see_none_of_it(api: Api, referral: str) -> None:
    stored = put(api, referral, PDF).json()["id"]
    for path in (f"/v1/attachments/{stored}", f"/v1/referrals/{referral}/attachments"):
        for who in ("dpo", "administrator", "partner"):
            assert api.ask("GET", path, who).status_code == 403
        stranger = {"Authorization": f"Bearer {api.strangers['officer']}"}
        assert api.client.get(path, headers=stranger).status_code == 404
    assert put(api, referral, PDF, who="supervisor").status_code == 403


def test_storing_listing_and_reading_are_in_the_log_and_no_name_or_content_is(api: Api, referral: str) -> None:
    stored = put(api, referral, PDF + b"words").json()["id"]
    api.ask("GET", f"/v1/referrals/{referral}/attachments", "officer")
    api.ask("GET", f"/v1/attachments/{stored}", "officer")
    leaves = [leaf for leaf in logs.leaves(api.hub.house.store) if referral.encode() in leaf][-3:]
    assert b'"attachment.stored"' in leaves[0]
    assert b'"view":"attachments"' in leaves[1]
    assert b'"view":"attachment"' in leaves[2]
    assert hashlib.sha256(PDF + b"words").hexdigest().encode() not in leaves[0]


def test_what_a_crash_left_unfinished_is_swept_away(api: Api, referral: str) -> None:
    house = api.hub.house
    put(api, referral, PDF)
    before = kept(api)
    with house.store.engine.begin() as connection:
        row = connection.execute(select(attachment).limit(1)).mappings().one()
        connection.execute(attachment.insert().values(
            dict(row) | {"id": "atc_" + "0" * 26, "complete_at": None, "media_type": None, "size": None,
                         "begun_at": house.clock.now() - UNFINISHED_FOR * 2}
        ))  # fmt: skip
    assert sweep_unfinished(house) == 1
    assert kept(api) == before
