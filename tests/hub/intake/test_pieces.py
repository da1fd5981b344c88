"""A referral kept in pieces: by person, by class of data, and whole again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.minimise import ARTICLE_9
from hub.intake.pieces import CIRCUMSTANCES, join, of_person, split, split_again
from hub.store.classes import DataClass, class_of
from hub.store.content import CASE, Pieces
from protocols.record import Circumstances, PersonRole, Referral, items
from protocols.vocabulary import DataCategory
from tests.protocols.referrals import full_referral, referrals

GUARDED = (DataClass.SPECIAL, DataClass.SEALED)


def without_consents(given: Referral) -> Referral:
    return given.model_copy(update={"consents": ()})


def first_version(given: Referral) -> Pieces:
    """The pieces that version 0001 kept."""
    whole = given.model_dump(mode="json", exclude={"consents"})
    people = whole["record"].pop("people")
    whole["record"]["order"] = [person["id"] for person in people]
    pieces = {CASE: whole, **{person["id"]: person for person in people}}
    return {who: {DataClass.NORMAL: json.dumps(piece).encode()} for who, piece in pieces.items()}


@given(referrals())
def test_what_was_split_is_joined_to_the_same(given: Referral) -> None:
    assert join(split(given)) == without_consents(given)


@given(referrals())
def test_what_version_0001_kept_is_joined_and_split_again_to_the_same(given: Referral) -> None:
    kept = first_version(given)
    assert join(kept) == without_consents(given)
    assert split_again(kept) == split(given)


@given(referrals(), st.sets(st.tuples(st.integers(0, 5), st.sampled_from(GUARDED))))
def test_a_referral_is_read_whatever_guarded_class_was_erased(
    given: Referral, gone: set[tuple[int, DataClass]]
) -> None:
    pieces = split(given)
    names = sorted(pieces)
    for number, kind in gone:
        pieces[names[number % len(names)]].pop(kind, None)
    found = join(pieces)
    assert [person.id for person in found.record.people] == [person.id for person in given.record.people]
    assert {item.value for item in items(found)} <= {item.value for item in items(given)} | {
        part for item in items(given) for part in item.value.split("; ")
    }


@given(referrals())
def test_in_the_normal_pieces_alone_is_no_guarded_item(given: Referral) -> None:
    pieces = {who: {DataClass.NORMAL: each[DataClass.NORMAL]} for who, each in split(given).items()}
    guarded = {item.value for item in items(join(pieces)) if class_of(item.categories) is not DataClass.NORMAL}
    # What nobody may leave out of a referral stays: what is so kept tells no more than its label says.
    assert not guarded & {item.value for item in items(given) if _by_its_label(item.categories)}


def _by_its_label(categories: frozenset[DataCategory]) -> bool:
    return bool(categories & (ARTICLE_9 | {DataCategory.SAFE_ADDRESS, DataCategory.CRIMINAL_ALLEGATION}))


def test_each_kind_of_data_stands_in_the_piece_of_its_class() -> None:
    given = full_referral()
    pieces = split(given)
    words = {kind: b"".join(each.get(kind, b"") for each in pieces.values()).decode() for kind in DataClass}
    for person in given.record.people:
        for statement in person.statements:
            kind = class_of({statement.category})
            assert [one for one in DataClass if statement.value in words[one]] == [kind], statement.category
        assert person.care_needs is not None
        assert [one for one in DataClass if person.care_needs in words[one]] == [DataClass.SPECIAL]


@pytest.mark.parametrize("role", [PersonRole.WITNESS, PersonRole.REPORTER])
def test_who_informed_is_sealed_with_every_way_to_find_them(role: PersonRole) -> None:
    given = full_referral()
    (informant,) = [person for person in given.record.people if person.role is role]
    normal = of_person({DataClass.NORMAL: split(given)[informant.id][DataClass.NORMAL]})
    assert normal is not None
    assert set(normal) & {"name", "date_of_birth", "description", "vehicle", "address", "contacts"} == set()
    assert normal["role"] == role.value


def test_an_address_that_somebody_fled_to_is_sealed_and_any_other_is_not() -> None:
    given = full_referral()
    victim = given.record.person(given.subject)
    assert victim.address is not None
    for protected, kind in ((True, DataClass.SEALED), (False, DataClass.NORMAL)):
        moved = victim.model_copy(update={"address": victim.address.model_copy(update={"protected": protected})})
        people = tuple(moved if person.id == victim.id else person for person in given.record.people)
        record = given.record.model_copy(update={"people": people})
        each = split(given.model_copy(update={"record": record}))[victim.id]
        assert [one for one in DataClass if victim.address.lines[0].encode() in each.get(one, b"")] == [kind]


def test_every_category_that_the_law_calls_special_is_guarded() -> None:
    assert all(class_of({category}) in GUARDED for category in ARTICLE_9)
    assert class_of(()) is DataClass.NORMAL
    assert class_of({DataCategory.HEALTH, DataCategory.SAFE_ADDRESS}) is DataClass.SEALED


def test_every_guarded_circumstance_is_one_that_there_is() -> None:
    assert set(CIRCUMSTANCES) <= set(Circumstances.model_fields)
