"""The OpenAPI document: valid, complete, and enough to generate a client that does the main job."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openapi_spec_validator import validate

from hub.access import totp
from hub.access.credentials import issue
from hub.access.roles import Role
from hub.flow import enrol
from hub.store.scope import EVERY
from tests.cases import FIRE, Case
from tests.hub.api.operations import operations
from tests.hub.api.served import Api
from tests.members import PASSWORD, key_in, member

CLIENT = "concordat_client"


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    """The document as anybody gets it, without signing in."""
    answer = api.ask("GET", "/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    validate(document)


def test_every_operation_says_its_name_its_purpose_who_may_call_it_and_what_it_takes(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len({operation.id for operation in found}) == len(found) == 109
    for operation in found:
        assert operation.document["description"]
        assert set(operation.document["x-roles"]) <= {role.value for role in Role}
        guarded = bool(operation.document["x-roles"])
        assert guarded == bool(operation.document.get("security")), operation.id
        if operation.takes_json:
            schema = operation.document["requestBody"]["content"]["application/json"]["schema"]
            assert schema["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= document["components"]["schemas"].keys()


@pytest.fixture(scope="module")
def generated(document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A client written by a generator that knows nothing of us but the document."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "config.yml").write_text(
        f"package_name_override: {CLIENT}\npost_hooks: []\n"
        "content_type_overrides: {application/zip: application/octet-stream}\n", encoding="utf-8"
    )  # fmt: skip
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--config", "config.yml",
         "--meta", "none", "--output-path", str(folder / CLIENT), "--fail-on-warning"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(CLIENT)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture
def closed() -> Iterator[ExitStack]:
    """What is closed at the end of a test."""
    with ExitStack() as closing:
        yield closing


def _call(name: str) -> ModuleType:
    """The generated module of one operation, wherever its tag put it."""
    root = Path(importlib.import_module(CLIENT).__file__ or "").parent
    (found,) = (root / "api").rglob(f"{name}.py")
    return importlib.import_module(f"{CLIENT}.api.{found.parent.name}.{name}")


def test_a_client_generated_from_the_document_does_the_main_job(
    api: Api, generated: ModuleType, closed: ExitStack
) -> None:
    models = importlib.import_module(f"{CLIENT}.models")

    def closing(client: Any) -> Any:  # noqa: ANN401 - of a generated class
        closed.callback(client.get_httpx_client().close)
        return client

    def signed_in(token: str) -> Any:  # noqa: ANN401 - of a generated class
        return closing(
            generated.AuthenticatedClient(base_url=api.address, token=token, raise_on_unexpected_status=True)
        )

    anybody = closing(generated.Client(base_url=api.address))
    session = _call("sign_in").sync(client=anybody, body=models.SignInRequest(code=_one_time_code(api)))
    administrator = signed_in(session.token)
    made = models.NewCredential(role=models.Role.PARTNER, agency="agy_fire")
    token = _call("make_credential").sync(client=administrator, body=made)
    dpo = signed_in(member(api.hub, Role.DPO).sign_in().token)
    assert _call("confirm_credential").sync_detailed(credential=token.id, client=dpo).status_code == 204
    partner = signed_in(token.token)
    invited = models.NewPerson(role=models.Role.OFFICER, landlord=models.NewPersonLandlordType0.LMH)
    invitation = _call("invite_person").sync(client=administrator, body=invited).invitation
    name = "generated@homes.example"
    joining = models.Joining(invitation=invitation, name=name, password=PASSWORD)
    joined = _call("join").sync(client=anybody, body=joining)
    _call("confirm_person").sync_detailed(person=joined.person, client=signed_in(api.tokens["dpo"]))
    code = totp.code_at(key_in(joined.otpauth_uri), api.hub.house.clock.now())
    password = models.PasswordSignIn(name=name, password=PASSWORD, code=code)
    officer = signed_in(_call("sign_in_by_password").sync(client=anybody, body=password).token)

    case = Case(asks=[FIRE])
    accepted = _call("send_referral").sync(
        client=officer, body=models.Referral.from_dict(case.referral()), idempotency_key=f"key-{case.tag}"
    )  # fmt: skip
    course = _call("read_referral").sync(referral=accepted.referral, client=officer)
    (disclosure,) = course.disclosures
    assert disclosure.state == "queued"

    page = _call("read_feed").sync(client=partner)
    assert disclosure.id in {entry.disclosure for entry in page.waiting}
    fetched = _call("collect_disclosure").sync_detailed(disclosure=disclosure.id, client=partner)
    assert fetched.status_code == 200
    told = json.loads(fetched.content)
    assert case.token("victim") in json.dumps(told)
    receipt = _call("acknowledge_disclosure").sync(
        disclosure=disclosure.id, client=partner, body=models.Acknowledgement(partner_reference="FRS/2026/1")
    )  # fmt: skip
    after = _call("read_referral").sync(referral=accepted.referral, client=officer)
    assert receipt.receipt
    assert (after.disclosures[0].state, after.disclosures[0].rung) == ("receipted", "referenced")
    assert [kept.partner_reference for kept in after.disclosures[0].receipts][-1] == "FRS/2026/1"
    assert page.cursor < _call("read_feed").sync(client=partner, after=page.cursor).cursor


def _one_time_code(api: Api) -> str:
    """A code as a hub prints it at its first start; this hub was started long ago, so one is made for the test."""
    house = api.hub.house
    with house.store.write(EVERY) as tx:
        made = issue(
            tx, role=Role.ADMINISTRATOR, now=house.clock.now(), single_use=True,
            expires_at=house.clock.now() + enrol.FIRST_CODE,
        )  # fmt: skip
    return made.token
