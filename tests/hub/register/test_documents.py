"""Documents: the newest that has begun counts, until its review is due, and for its own landlord alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.errors import BadInput, NotAllowed, NotFound
from hub.flow import document
from hub.flow.document import NewDocument
from hub.register import documents
from hub.register.documents import Document, Kind, in_date
from hub.store.scope import of_landlord
from tests.conftest import OpenHub
from tests.hubs import somebody

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
APD, LIA, DPIA, CONFIDENTIALITY = (
    Kind.APPROPRIATE_POLICY_DOCUMENT, Kind.LEGITIMATE_INTERESTS_ASSESSMENT, Kind.DATA_PROTECTION_IMPACT_ASSESSMENT,
    Kind.CONFIDENTIALITY_AGREEMENT,
)  # fmt: skip


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here()


def _document(number: int, begins: int, ends: int, *, withdrawn: bool = False) -> Document:
    return Document(f"doc_{number}", "LMH", LIA, "repairs_information", number, None, NOW + timedelta(days=begins),
                    NOW + timedelta(days=ends), "usr_x", NOW, NOW if withdrawn else None)  # fmt: skip


days = st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.booleans())


@given(st.lists(days, max_size=5), st.integers(-5, 5))
def test_the_newest_that_has_begun_alone_says_whether_it_is_in_date(
    spans: list[tuple[int, int, bool]], at: int
) -> None:
    made = [_document(n, begins, ends, withdrawn=gone) for n, (begins, ends, gone) in enumerate(spans)]
    begun = [span for span in spans if not span[2] and span[0] <= at]
    found = in_date(made, LIA, "repairs_information", NOW + timedelta(days=at))
    assert found == (at < begun[-1][1] if begun else None)
    assert in_date(made, LIA, "research", NOW) is None
    assert in_date(made, DPIA, "repairs_information", NOW) is None


def test_a_policy_document_is_in_date_until_its_review_is_due(hub: Hub) -> None:
    document.set_policy_document(hub.house, None, "MHP", NOW)
    with hub.house.store.read(of_landlord("MHP")) as tx:
        found = documents.listed(tx)
    assert in_date(found, APD, None, NOW - timedelta(microseconds=1)) is True
    assert in_date(found, APD, None, NOW) is False
    document.set_policy_document(hub.house, None, "MHP", None)
    assert in_date(document.list_documents(hub.house, None, "MHP"), APD, None, NOW - timedelta(days=1)) is None
    with pytest.raises(NotFound):
        document.set_policy_document(hub.house, None, "NOBODY", NOW)


def test_versions_count_up_for_each_kind_and_each_thing_that_it_is_about(hub: Hub) -> None:
    until = hub.house.clock.now() + timedelta(days=300)
    new = [NewDocument(LIA, "research", None, until), NewDocument(LIA, "research", "ab" * 32, until),
           NewDocument(LIA, "repairs_information", None, until), NewDocument(APD, None, None, until)]  # fmt: skip
    made = [document.record(hub.house, None, "OHG", entry) for entry in new]
    assert [entry.version for entry in made] == [1, 2, 1, 1]
    assert document.list_documents(hub.house, None, "OHG") == tuple(made)


@pytest.mark.parametrize(
    ("kind", "about"),
    [(APD, "research"), (LIA, None), (LIA, "agy_police"), (DPIA, "agy_police"), (CONFIDENTIALITY, None),
     (CONFIDENTIALITY, "research")],
)  # fmt: skip
def test_a_document_about_the_wrong_thing_is_refused(hub: Hub, kind: Kind, about: str | None) -> None:
    with pytest.raises(BadInput) as refused:
        document.record(hub.house, None, "OHG", NewDocument(kind, about, None, hub.house.clock.now() + timedelta(1)))
    assert refused.value.field == "about"


def test_a_document_that_ends_before_it_begins_is_refused(hub: Hub) -> None:
    now = hub.house.clock.now()
    with pytest.raises(BadInput) as refused:
        document.record(hub.house, None, "OHG", NewDocument(DPIA, None, None, now, now))
    assert refused.value.code == "DOCUMENT_DATES"


def test_a_landlords_people_see_and_change_their_own_documents_alone(hub: Hub) -> None:
    until = hub.house.clock.now() + timedelta(days=300)
    theirs = document.record(hub.house, None, "OHG", NewDocument(DPIA, None, None, until))
    officer, dpo = somebody(hub, Role.OFFICER), somebody(hub, Role.DPO)
    for act in (
        lambda: document.list_documents(hub.house, officer, "OHG"),
        lambda: document.record(hub.house, dpo, "OHG", NewDocument(DPIA, None, None, until)),
        lambda: document.withdraw(hub.house, dpo, "OHG", theirs.id),
        lambda: document.withdraw(hub.house, dpo, "LMH", theirs.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert all(entry.landlord == "LMH" for entry in document.list_documents(hub.house, officer, "LMH"))
    with pytest.raises(NotAllowed):
        document.record(hub.house, officer, "LMH", NewDocument(DPIA, None, None, until))
    assert theirs in document.list_documents(hub.house, somebody(hub, Role.ADMINISTRATOR), "OHG")


def test_a_document_is_withdrawn_once(hub: Hub) -> None:
    until = hub.house.clock.now() + timedelta(days=300)
    made = document.record(hub.house, None, "OHG", NewDocument(DPIA, None, None, until))
    document.withdraw(hub.house, None, "OHG", made.id)
    with pytest.raises(NotFound):
        document.withdraw(hub.house, None, "OHG", made.id)
    assert in_date(document.list_documents(hub.house, None, "OHG"), DPIA, None, hub.house.clock.now()) is None
