"""The history checker finds nothing in a true history, and every fault that is planted in it."""

import ast
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.note import vkey
from tests.history import checker, evidence
from tests.history.checker import CLASSES, check, counted
from tests.history.evidence import Untrusted
from tests.history.story import Line, Story, live, now
from tests.hubs import open_test_hub


@pytest.fixture(scope="module")
def true_story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("history")
    hub = open_test_hub(folder / "data", f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}")
    yield live(hub)
    hub.house.store.close()


def first(story: Story, kind: str, **facts: object) -> Line:
    return next(story.of(kind, **facts))


def drop(story: Story, entry: Line) -> None:
    story.entries.remove(entry)


def move(story: Story, entry: Line, before: Line) -> None:
    story.entries.remove(entry)
    story.entries.insert(story.entries.index(before), entry)


def intent(story: Story, agency: str = "agy_police") -> Line:
    return first(story, "release.intended", agency=agency)


def its_decision(story: Story, agency: str = "agy_police") -> Line:
    return first(story, "decision.made", decision=intent(story, agency)["facts"]["decision"])


def withdrawal(story: Story) -> Line:
    return first(story, "consent.withdrawn")


def another(story: Story, agency: str, answered: str, body: bytes | None = None) -> None:
    line = story.ledgers[agency][0]
    story.arrive(agency, line["disclosure"], story.bodies[line["sha256"]] if body is None else body, answered)


def a_partner_never_got_it(story: Story) -> None:
    story.ledgers["agy_police"].clear()


def a_fetch_that_never_came(story: Story) -> None:
    story.ledgers["agy_fire"].clear()


def a_referral_is_forgotten(story: Story) -> None:
    drop(story, first(story, "referral.accepted"))


def an_ask_is_never_decided(story: Story) -> None:
    about = {"agency": "agy_jag", "referral": story.answered[0]["referral"]}
    for entry in list(story.of("decision.made", **about)):
        drop(story, entry)


def a_decision_comes_to_nothing(story: Story) -> None:
    drop(story, first(story, "disclosure.queued", agency="agy_police"))


def a_withdrawal_is_forgotten(story: Story) -> None:
    drop(story, withdrawal(story))


def a_cancellation_is_forgotten(story: Story) -> None:
    for entry in list(story.of("disclosure.cancelled")):
        drop(story, entry)


def a_second_effect(story: Story) -> None:
    another(story, "agy_police", "taken")


def a_copy_where_nobody_notices(story: Story) -> None:
    another(story, "agy_helpline", "copy")


def other_bytes_under_one_id(story: Story) -> None:
    another(story, "agy_police", "copy", b"something else")


def an_arrival_that_nobody_intended(story: Story) -> None:
    drop(story, intent(story))


def an_arrival_elsewhere(story: Story) -> None:
    story.ledgers["agy_jag"].append(story.ledgers["agy_police"].pop())


def an_arrival_of_nothing_known(story: Story) -> None:
    story.arrive("agy_police", "dsc_00000000000000000000000000", b"out of the blue")


def an_intent_without_a_decision(story: Story) -> None:
    drop(story, its_decision(story))


def an_intent_before_its_decision(story: Story) -> None:
    move(story, intent(story), before=its_decision(story))


def an_intent_against_its_decision(story: Story) -> None:
    its_decision(story)["facts"]["outcome"] = "deny"


def an_intent_that_nobody_authorised(story: Story) -> None:
    its_decision(story)["facts"]["outcome"] = "needs_authoriser"


def an_intent_on_the_first_decision(story: Story) -> None:
    its_decision(story)["facts"]["at_the_door"] = False


def an_intent_for_another_agency(story: Story) -> None:
    its_decision(story)["facts"]["agency"] = "agy_jag"


def two_intents_on_one_decision(story: Story) -> None:
    intent(story, "agy_jag")["facts"]["decision"] = intent(story)["facts"]["decision"]


def an_intent_after_its_end(story: Story) -> None:
    end = first(story, "disclosure.cancelled", disclosure=intent(story, "agy_helpline")["facts"]["disclosure"])
    move(story, end, before=its_decision(story, "agy_helpline"))


def bytes_that_were_swapped(story: Story) -> None:
    line = story.ledgers["agy_police"].pop()
    story.arrive("agy_police", line["disclosure"], story.bodies[line["sha256"]] + b" ")


def a_commitment_to_other_bytes(story: Story) -> None:
    one, other = intent(story)["facts"], intent(story, "agy_jag")["facts"]
    one["message_commitment"], other["message_commitment"] = other["message_commitment"], one["message_commitment"]


def an_arrival_before_its_intent(story: Story) -> None:
    story.ledgers["agy_police"][0]["at"] = story.entries[0]["at"]


def more_arrivals_than_intents(story: Story) -> None:
    another(story, "agy_police", "copy")


def an_intent_without_an_end(story: Story) -> None:
    drop(story, first(story, "release.settled", disclosure=intent(story)["facts"]["disclosure"]))


def an_intent_that_cannot_be_opened(story: Story) -> None:
    about = intent(story)["facts"]["disclosure"]
    story.openings = [line for line in story.openings if line["disclosure"] != about]


