"""Witness: a hub and two witnesses, each a process of its own. The hub cannot show two histories, and one that has
gone back to an old copy lets nothing out.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hub.audit.note import vkey
from hub.audit.policy import Policy, parse_policy
from hub.keys import open_keys
from hub.witness.memory import make
from tests.cases import POLICE, Case
from tests.journeys.backends import running
from tests.journeys.conftest import SCALED_OUT
from tests.journeys.people import Landlord
from tests.journeys.processes import HubProcess
from tests.journeys.waiting import until

ORIGIN = "hub.concordat.example"
NAMES = ("police", "council")
EMBEDDED = pytest.mark.parametrize("witnessed", ["embedded"], indirect=True)
"""Scaled out, there is no folder to put back, and a worker that lives on has nothing to wait for."""


@dataclass
class Witnessed:
    """A hub, whose witnesses are asked for by `policy`, and what they are run with."""

    hub: Landlord
    folder: Path
    policy: Policy
    witnesses: dict[str, HubProcess]

    def seen(self) -> set[str]:
        """Who has cosigned the newest checkpoint."""
        answer = httpx.get(f"{self.hub.backend.address}/log/checkpoint", trust_env=False)
        return set(self.policy.seen_by(answer.text)) if answer.status_code == 200 else set()

    def concerns(self) -> set[str]:
        """What readiness says is wrong."""
        told = httpx.get(f"{self.hub.backend.address}/v1/health/ready", trust_env=False).json()
        return {*told.get("reasons", []), *told.get("degraded", [])}


@pytest.fixture(scope="module", params=["embedded", SCALED_OUT])
def witnessed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnessed]:
    folder: Path = tmp_path_factory.mktemp(f"witnessed_{request.param}")
    log_key = vkey(ORIGIN, open_keys(folder / "keys", create=True).log.public_key())
    (folder / "witnesses").mkdir()
    with ExitStack() as ending:
        policy, processes = "", {}
        for name in NAMES:
            its = str(folder / "witnesses" / name)
            key = make(Path(its), f"witness.{name}.example/1", [log_key]).key
            serving = HubProcess(name, ["witness", "serve", its, "--port", "0"], {}, folder / "witnesses")
            ending.callback(serving.kill)
            processes[name] = serving
            url = serving.says(r"takes checkpoints at (\S+)/add-checkpoint")
            policy += f"witness {name} {key} {url}\n"
        policy += f"group both all {' '.join(NAMES)}\nquorum both\n"
        backend, partners = ending.enter_context(running(request.param, folder, policy))
        landlord = Landlord(backend, partners)
        ending.callback(landlord.close)
        yield Witnessed(landlord, folder, parse_policy(policy), processes)


def in_danger(case: Case) -> dict[str, object]:
    sent = case.referral()
    sent["record"]["risk"]["level"] = "immediate_danger"
    return sent


def test_what_was_sent_is_in_a_log_that_both_witnesses_cosigned(witnessed: Witnessed) -> None:
    hub, case = witnessed.hub, Case((POLICE,))
    course = hub.settled(hub.refer(case))
    assert course["agy_police"].state == "receipted"
    until(lambda: witnessed.seen() == set(NAMES), "both witnesses have cosigned")
    assert not witnessed.concerns() & {"LOG_DISPUTED", "LOG_UNWITNESSED"}


@EMBEDDED
def test_a_hub_that_has_gone_back_to_an_old_copy_lets_nothing_out_until_it_has_its_own_back(
    witnessed: Witnessed, tmp_path: Path
) -> None:
    hub, backend = witnessed.hub, witnessed.hub.backend
    backend.kill()
    shutil.copytree(backend.data, tmp_path / "old")
    backend.resume()
    hub.settled(hub.refer(Case((POLICE,))))
    until(lambda: witnessed.seen() == set(NAMES), "both witnesses have cosigned")
    backend.kill()
    shutil.copytree(backend.data, tmp_path / "own")
    put_in_place(tmp_path / "old", backend.data)
    backend.resume()
    until(lambda: "LOG_DISPUTED" in witnessed.concerns(), "the witnesses have told of a longer log")
    sent = hub.officer.ask("POST", "/v1/referrals", in_danger(case := Case((POLICE,))),
                           **{"Idempotency-Key": f"key-{case.tag}"})  # fmt: skip
    assert (sent.status_code, sent.json()["telephone"]) == (201, ["agy_police"]), sent.text
    (disclosure,) = hub.officer.get(f"/v1/referrals/{sent.json()['referral']}")["disclosures"]
    before = hub.partners.ledger("agy_police")
    # The courier looks every 0.3 s; the witnesses are asked again and again, and say the same.
    for _ in range(20):
        assert hub.officer.get(f"/v1/referrals/{sent.json()['referral']}")["disclosures"][0]["state"] == "queued"
        until(lambda: "LOG_DISPUTED" in witnessed.concerns(), "it is still disputed")
    assert hub.partners.ledger("agy_police") == before
    assert disclosure["id"] not in before
    backend.kill()
    put_in_place(tmp_path / "own", backend.data)
    backend.resume()
    assert hub.settled(hub.refer(Case((POLICE,))))["agy_police"].state == "receipted"
    until(lambda: not witnessed.concerns() & {"LOG_DISPUTED"}, "nobody disputes it any more")


def put_in_place(copied: Path, data: Path) -> None:
    shutil.rmtree(data)
    shutil.copytree(copied, data)
