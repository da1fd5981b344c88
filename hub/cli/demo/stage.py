"""The stage: one folder, the agencies listening, the hub running, and somebody at every desk."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import httpx

from hub.access.roles import Role
from hub.api.shapes.referrals import DisclosureOut, ReferralOut
from hub.cli.demo.arrivals import Arrival
from hub.cli.demo.checks import Checks
from hub.cli.demo.desk import Desk
from hub.cli.demo.embedded import EmbeddedHub
from hub.cli.demo.examples import Case
from hub.cli.demo.operator import Operator
from hub.cli.demo.partners import AGENCIES, Partners
from hub.cli.demo.screen import Screen
from hub.ids import Prefix, new_id
from protocols.parse import parse_agreement

_WAIT_SECONDS = 15.0


@dataclass
class Stage:
    """What every scene needs."""

    folder: Path
    cases: Sequence[Case]
    screen: Screen
    checks: Checks
    hub: EmbeddedHub
    operator: Operator
    partners: Partners
    administrator: Desk
    authors: dict[str, str]
    desks: dict[str, Desk]
    officers: dict[str, Desk] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)

    def seat(self, role: Role, landlord: str, person: str | None = None) -> Desk:
        """Somebody of a landlord, with a token made on the hub's own machine; an authoriser of every kind."""
        return self.administrator.beside(self.operator.token(role, landlord, person=person))

    def send(self, case: Case) -> None:
        """Have the landlord's officer send the referral."""
        self.sent[case.name] = self.officers[case.referral.landlord].send(case.raw, f"demo-{case.name}")

    def follow(self, case: Case) -> ReferralOut:
        """The course of a referral that was sent."""
        return self.officers[case.referral.landlord].follow(self.sent[case.name])

    def cases_that(self, suit: Callable[[Case], bool]) -> list[Case]:
        """The cases that a scene is about."""
        return [case for case in self.cases if suit(case)]

    def follow_until(self, case: Case, is_so: Callable[[DisclosureOut], bool]) -> ReferralOut:
        """The course once it is so for every disclosure, or patience has ended."""
        wait_until(lambda: all(is_so(told) for told in self.follow(case).disclosures))
        return self.follow(case)

    def settled(self, case: Case) -> ReferralOut:
        """The course once every disclosure stands where the example expects it, or patience has ended."""
        wanted = [entry.state.value for entry in case.expected.recipients]
        with self.screen.working(f"waiting for the agencies of referral {case.number}"):
            wait_until(lambda: [entry.state for entry in self.follow(case).disclosures] == wanted)
        return self.follow(case)

    def came(self, told: DisclosureOut) -> list[Arrival]:
        """What came to the agency of this disclosure."""
        return [entry for entry in self.partners.arrivals() if entry.disclosure == told.id]


def wait_until(is_so: Callable[[], bool], seconds: float = _WAIT_SECONDS) -> bool:
    """Look again and again until it is so; False when patience ends."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def set_up(
    folder: Path, examples: Path, cases: Sequence[Case], screen: Screen, checks: Checks, leaving: ExitStack
) -> Stage:
    """Build the stage in an empty folder; `leaving` takes it down again.

    Raises HubDidNotStart, HubRefused.
    """
    data = folder / "data"
    data.mkdir(mode=0o700)
    copytree(examples / "agreements", data / "agreements")
    partners = leaving.enter_context(Partners(folder, data))
    hub = EmbeddedHub(data, folder / "hub.log")
    leaving.callback(hub.stop)
    hub.start()
    operator = Operator(data)
    leaving.callback(operator.close)
    client = leaving.enter_context(httpx.Client(timeout=20, trust_env=False))
    administrator = Desk(client, lambda: hub.address).sign_in(hub.first_code or "")
    landlords: list[str] = sorted({case.referral.landlord for case in cases})
    review_by = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    agreed = [path.read_text(encoding="utf-8") for path in sorted((data / "agreements").glob("*.toml"))]
    references = [parse_agreement(text, "an example").reference for text in agreed]
    for landlord in landlords:
        purposes = {ask.purpose for case in cases if case.referral.landlord == landlord for ask in case.referral.asks}
        administrator.set_policy_document(landlord, review_by)
        administrator.record_assessments(landlord, sorted(purposes), review_by)
    operator.approve(references, landlords)
    stage = Stage(
        folder=folder, cases=cases, screen=screen, checks=checks, hub=hub, operator=operator, partners=partners,
        administrator=administrator, authors={landlord: new_id(Prefix.PERSON) for landlord in landlords},
        desks={
            agency: administrator.beside(operator.token(Role.PARTNER, None, agency)) for agency in AGENCIES
        },
    )  # fmt: skip
    for landlord in landlords:
        stage.officers[landlord] = stage.seat(Role.OFFICER, landlord, stage.authors[landlord])
    return stage
