"""The checks of the demonstration notice what they are there to notice."""

import json

from hub.api.shapes.decisions import DecisionOut, WithheldOut
from hub.api.shapes.referrals import DisclosureOut
from hub.cli.demo.arrivals import Arrival, read_event
from hub.cli.demo.checks import Checks, check_arrival, check_decision
from hub.cli.demo.examples import examples_folder, read_cases

CASE = read_cases(examples_folder())[1]
CHILDREN = CASE.expected.recipients[0].agency
DISCLOSURE = "dsc_0123456789abcdefghjkmnpqrs"
SENT = {"child.name", "child.date_of_birth"}


def told(outcome: str = "permit_redacted", cites: str = "UK GDPR Art 5(1)(c)") -> DisclosureOut:
    withheld = [
        WithheldOut(path=item.path, title=item.title, of=item.of, category=None, code="X", cites=[cites], says="x")
        for item in CASE.items
        if item.path not in SENT
    ]
    decision = DecisionOut.model_validate({
        "outcome": outcome, "remove": [], "basis": [], "obligations": [], "gaps": [], "reasons": [], "remedy": [],
        "authoriser": None, "withheld": withheld, "rules": "r",
    })  # fmt: skip
    return DisclosureOut(
        id=DISCLOSURE, reference="CC-1", agency=CHILDREN, agency_name="x", recipient="social_care_children",
        purpose="safeguarding_child", state="receipted", cause=None, rung="taken", decision=decision,
        sent_paths=sorted(SENT), replaces=None, receipts=[],
    )  # fmt: skip


def arrival(**more: str) -> Arrival:
    values = {item.path: item.value for item in CASE.items if item.path in SENT} | more
    items = [{"path": path, "value": value} for path, value in values.items()]
    return read_event(CHILDREN, json.dumps({"id": DISCLOSURE, "data": {"sections": [{"items": items}]}}).encode())


def failures(*arrivals: Arrival) -> list[str]:
    checks = Checks()
    check_arrival(checks, CASE, told(), arrivals)
    return [sentence for sentence in checks.failed if not sentence.endswith('" came')]


def test_what_came_exactly_as_decided_fails_nothing() -> None:
    assert failures(arrival()) == []


def test_nothing_and_twice_are_noticed() -> None:
    assert any("came there once" in sentence for sentence in failures())
    assert any("came there once" in sentence for sentence in failures(arrival(), arrival()))


def test_a_withheld_value_in_any_place_is_noticed() -> None:
    hidden = next(item for item in CASE.items if item.path == "reporter.contacts")
    found = failures(arrival(**{"child.name": f"Tobi Fictional (ask {hidden.value})"}))
    assert any("reporter.contacts, withheld" in sentence for sentence in found)


def test_a_word_that_must_never_arrive_is_noticed_in_the_bytes_as_well() -> None:
    leaking = arrival()
    raw = leaking.raw + b"<!-- Peter Madeup -->"
    found = failures(Arrival(leaking.agency, leaking.disclosure, leaking.words, raw, leaking.told))
    assert any('"Peter Madeup" did not come' in sentence for sentence in found)


def test_an_item_more_than_decided_is_noticed() -> None:
    assert any("item by item" in sentence for sentence in failures(arrival(**{"victim.name": "x"})))


def test_an_item_that_was_changed_is_noticed() -> None:
    assert any(
        "child.name came as it was written" in sentence for sentence in failures(arrival(**{"child.name": "T."}))
    )


def test_another_outcome_or_citation_is_noticed() -> None:
    checks = Checks()
    check_decision(checks, CASE, told(outcome="permit", cites="gossip"))
    assert any("outcome is permit_redacted, not permit" in sentence for sentence in checks.failed)
    assert any("reporter.name is withheld under UK GDPR Art 5(1)(c)" in sentence for sentence in checks.failed)
