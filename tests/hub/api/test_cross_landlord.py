"""Several landlords on one hub, none sees another's: every operation, asked by every role with everything of another.

Generated from the API's own document: an operation that is added is asked as well, and one with a parameter of which
this test has no object fails it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import POSTGRESQL
from tests.hub.api.operations import PATHS, Operation, operations
from tests.hub.api.tenants import Tenants, populate, tenants
from tests.servers import fresh_database

SHARED = {"agency", "pin", "credential"}
"""Agencies and their doors are on one register for all landlords, and their credentials belong to none."""

OF_THE_HUB = {"machine", "key"}
"""An administrator's, who belongs to no landlord and reads no case; a DPO of the landlord confirms, signed in."""

LOG = {"read_checkpoint", "prove_consistency", "export_log", "read_log_key", "read_log_tile", "read_log_entries"}
"""One log for the hub, which holds no personal data: its size and its heads are everybody's, all of it a DPO's."""

NAMES_NOTHING = {"landlord": "PCHA", "number": "999999999", "agreement": "agr_no_such@1"}


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('tenants') / 'concordat.sqlite3'}"
        return
    with fresh_database() as made:
        yield made


@pytest.fixture(scope="module")
def there(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """OHG has its things; what it sees of itself is noted; then LMH gets its own."""
    with tenants(tmp_path_factory.mktemp("hub"), url) as found:
        found.before = _views(found)
        found.objects = populate(found, "LMH", found.api.tokens)
        yield found


def _document(there: Tenants) -> list[Operation]:
    return operations(there.api.ask("GET", "/v1/openapi.json").json())


def _parameters(operation: Operation) -> set[str]:
    return set(re.findall(r"{(\w+)}", operation.path))


def _views(there: Tenants) -> dict[tuple[str, str], bytes]:
    """What each role of OHG, and an agency that is told nothing, is shown where no id is given."""
    return {
        (operation.id, role): there.send(operation.id, "GET", operation.address(), token).content
        for operation in _document(there) if operation.method == "GET" and not _parameters(operation)
        for role, token in there.api.strangers.items() if operation.id not in LOG
    }  # fmt: skip


def _none(name: str, real: str) -> str:
    """An id of the same shape that names nothing."""
    return NAMES_NOTHING.get(name) or re.sub(r"[0-9a-z]{26}$", "0" * 26, real)


def _seen(answer: Any, instead: dict[str, str]) -> tuple[int, str, dict[str, str]]:  # noqa: ANN401 - of httpx
    """An answer, with what was asked for blotted out."""
    text, headers = answer.text, {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
    for name, value in instead.items():
        text = text.replace(value, name)
    return answer.status_code, text, headers


def test_every_role_of_another_landlord_is_answered_as_if_nothing_were_there(there: Tenants) -> None:
    everything, log = there.rows("LMH"), there.log()
    names = there.names("LMH") - there.names("OHG")
    looked_up: dict[str, set[int]] = {}
    for operation in _document(there):
        asked = _parameters(operation)
        if not asked or asked & (SHARED | {"hashes"}):
            continue
        roles = there.api.strangers.keys() & set(operation.document["x-roles"])
        assert not roles or asked <= there.objects.keys(), f"make something for {asked} in tests/hub/api/tenants.py"
        real = {name: there.objects.get(name, PATHS.get(name, name)) for name in asked}
        none = {name: _none(name, value) for name, value in real.items()}
        for role, token in there.api.strangers.items():
            if operation.id in {"prove_entry", "read_log_entries"} and role == "dpo":
                continue  # audits the whole log
            answers = [there.send(operation.id, operation.method, operation.path.format(**ids), token)
                       for ids in (real, none)]  # fmt: skip
            assert _seen(answers[0], real) == _seen(answers[1], none), (operation.id, role)
            assert not {name for name in names - set(real.values()) if name in answers[0].text}, (operation.id, role)
            assert answers[0].status_code in (403, 404), (operation.id, role, answers[0].text)
            if role in roles:
                looked_up.setdefault(operation.id, set()).add(answers[0].status_code)
    assert {operation for operation, codes in looked_up.items() if 404 not in codes} == set(), "a body is missing"
    assert len(looked_up) > 25
    assert there.rows("LMH") == everything
    added = there.log()[len(log) :]
    assert not [entry for entry in added if any(name in str(entry) for name in names)]


def test_lists_and_counts_hold_nothing_of_another_landlord(there: Tenants) -> None:
    """What OHG was shown before LMH had anything is what it is shown now, to the byte."""
    now = _views(there)
    assert now.keys() == there.before.keys()
    assert len(now) > 20
    differing = {key for key in now if now[key] != there.before[key]}
    assert differing == set()
    names = there.names("LMH") - there.names("OHG")
    assert not [key for key, shown in now.items() if any(name in shown.decode() for name in names)]


def test_an_administrator_is_shown_nothing_of_a_case(there: Tenants) -> None:
    case = {"referral", "disclosure", "consent", "override", "hold", "attachment", "mark"}
    for operation in _document(there):
        if _parameters(operation) & case:
            address = operation.path.format(**there.objects)
            answer = there.send(operation.id, operation.method, address, there.api.tokens["administrator"])
            assert answer.status_code == 403, operation.id


def test_what_was_asked_for_is_there_for_its_own_landlord(there: Tenants) -> None:
    """Or the tests above would say nothing: the same addresses, asked by those whose things they are."""
    found: dict[str, bool] = {}
    order = {"GET": 0, "POST": 1, "PUT": 2, "DELETE": 3}
    for operation in sorted(_document(there), key=lambda operation: (order[operation.method], "erase" in operation.id)):
        asked = _parameters(operation)
        if not asked or asked & (SHARED | OF_THE_HUB):
            continue
        for role in sorted(there.api.tokens.keys() & set(operation.document["x-roles"])):
            address = operation.path.format(**there.objects)
            answer = there.send(operation.id, operation.method, address, there.api.tokens[role])
            for name in asked:
                found[name] = found.get(name, False) or answer.status_code not in (403, 404, 422)
    # A session is its holder's alone, whom this test does not have.
    assert {name for name, was_found in found.items() if not was_found} <= {"session_id"}
