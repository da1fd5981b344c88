"""Cases and referrals on file: the same people under the same numbers, nothing to read for whoever holds the disk."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.errors import BadInput, Conflict, NotFound
from hub.flow.refer import Accepted, refer
from hub.intake import referrals
from hub.store import content, landlord_keys
from hub.store.scope import EVERY
from hub.store.tables import case_file, idempotency
from protocols.record import Referral
from tests.cases import JAG, Case
from tests.hubs import LMH, open_test_hub, somebody


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A started hub."""
    folder: Path = tmp_path_factory.mktemp("intake")
    found = open_test_hub(folder / "data", f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}")
    yield found
    found.house.store.close()


@pytest.fixture(scope="module")
def officer(hub: Hub) -> Actor:
    """An officer of LMH."""
    return somebody(hub, Role.OFFICER)


Send = Callable[..., Accepted]


@pytest.fixture
def send(hub: Hub, officer: Actor) -> Send:
    """Sends a referral of one case, changed, under a key of its own."""
    case, sent = Case(asks=[JAG]), []

    def sending(change: Callable[[list[dict[str, Any]]], None] = lambda _people: None) -> Accepted:
        referral = case.referral()
        change(referral["record"]["people"])
        sent.append(referral)
        return refer(hub.house, officer, json.dumps(referral).encode(), f"key-{case.tag}-{len(sent)}")

    return sending


def _renamed(number: int, **fields: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda people: people[number].update(fields)


def test_the_same_people_may_be_told_of_again(send: Send) -> None:
    assert send().referral_id != send().referral_id


def test_a_name_may_be_corrected_where_the_date_of_birth_stays(send: Send) -> None:
    send()
    send(_renamed(0, name="Corrected Example"))
    send(_renamed(0, name="Corrected Example", date_of_birth="1990-02-01"))


def test_a_number_may_not_move_to_somebody_else(send: Send) -> None:
    send()
    for change in (_renamed(0, name="Other Example", date_of_birth="1970-01-01"), _renamed(2, role="reporter"),
                   _renamed(1, name="Other Example")):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            send(change)
        assert refused.value.code == "PERSON_NUMBER_MOVED"


def test_a_number_may_not_move_by_leaving_its_person_out_in_between(send: Send) -> None:
    send()
    send(lambda people: people.pop(2))
    with pytest.raises(BadInput) as refused:
        send(_renamed(2, name="Other Example"))
    assert (refused.value.code, refused.value.field) == ("PERSON_NUMBER_MOVED", "record.people.2.id")
    send()


def test_a_new_person_takes_a_new_number(send: Send) -> None:
    send()
    send(lambda people: people.append({"id": "p4", "role": "witness", "name": "Other Example"}))


def test_the_same_number_in_another_case_is_another_person(hub: Hub, officer: Actor) -> None:
    for case in (Case(asks=[JAG]), Case(asks=[JAG])):
        refer(hub.house, officer, case.raw(), f"key-{case.tag}")


def test_the_case_index_tells_nothing_of_the_case_number(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[JAG], number="LMH/2026/0001")
    refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    with hub.house.store.read(EVERY) as tx:
        found = referrals.find_case(tx, "LMH", case.number)
        index = tx.connection.execute(select(case_file.c.reference_index).where(case_file.c.id == found)).scalar_one()
        assert referrals.find_case(tx, "OHG", case.number) is None
    guesses = {digest.hex() for digest in _plain_digests("LMH/2026/0001")}
    assert index not in guesses
    assert "2026" not in str(found)


def _plain_digests(text: str) -> list[bytes]:
    """What somebody who holds the disk and no key could compute for a guess."""
    guesses = (text, f"LMH{text}", f"case|LMH|{text}", f"case|LMH{text}")
    return [hashlib.new(name, guess.encode()).digest() for guess in guesses for name in ("sha256", "sha512", "md5")]


def test_the_idempotency_key_is_kept_as_a_keyed_digest(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[JAG])
    key = f"Ann Example {case.tag}"
    refer(hub.house, officer, case.raw(), key)
    with hub.house.store.read(EVERY) as tx:
        kept = set(tx.connection.execute(select(idempotency.c.key_hash)).scalars())
        assert landlord_keys.index(tx, "LMH", key, "idempotency") in kept
    assert hashlib.sha256(key.encode()).hexdigest() not in kept


def test_one_persons_idempotency_key_is_nothing_to_another(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[JAG])
    first = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    second = refer(hub.house, somebody(hub, Role.OFFICER), case.raw(), f"key-{case.tag}")
    assert second.is_new
    assert first.referral_id != second.referral_id


def test_the_same_key_for_another_case_is_a_conflict_and_opens_no_case(hub: Hub, officer: Actor) -> None:
    case, other = Case(asks=[JAG]), Case(asks=[JAG])
    refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    with pytest.raises(Conflict) as refused:
        refer(hub.house, officer, other.raw(), f"key-{case.tag}")
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"
    with hub.house.store.read(EVERY) as tx:
        assert referrals.find_case(tx, "LMH", other.number) is None


def test_what_is_read_back_is_what_was_sent_but_for_the_consents(hub: Hub, officer: Actor) -> None:
    case = Case()
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    given = Referral.model_validate_json(case.raw())
    with hub.house.store.read(EVERY) as tx:
        kept = referrals.get(tx, accepted.referral_id)
    assert kept.content == given.model_copy(update={"consents": ()})


def test_an_erased_person_is_gone_and_the_rest_stays(hub: Hub, officer: Actor) -> None:
    case = Case(asks=[JAG])
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    with hub.house.store.write(LMH) as tx:
        case_id = referrals.landlord_and_case(tx, accepted.referral_id)[1]
        assert content.erase(tx, case_id, "p3") > 0
    with hub.house.store.read(EVERY) as tx:
        kept = referrals.get(tx, accepted.referral_id)
        assert [person.id for person in kept.content.record.people] == ["p1", "p2"]
    with hub.house.store.write(LMH) as tx:
        content.erase(tx, case_id, "p1")
    with hub.house.store.read(EVERY) as tx, pytest.raises(NotFound):
        referrals.get(tx, accepted.referral_id)
