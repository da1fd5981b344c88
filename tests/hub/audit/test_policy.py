from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.cosignatures import cosign, cosigner_line
from hub.audit.note import parse_vkey
from hub.audit.policy import PolicyError, parse_policy
from hub.audit.signed_note import divide
from tests.hub.audit.sample import START, VKEY, checkpoint_of, entries

KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        for number, name in enumerate(("police", "council", "dpo", "dpo_2"), start=1)}  # fmt: skip
LINES = {name: cosigner_line(f"{name}.example/w", key.public_key()) for name, key in KEYS.items()}
TWO_OF_THREE = f"""
# Two of three organisations; the data-protection officer has two witnesses.
log {VKEY}
witness police {LINES["police"]} https://witness.police.example
witness\tcouncil  {LINES["council"]}
witness dpo {LINES["dpo"]}
witness dpo_2 {LINES["dpo_2"]}
group officers any dpo dpo_2
group organisations 2 police council officers
quorum organisations
"""


def test_two_witnesses_of_one_organisation_are_one_of_the_two_that_are_needed() -> None:
    policy = parse_policy(TWO_OF_THREE)
    enough = {frozenset(names) for count in range(5) for names in combinations(KEYS, count)
              if policy.is_met_by(set(names))}  # fmt: skip
    assert frozenset({"dpo", "dpo_2"}) not in enough
    assert {names for names in enough if len(names) == 2} == {
        frozenset(pair) for pair in combinations(KEYS, 2) if set(pair) != {"dpo", "dpo_2"}
    }
    assert all(names in enough for count in (3, 4) for names in map(frozenset, combinations(KEYS, count)))
    assert policy.witnesses["police"].url == "https://witness.police.example"
    assert policy.logs == (VKEY,)


def test_who_has_seen_a_checkpoint_is_who_cosigned_it_and_a_wrong_line_counts_for_nothing() -> None:
    policy, note = parse_policy(TWO_OF_THREE), checkpoint_of(entries(3))
    body = divide(note)[0]
    mine = [cosign(body, f"{name}.example/w", KEYS[name], START) for name in ("police", "dpo")]
    wrong = cosign(divide(checkpoint_of(entries(4)))[0], "council.example/w", KEYS["council"], START)
    stranger = cosign(body, "police.example/w", Ed25519PrivateKey.generate(), START)
    assert policy.seen_by(note + "".join([*mine, wrong, stranger])) == {"police", "dpo"}
    assert policy.seen_by(note + stranger) == frozenset()


def test_none_of_the_hubs_own_keys_witnesses_its_log_though_its_own_log_may_be_named() -> None:
    own = frozenset({KEYS["dpo_2"].public_key().public_bytes_raw(), parse_vkey(VKEY).key.public_bytes_raw()})
    with pytest.raises(PolicyError, match="line 7: the key is this hub's own"):
        parse_policy(TWO_OF_THREE, own)
    assert parse_policy(f"log {VKEY}\nquorum none\n", own).logs == (VKEY,)


def test_where_no_witness_is_asked_for_everything_counts() -> None:
    policy = parse_policy("quorum none\n")
    assert policy.asks_for_nobody
    assert policy.is_met_by(set())


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "no line says which witnesses are enough"),
        ("quorum nobody", "line 1: the quorum is not defined"),
        ("quorum none\nquorum none", "line 2: there is a quorum already"),
        ("quorum", "line 1: takes 1 word"),
        ("witnes a b", "line 1: begins with none of"),
        ("witness a nothing", "line 1: key"),
        (f"witness a {VKEY}", "line 1: key: not a cosigner's"),
        (f"log {LINES['dpo']}", "line 1: key: not an Ed25519 key"),
        (f"witness none {LINES['dpo']}", "line 1: the name is taken"),
        (f"witness a {LINES['dpo']}\nwitness a {LINES['dpo_2']}", "line 2: the name is taken"),
        (f"witness a {LINES['dpo']}\nwitness b {LINES['dpo']}", "line 2: the key is on another line"),
        (f"witness a {LINES['dpo']}\ngroup g any a b", "line 2: a member is not defined"),
        (f"witness a {LINES['dpo']}\ngroup g any a a", "line 2: a member is in a group already"),
        (f"witness a {LINES['dpo']}\ngroup g any a\ngroup h any a", "line 3: a member is in a group already"),
        (f"witness a {LINES['dpo']}\ngroup g 2 a", "line 2: how many"),
        (f"witness a {LINES['dpo']}\ngroup g 0 a", "line 2: how many"),
        (f"witness a {LINES['dpo']}\ngroup g some a", "line 2: how many"),
        (f"witness a {LINES['dpo']}\ngroup g any", "line 2: takes 3"),
    ],
)
def test_a_policy_that_cannot_be_read_names_the_line(lines: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        parse_policy(lines)
