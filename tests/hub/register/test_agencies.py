"""Who an agency is: names that look like another's, weak keys, fingerprints, two persons, cooling-off."""

import base64
import hashlib
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from confusable_homoglyphs.confusables import confusables_data
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.bootstrap import Hub
from hub.errors import BadInput, Conflict, NotAllowed
from hub.register import agencies, pins
from hub.register.agencies import Agency
from hub.register.names import skeleton
from hub.register.pins import Pin, What
from hub.store.scope import EVERY
from hub.store.unit_of_work import Writing
from protocols.vocabulary import AgencyKind
from tests.connectors.test_signing import small_order_encodings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REGISTERED = ("Harbour Example Police", "Merton Vale Council, children", "Stop Hate UK", "Liverpool Mutual Homes")
HONEST = (
    "Harbour Example Fire and Rescue", "Merton Vale Council, adults", "Harbour Example Probation", "Stop Hate Wales",
    "Merton Hill Council, children", "Liverpool Community Homes", "Northgate Police", "Victim Support Example",
)  # fmt: skip


def _forgeries(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Names taken at a glance for a registered one: look-alikes, other case, spacing, marks, invisible letters."""
    rng = random.Random(seed)  # noqa: S311 - forgeries of names, not secrets
    alike = {
        plain: [
            str(other["c"]) for other in confusables_data.get(plain, ())
            if len(str(other["c"])) == 1 and unicodedata.category(str(other["c"]))[0] == "L"
        ]
        for plain in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    }  # fmt: skip
    made: set[str] = set()
    while len(made) < count:
        name = rng.choice(REGISTERED)
        letters = list(name)
        for place in rng.sample(range(len(letters)), rng.randint(1, 4)):
            how = rng.randrange(6)
            if how == 0 and alike.get(letters[place]):
                letters[place] = rng.choice(alike[letters[place]])
            elif how == 1:
                letters[place] = letters[place].swapcase()
            elif how == 2:
                letters[place] += rng.choice(["\u200b", "\u00ad", "\u2060", " "])
            elif how == 3 and letters[place].isalpha():
                letters[place] += rng.choice(["\u0301", "\u0308"])
            elif how == 4 and letters[place].isascii() and letters[place].isalpha():
                letters[place] = chr(ord(letters[place]) + 0xFEE0)
            else:
                swaps = {"l": "1", "o": "0", "O": "0", "I": "l", "i": "l", " ": "-", "m": "rn", "S": "5"}
                letters[place] = swaps.get(letters[place], letters[place])
        forged = "".join(letters)
        if forged != name and forged not in made:
            made.add(forged)
            yield name, forged


def test_each_of_500_names_that_look_like_a_registered_one_is_refused_and_not_repeated(embedded_hub: Hub) -> None:
    with embedded_hub.house.store.write(EVERY) as tx:
        for number, name in enumerate(REGISTERED[:3]):
            agencies.put(tx, [_agency(f"agy_real_{number}", name)], NOW, DAY)
        for number, (_, forged) in enumerate(_forgeries(1, 500)):
            with pytest.raises(BadInput) as refused:
                agencies.put(tx, [_agency(f"agy_forged_{number}", forged)], NOW, DAY)
            assert refused.value.code == "AGENCY_NAME_CONFUSABLE"
            assert refused.value.field == f"agencies.agy_forged_{number}.name"
            assert forged not in refused.value.says


def test_honest_names_differ_from_those_registered_and_from_each_other(embedded_hub: Hub) -> None:
    with embedded_hub.house.store.write(EVERY) as tx:
        for number, name in enumerate((*REGISTERED[:3], *HONEST)):
            assert agencies.put(tx, [_agency(f"agy_honest_{number}", name)], NOW, DAY)
    assert len({skeleton(name) for name in (*REGISTERED, *HONEST)}) == len(REGISTERED) + len(HONEST)


def test_an_agency_keeps_its_name_and_may_not_take_anothers(embedded_hub: Hub) -> None:
    with embedded_hub.house.store.write(EVERY) as tx:
        known = agencies.get(tx, "agy_fire")
        assert agencies.put(tx, [known], NOW, DAY) == ()
        with pytest.raises(BadInput) as refused:
            agencies.put(tx, [replace(known, name=agencies.get(tx, "agy_police").name.upper())], NOW, DAY)
    assert refused.value.code == "AGENCY_NAME_CONFUSABLE"


@pytest.mark.parametrize("raw", sorted(small_order_encodings()), ids=bytes.hex)
@pytest.mark.parametrize("what", [What.SIGN, What.ACKNOWLEDGE])
def test_none_of_the_fourteen_weak_keys_is_registered(embedded_hub: Hub, raw: bytes, what: What) -> None:
    with embedded_hub.house.store.write(EVERY) as tx:
        with pytest.raises(BadInput) as refused:
            _propose(tx, raw, what)
        assert refused.value.code == "KEY_WEAK"
        assert pins.keys_in_force(tx, "agy_fire", what, NOW) == ()


@pytest.mark.parametrize("raw", [bytes(32), (1).to_bytes(32, "little")])
def test_a_sealing_key_under_which_everybody_knows_the_secret_is_refused(embedded_hub: Hub, raw: bytes) -> None:
    with embedded_hub.house.store.write(EVERY) as tx, pytest.raises(BadInput) as refused:
        _propose(tx, raw, What.SEAL)
    assert refused.value.code == "KEY_UNUSABLE"


@pytest.mark.parametrize("text", ["", "whpk_AAAA", "whpk_" + "A" * 43, "whpk_é", "A" * 44, "whpk_" + "A" * 44 + " "])
def test_what_is_no_key_is_refused_and_not_repeated(embedded_hub: Hub, text: str) -> None:
    with embedded_hub.house.store.write(EVERY) as tx, pytest.raises(BadInput) as refused:
        pins.propose_key(tx, "agy_fire", What.SIGN, text, told="0" * 64, by="usr_a", now=NOW, cooling_off=DAY)
    assert refused.value.code == "KEY_UNUSABLE"
    assert not text or text not in refused.value.says


def test_a_key_counts_after_two_persons_compared_it_and_its_cooling_off_has_passed(embedded_hub: Hub) -> None:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with embedded_hub.house.store.write(EVERY) as tx:
        with pytest.raises(BadInput) as wrong:
            _propose(tx, raw, What.SIGN, told="0" * 64)
        assert wrong.value.code == "FINGERPRINT_WRONG"
        pin = _propose(tx, raw, What.SIGN)
        spoken = " ".join(pin.fingerprint[place : place + 4].upper() for place in range(0, 64, 4))
        with pytest.raises(NotAllowed) as same:
            pins.confirm(tx, pin.id, spoken, "usr_a", NOW)
        assert same.value.code == "SAME_PERSON"
        assert pins.keys_in_force(tx, "agy_fire", What.SIGN, NOW + 2 * DAY) == ()
        pins.confirm(tx, pin.id, spoken, "usr_b", NOW)
        with pytest.raises(Conflict):
            pins.confirm(tx, pin.id, spoken, "usr_c", NOW)
        assert pins.keys_in_force(tx, "agy_fire", What.SIGN, NOW + DAY - timedelta(seconds=1)) == ()
        assert pins.keys_in_force(tx, "agy_fire", What.SIGN, NOW + DAY) == (_text(raw),)
        pins.retire(tx, pin.id, "usr_c", NOW)
        assert pins.keys_in_force(tx, "agy_fire", What.SIGN, NOW + DAY) == ()


def test_while_a_first_sealing_key_waits_nothing_goes_unsealed(embedded_hub: Hub) -> None:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    digest = embedded_hub.house.doors.digest("agy_fire")
    with embedded_hub.house.store.write(EVERY) as tx:
        now = embedded_hub.house.clock.now()
        assert agencies.in_the_way(tx, "agy_fire", digest, now) is None
        pin = pins.propose_key(
            tx, "agy_fire", What.SEAL, _text(raw), told=_fingerprint(raw), by="usr_a", now=now, cooling_off=DAY
        )
        assert agencies.in_the_way(tx, "agy_fire", digest, now) == "key_unconfirmed"
        pins.confirm(tx, pin.id, pin.fingerprint, "usr_b", now)
        assert agencies.in_the_way(tx, "agy_fire", digest, now) == "key_cooling_off"
        assert agencies.in_the_way(tx, "agy_fire", digest, now + DAY) is None
        pins.retire(tx, pin.id, "usr_a", now + DAY)  # one person may, and so must not open a way for what is unsealed
        assert agencies.in_the_way(tx, "agy_fire", digest, now + DAY) == "key_unconfirmed"


def test_a_sealing_key_that_nobody_confirmed_can_be_taken_out_again(embedded_hub: Hub) -> None:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    digest = embedded_hub.house.doors.digest("agy_fire")
    with embedded_hub.house.store.write(EVERY) as tx:
        pin = pins.propose_key(
            tx, "agy_fire", What.SEAL, _text(raw), told=_fingerprint(raw), by="usr_a", now=NOW, cooling_off=DAY
        )
        pins.retire(tx, pin.id, "usr_a", NOW)
        assert agencies.in_the_way(tx, "agy_fire", digest, embedded_hub.house.clock.now()) is None


def _agency(agency: str, name: str) -> Agency:
    return Agency(agency, AgencyKind.POLICE, name, "police.carried", "ab" * 32)


def _text(raw: bytes) -> str:
    return f"whpk_{base64.b64encode(raw).decode()}"


def _fingerprint(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _propose(tx: Writing, raw: bytes, what: What, told: str | None = None) -> Pin:
    told = told or _fingerprint(raw)
    return pins.propose_key(tx, "agy_fire", what, _text(raw), told=told, by="usr_a", now=NOW, cooling_off=DAY)
