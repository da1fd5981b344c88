import pytest

from consent.parse import load
from consent.rules import RuleError
from protocols.vocabulary import Obligation
from tests.consent.rulebook import TODAY, rules, texts

GOOD = """
[[rule]]
id = "x.1"
stage = "necessity"
effect = "deny"
when = { necessary = false }
cites = ["An Act s.1"]
says = "Not needed."
checked = "V"
"""


def test_the_law_and_the_policies_as_shipped_load() -> None:
    files = {rule.file for rule in rules().rules}
    assert {"policies/lmh.toml", "policies/ohg.toml", "policies/fairhive.toml", "policies/mhp.toml",
            "policies/pcha.toml"} <= files  # fmt: skip
    assert files <= set(texts())


def test_every_rule_cites_and_speaks_in_a_sentence() -> None:
    for rule in rules().rules:
        assert rule.cites
        assert rule.says.endswith("."), rule.id


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("necessary = false", "neccessary = false", "when.neccessary"),
        ("necessary = false", 'necessary = "perhaps"', "when.necessary"),
        ("necessary = false", 'recipient = "@nobody"', "when.recipient"),
        ("necessary = false", 'outcome = "deny"', "when.outcome"),
        ('"deny"', '"forbid"', "effect"),
        ('"necessity"', '"somewhere"', "stage"),
        ('["An Act s.1"]', "[]", "cites"),
        ('"Not needed."', '""', "says"),
        ('checked = "V"', 'checked = "yes"', "checked"),
        ('checked = "V"', 'checked = "V"\nfrom = "2026-01-01"', "from"),
        ('checked = "V"', 'checked = "V"\noblige = ["be_nice"]', "oblige"),
        ('checked = "V"', 'checked = "V"\nwish = "x"', "wish"),
        ('"deny"', '"basis"', "gives"),
        ('"deny"', '"find"', "gives"),
        ('"deny"', '"oblige"', "oblige"),
    ],
)
def test_a_rule_that_cannot_be_trusted_is_refused_by_file_rule_and_field(old: str, new: str, field: str) -> None:
    with pytest.raises(RuleError) as caught:
        load({"law/x.toml": GOOD.replace(old, new)})
    assert (caught.value.file, caught.value.rule, caught.value.field) == ("law/x.toml", "x.1", field)


def test_an_id_used_twice_and_a_text_that_is_no_toml_are_refused() -> None:
    with pytest.raises(RuleError, match="also used"):
        load({"law/x.toml": GOOD, "law/y.toml": GOOD})
    with pytest.raises(RuleError, match="not TOML"):
        load({"law/x.toml": "[[rule"})


def test_a_finding_may_not_rest_on_one_made_after_it() -> None:
    text = """
[[finding]]
name = "first"
values = ["yes", "no"]
[[finding]]
name = "second"
values = ["yes", "no"]
[[rule]]
id = "f"
stage = "findings"
effect = "find"
gives = "first=yes"
when = { second = "yes" }
cites = ["x"]
says = "x."
checked = "M"
"""
    with pytest.raises(RuleError, match="found after"):
        load({"law/x.toml": text})


def test_the_digest_changes_with_the_meaning_and_not_with_the_layout() -> None:
    again = load({"law/x.toml": "# a comment\n" + GOOD.replace("when = {", "\n\nwhen =   {")})
    assert again.digest == load({"law/x.toml": GOOD}).digest
    assert load({"law/x.toml": GOOD.replace("false", "true")}).digest != again.digest


def test_a_rule_is_in_force_from_its_first_day_to_its_last() -> None:
    (rule,) = load({"law/x.toml": GOOD + "from = 2026-11-20\nto = 2026-11-20\n"}).rules
    assert rule.is_in_force(TODAY)
    assert not rule.is_in_force(TODAY.replace(day=19))
    assert not rule.is_in_force(TODAY.replace(day=21))


def test_a_policy_rule_that_blocks_gives_way_to_safeguarding_danger_and_compulsion_and_says_so() -> None:
    by_id = {rule.id: rule for rule in rules().rules}
    for rule in rules().rules:
        if rule.file.startswith("policies/") and rule.effect in {"deny", "hold", "strip"}:
            assert rule.when["safeguarding"] == ("none",), rule.id
            assert rule.when["path"] == ("ordinary",), rule.id
            for twin in (by_id[f"{rule.id}.safeguarded"], by_id[f"{rule.id}.overtaken"]):
                assert twin.effect == "diverge"
                assert twin.oblige == (Obligation.POLICY_DIVERGENCE_LOG,)
