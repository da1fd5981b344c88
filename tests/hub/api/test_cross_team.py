"""Teams over HTTP: every operation on something of a case, asked by an officer of another team.

Generated from the API's own document, so an operation that is added is asked as well.
"""

import base64
from collections.abc import Iterator

import pytest

from hub.access.roles import Role
from hub.flow.checkpoint import checkpoint
from hub.flow.enrol import enrol
from tests.conftest import POSTGRESQL
from tests.hub.api.operations import operations
from tests.hub.api.tenants import Tenants, populate, tenants
from tests.hub.api.test_cross_landlord import _none, _parameters, _seen
from tests.members import member
from tests.servers import fresh_database

OF_A_CASE = {"referral", "disclosure", "consent", "override", "hold", "attachment", "mark", "number"}
ON_PURPOSE = {"declare_override"}
"""Danger keeps no rota: an override may be declared by an officer of whatever team (docs/overrides.md)."""

BY_SIGNING_IN = {"session"}


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """LMH has a case that belongs to the team north, with something of every kind in it."""
    folder = tmp_path_factory.mktemp("teams")
    if request.param == "sqlite":
        with tenants(folder, f"sqlite:///{folder / 'concordat.sqlite3'}") as found:
            yield _of_north(found)
        return
    with fresh_database() as url, tenants(folder, url) as found:
        yield _of_north(found)


def _of_north(there: Tenants) -> Tenants:
    there.objects = populate(there, "LMH", there.api.tokens)
    moved = there.api.ask(
        "PUT", f"/v1/referrals/{there.objects['referral']}/team", "supervisor", json={"team": "north"}
    )
    assert moved.status_code == 204
    return there


@pytest.fixture(scope="module")
def outsiders(there: Tenants) -> dict[str, str]:
    """Tokens of an officer of another team, and of one of none."""
    hub = there.api.hub
    south = member(hub, team="south").sign_in().token
    return {"south": south, "none": enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None).token}


@pytest.mark.parametrize("who", ["south", "none"])
def test_an_officer_of_another_team_is_answered_as_if_nothing_were_there(
    there: Tenants, outsiders: dict[str, str], who: str
) -> None:
    before, looked_up = there.rows("LMH"), set()
    for operation in operations(there.api.ask("GET", "/v1/openapi.json").json()):
        asked = _parameters(operation)
        if not asked & OF_A_CASE or "officer" not in operation.document["x-roles"] or operation.id in ON_PURPOSE:
            continue
        real = {name: there.objects[name] for name in asked}
        none = {name: _none(name, value) for name, value in real.items()}
        answers = [there.send(operation.id, operation.method, operation.path.format(**ids), outsiders[who])
                   for ids in (real, none)]  # fmt: skip
        assert answers[0].status_code == 404, (operation.id, answers[0].text)
        assert _seen(answers[0], real) == _seen(answers[1], none), operation.id
        looked_up.add(operation.id)
    assert len(looked_up) >= 12
    assert {name: rows for name, rows in there.rows("LMH").items() if name not in BY_SIGNING_IN} == {
        name: rows for name, rows in before.items() if name not in BY_SIGNING_IN
    }


def test_no_entry_of_the_log_tells_an_officer_of_another_team_of_the_case(
    there: Tenants, outsiders: dict[str, str]
) -> None:
    checkpoint(there.api.hub.house)
    ids = {there.objects[name] for name in ("referral", "disclosure", "consent", "override", "attachment", "mark")}
    seen = {who: _proved(there, token) for who, token in {**outsiders, "author": there.api.tokens["officer"]}.items()}
    assert sum(any(name in entry for name in ids) for entry in seen["author"]) > 8
    for who in outsiders:
        assert seen[who]  # what everybody may know
        assert not [entry for entry in seen[who] if any(name in entry for name in ids) or "cas_" in entry]


def test_no_entry_about_a_case_is_proved_to_another_landlord(there: Tenants) -> None:
    checkpoint(there.api.hub.house)
    there.send("lift_unsafe_contact", "DELETE", f"/v1/unsafe-contacts/{there.objects['mark']}",
               there.api.tokens["supervisor"])  # fmt: skip
    checkpoint(there.api.hub.house)
    names = there.names("LMH") - there.names("OHG")
    assert "contact.lifted" in "".join(_proved(there, there.api.tokens["supervisor"]))
    for role in ("officer", "supervisor", "authoriser"):
        shown = _proved(there, there.api.strangers[role])
        assert shown
        assert not [entry for entry in shown if any(name in entry for name in names)]


def _proved(there: Tenants, token: str) -> list[str]:
    """Every entry that the holder of this token is shown."""
    headers = {"Authorization": f"Bearer {token}"}
    answers = [there.api.client.get(f"/v1/log/entries/{number}/proof", headers=headers)
               for number in range(len(there.log()))]  # fmt: skip
    return [base64.b64decode(one.json()["entry"]).decode() for one in answers if one.status_code == 200]
