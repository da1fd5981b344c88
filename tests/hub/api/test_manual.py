"""docs/api.md, run: every example against a real hub, in the order in which it is written."""

import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import httpx
import pytest

from hub.access.credentials import issue
from hub.access.roles import Role
from hub.flow import invite
from hub.flow.deliver import deliver_due
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from tests.cases import FIRE, HELPLINE, JAG, POLICE, Case
from tests.hub.api.served import Api, served
from tests.members import administrator, member, waiting

MANUAL = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """A hub of this test's own: it grows as the manual says and no other way."""
    with served(tmp_path) as found:
        yield found


def test_every_example_of_the_manual_works(own: Api) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 33
    case = Case(asks=[JAG])
    names = _names(own)
    for block in blocks:
        expected, command = block.split("\n", 1)
        answer = _curl(own.client, command, names, case.raw())
        assert answer.status_code == int(expected.removeprefix("# ")), (command, answer.text)


def _curl(client: httpx.Client, command: str, names: dict[str, str], file: bytes) -> httpx.Response:
    """What curl does with the few options that the manual uses; a shell and its variables apart, nothing else."""
    words = iter(shlex.split(command.replace("\\\n", " ").replace('\\"', "%22%")))
    assert next(words) == "curl"
    method, address, headers, body = "", "", {}, None
    for written in words:
        word = Template(written.replace("%22%", '"')).substitute(names)
        match word:
            case "-X":
                method = next(words)
            case "-o":
                next(words)
            case "-H":
                name, _, value = Template(next(words)).substitute(names).partition(": ")
                headers[name] = value
            case "-d":
                body = Template(next(words).replace("%22%", '"')).substitute(names).encode()
            case "--data-binary":
                assert next(words) == "@referral.json"
                body = file
            case _:
                assert not word.startswith("-"), f"the manual uses {word}"
                address = word
    assert urlsplit(address).netloc == urlsplit(names["HUB"]).netloc
    return client.request(method or ("GET" if body is None else "POST"), address, headers=headers, content=body)


def _signing_in(own: Api) -> dict[str, str]:
    """An open invitation, somebody who waits, somebody who signs in, and somebody in a session."""
    _, invitation = invite.invite(own.hub.house, administrator(own.hub), role=Role.OFFICER, landlord="LMH")
    signing_in, signed_in = member(own.hub), member(own.hub)
    next_step = own.hub.house.clock.now() + timedelta(seconds=30)
    return {
        "INVITATION": invitation, "PERSON": waiting(own.hub).person, "NAME": signing_in.name,
        "APP_CODE": signing_in.code(next_step), "SESSION": signed_in.sign_in().token,
        "NEXT_CODE": signed_in.code(next_step),
    }  # fmt: skip


def _names(own: Api) -> dict[str, str]:
    """The values that the manual writes as variables."""
    house = own.hub.house
    with house.store.write(EVERY) as tx:
        now = house.clock.now()
        code = issue(tx, role=Role.ADMINISTRATOR, now=now, single_use=True).token
        spare = issue(tx, role=Role.ADMINISTRATOR, now=now).id
        made = issue(tx, role=Role.PARTNER, now=now, agency="agy_fire", made_by=new_id(Prefix.PERSON)).id
    waiting = own.sent(Case(asks=[FIRE]))
    prepared = own.sent(Case(asks=[JAG]))
    deliver_due(house, "manual", 10)
    held = own.sent(Case(asks=[POLICE], routine=False, circumstances={"necessary": None, "proportionate": None}))
    consented = own.sent(Case(asks=[HELPLINE]))
    roles = {name.upper(): token for name, token in own.tokens.items()} | _signing_in(own)
    return roles | {
        "HUB": own.address, "CODE": code, "CREDENTIAL": spare, "PARTNER_CREDENTIAL": made,
        "DPO_SESSION": member(own.hub, Role.DPO).sign_in().token, "REFERRAL": consented["id"],
        "DISCLOSURE": consented["disclosures"][0]["id"], "CONSENT": consented["consents"][0]["id"],
        "HELD": held["disclosures"][0]["id"], "PREPARED": prepared["disclosures"][0]["id"],
        "WAITING": waiting["disclosures"][0]["id"],
    }  # fmt: skip