def an_intent_after_the_withdrawal(story: Story) -> None:
    move(story, withdrawal(story), before=its_decision(story, "agy_helpline"))


def an_intent_after_the_withdrawal_was_answered(story: Story) -> None:
    next(line for line in story.answered if line["act"] == "withdrawn")["at"] = story.entries[0]["at"]


def notice(story: Story) -> Line:
    return next(entry for entry in story.of("disclosure.followed_up") if entry["facts"]["disclosure"] in {
        line["disclosure"] for line in story.ledgers["agy_fire"]
    })  # fmt: skip


def more_than_a_bare_notice(story: Story) -> None:
    notice(story)["facts"]["bare"] = False


def a_notice_that_is_none(story: Story) -> None:
    drop(story, notice(story))


def a_notice_about_what_never_left(story: Story) -> None:
    never = intent(story, "agy_helpline")["facts"]["disclosure"]
    notice(story)["facts"]["earlier"] = never


def an_intent_while_suspended(story: Story) -> None:
    begun = {"agency": "agy_police", "reason": "asked", "packs_recalled": 0}
    entry = {"actor": "hub", "at": now(), "facts": begun, "kind": "agency.suspended", "version": 1}
    story.entries.insert(story.entries.index(intent(story)), entry)


PLANTED: dict[str, tuple[Callable[[Story], None], ...]] = {
    "lost": (
        a_partner_never_got_it, a_fetch_that_never_came, a_referral_is_forgotten, an_ask_is_never_decided,
        a_decision_comes_to_nothing, a_withdrawal_is_forgotten, a_cancellation_is_forgotten,
    ),
    "duplicated": (a_second_effect, a_copy_where_nobody_notices, other_bytes_under_one_id),
    "unauthorised": (
        an_arrival_that_nobody_intended, an_arrival_elsewhere, an_arrival_of_nothing_known,
        an_intent_without_a_decision, an_intent_before_its_decision, an_intent_against_its_decision,
        an_intent_that_nobody_authorised, an_intent_on_the_first_decision, an_intent_for_another_agency,
        two_intents_on_one_decision, an_intent_after_its_end,
    ),
    "unlogged": (
        bytes_that_were_swapped, a_commitment_to_other_bytes, an_arrival_before_its_intent, more_arrivals_than_intents,
        an_intent_without_an_end, an_intent_that_cannot_be_opened,
    ),
    "stale": (
        an_intent_after_the_withdrawal, an_intent_after_the_withdrawal_was_answered, an_intent_while_suspended,
        more_than_a_bare_notice, a_notice_that_is_none, a_notice_about_what_never_left,
    ),
}  # fmt: skip


def test_a_true_history_has_no_fault_and_something_in_it(true_story: Story, tmp_path: Path) -> None:
    key = true_story.write(tmp_path)

    assert check(tmp_path, key) == []
    assert counted([]) == dict.fromkeys(CLASSES, 0)
    assert {agency: len(lines) for agency, lines in true_story.ledgers.items()} == {
        "agy_police": 1, "agy_jag": 1, "agy_helpline": 1, "agy_fire": 3,
    }  # fmt: skip
    assert len(list(true_story.of("consent.withdrawn"))) == 3
    assert len(list(true_story.of("disclosure.cancelled", reason="consent_withdrawn"))) == 2


@pytest.mark.parametrize(
    ("kind", "plant"), [(kind, plant) for kind, plants in PLANTED.items() for plant in plants],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)  # fmt: skip
def test_every_planted_fault_is_found(
    true_story: Story, kind: str, plant: Callable[[Story], None], tmp_path: Path
) -> None:
    story = true_story.retold()
    plant(story)

    assert counted(check(tmp_path, story.write(tmp_path)))[kind] > 0


def test_every_class_of_fault_is_planted() -> None:
    assert set(PLANTED) == set(CLASSES)


def test_an_export_that_the_key_did_not_sign_is_not_judged(true_story: Story, tmp_path: Path) -> None:
    altered = true_story.retold()
    intent(altered)["facts"]["agency"] = "agy_fire"
    key, _ = true_story.write(tmp_path / "true"), altered.write(tmp_path / "altered")
    with (
        zipfile.ZipFile(tmp_path / "true" / "export.zip") as true,
        zipfile.ZipFile(tmp_path / "altered" / "export.zip") as false,
        zipfile.ZipFile(tmp_path / "mixed.zip", "w") as mixed,
    ):
        for name in true.namelist():
            mixed.writestr(name, (true if name == "checkpoint" else false).read(name))
    (tmp_path / "mixed.zip").replace(tmp_path / "true" / "export.zip")

    with pytest.raises(Untrusted, match="do not lead to the signed root"):
        check(tmp_path / "true", key)
    stranger = vkey(true_story.hub.house.name, Ed25519PrivateKey.generate().public_key())
    with pytest.raises(Untrusted, match="not signed by this key"):
        check(tmp_path / "altered", stranger)


def test_the_checker_knows_nothing_of_the_program_that_it_judges() -> None:
    imported = {
        name
        for module in (checker, evidence)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        )
    }  # fmt: skip
    assert not {name for name in imported if name.split(".")[0] in ("hub", "connectors", "consent", "protocols")}
    assert {name for name in imported if name.startswith("tests")} == {"tests.history.evidence"}
