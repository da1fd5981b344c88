"""Routine flows and the templates: what a recipient needs as a rule, an agreement made from our template covers."""

from datetime import date
from pathlib import Path

import pytest

from hub.decision import rulebook
from hub.decision.routine import core_categories, routine_needs
from hub.decision.rulebook import Rulebook
from hub.register.landlords import NAMES
from protocols.agreement import Agreement
from protocols.parse import parse_agreement
from protocols.record import Referral, categories_of, items, known_paths
from protocols.routine import parse_flows
from protocols.vocabulary import AgencyKind, DataCategory, Purpose
from tests.cases import Case
from tests.protocols.agreements import LIBRARY

TEMPLATES = sorted(LIBRARY.glob("*.toml"))
DAY = date(2027, 6, 1)
BY_THE_LETTER = {
    "police": AgencyKind.POLICE, "childrens_social_care": AgencyKind.SOCIAL_CARE_CHILDREN,
    "adult_social_care": AgencyKind.SOCIAL_CARE_ADULTS, "stop_hate_uk": AgencyKind.STOP_HATE_UK,
    "jag_citysafe": AgencyKind.JAG, "fire": AgencyKind.FIRE, "housing_options": AgencyKind.HOUSING_OPTIONS,
    "other_landlord": AgencyKind.OTHER_LANDLORD, "support_charity": AgencyKind.SUPPORT_CHARITY,
    "contractor_confidentiality": AgencyKind.CONTRACTOR,
}  # fmt: skip


@pytest.fixture(scope="module")
def rules() -> Rulebook:
    return rulebook.read()


def template(path: Path) -> Agreement:
    return parse_agreement(path.read_text(encoding="utf-8"), path.name)


def test_there_is_a_template_for_each_kind_of_partner() -> None:
    assert {path.stem: template(path).recipients[0].kind for path in TEMPLATES} == BY_THE_LETTER


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_covers_what_its_recipients_need_for_each_of_its_purposes(path: Path, rules: Rulebook) -> None:
    made = template(path)
    for recipient in made.recipients:
        for purpose in made.purposes:
            if purpose is Purpose.EMERGENCY:
                continue  # what goes in an emergency waits for no agreement, and is the least that helps
            clauses = [clause for clause in made.clauses if purpose in clause.purposes]
            covered = frozenset[DataCategory]().union(*(clause.categories for clause in clauses))
            needed = core_categories(rules, recipient.kind, purpose, DAY)
            assert needed, (recipient.kind, purpose)
            assert needed <= covered, (recipient.kind, purpose)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_demands_safe_transport_an_end_to_keeping_and_names_whom_to_ask(path: Path) -> None:
    made = template(path)
    assert made.in_force_from < made.review_by <= made.in_force_to
    assert "webhook" not in made.security.transports or made.recipients[0].kind is AgencyKind.POLICE
    assert made.security.rule
    assert 30 <= made.retention.days <= 2555
    assert str(made.retention.days) in made.retention.rule
    roles = {(contact.organisation, contact.role) for contact in made.contacts}
    landlord = made.controllers[0].name
    assert {(landlord, "data protection officer"), (landlord, "community safety team")} <= roles
    assert {party.name for party in made.recipients} <= {organisation for organisation, _ in roles}


@pytest.mark.parametrize("landlord", sorted(NAMES))
def test_every_landlords_routine_flows_name_a_section_and_need_something(landlord: str, rules: Rulebook) -> None:
    found = tuple(routine_needs(rules, landlord, DAY))
    assert len({(need.recipient, need.purpose) for need in found}) == len(found) >= 4
    for need in found:
        assert need.categories, need
        assert "policy section" in need.source


def test_a_landlord_whose_policy_is_not_known_has_no_routine_flows(rules: Rulebook) -> None:
    assert tuple(routine_needs(rules, "EXAMPLE", DAY)) == ()


@pytest.mark.parametrize("text", ["", "[[flow]]\nlandlord = 'LMH'\n", "flow = [", "[[flow]]\nrecipient = 'sheriff'\n"])
def test_what_is_no_list_of_flows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_flows(text)


def test_a_path_holds_what_the_items_of_that_path_hold() -> None:
    referral = Referral.model_validate(Case().referral(), strict=False)
    for item in items(referral):
        held = item.categories.union(*(span.categories for span in item.spans))
        assert categories_of(item.path) <= held, item.path


@pytest.mark.parametrize("path", sorted(known_paths()))
def test_every_canonical_path_has_its_categories(path: str) -> None:
    assert all(isinstance(category, DataCategory) for category in categories_of(path))
