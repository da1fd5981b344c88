"""When an attempt ends badly or in doubt: no row waits behind it, and nobody who may have the data is forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from connectors.contract import (
    CONTRACT,
    Check,
    Connector,
    Idempotency,
    Manifest,
    Message,
    Receipt,
    Refused,
    Rung,
    TryLater,
    Unsure,
)
from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.delivery.doors import Doors
from hub.errors import NotFound
from hub.flow.acknowledge import acknowledge, hand_over
from hub.flow.consult import DisclosureView, read_referral
from hub.flow.deliver import deliver_due
from hub.flow.house import House
from hub.flow.refer import refer
from hub.flow.withdraw import withdraw
from protocols.disclosure import Disclosure
from protocols.vocabulary import AgencyKind
from tests.cases import HELPLINE, JAG, Case
from tests.hubs import HandClock, open_test_hub, somebody


@dataclass
class Line:
    """A transport that answers what the test says, and remembers what came to it."""

    answer: Callable[[datetime], Receipt]
    came: list[str] = field(default_factory=list)

    def check(self) -> Check:
        """Nothing to reach."""
        return Check((), ())

    def deliver(self, message: Message, idempotency_key: str, at: datetime) -> Receipt:
        """Take it and answer."""
        self.came.append(idempotency_key)
        return self.answer(at)


def _said(disclosure: Disclosure) -> Message:
    paths = frozenset(item.path for item in disclosure.items)
    body = disclosure.model_dump_json().encode()
    return Message(disclosure.id, disclosure.reference, "application/json", "x.json", "x", body, paths)


def door_of(line: Line, *, render: Callable[[Disclosure], Message] = _said, code: str = "test.line",
          repeats: Idempotency = Idempotency.NONE) -> Connector:  # fmt: skip
    manifest = Manifest(code, "1", CONTRACT, frozenset(AgencyKind), Rung.ACCEPTED, repeats, 1_000_000)
    return Connector(manifest, render, line)


def raising(problem: Exception) -> Callable[[object], Receipt]:
    def answer(_at: object) -> Receipt:
        raise problem

    return answer


def accepting(at: datetime) -> Receipt:
    return Receipt(Rung.ACCEPTED, at, "250 queued")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A started hub."""
    clock = HandClock()
    found = open_test_hub(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'concordat.sqlite3'}", clock)
    yield found
    found.house.store.close()


@pytest.fixture
def officer(hub: Hub) -> Actor:
    """An officer of LMH."""
    return somebody(hub, Role.OFFICER)


def _with(hub: Hub, **doors: Connector) -> House:
    return replace(hub.house, doors=Doors(doors, {agency: hub.house.doors.digest(agency) for agency in doors}))


def _send(house: House, officer: Actor, *cases: Case) -> list[str]:
    return [refer(house, officer, case.raw(), f"key-{case.tag}").referral_id for case in cases]


def _view(house: House, officer: Actor, referral: str) -> DisclosureView:
    (view,) = read_referral(house, officer, referral).disclosures
    return view


def _broken(_disclosure: Disclosure) -> Message:
    raise KeyError("Qanaryzq77")


def _refusing(_disclosure: Disclosure) -> Message:
    raise Refused("wrong_recipient", "no")


@pytest.mark.parametrize(("render", "cause"), [(_broken, "CONNECTOR_FAULT"), (_refusing, "MESSAGE_REFUSED")])
def test_a_row_that_cannot_be_rendered_is_parked_and_the_rows_behind_it_go(
    hub: Hub, officer: Actor, render: Callable[[Disclosure], Message], cause: str
) -> None:
    line = Line(accepting)
    house = _with(hub, agy_jag=door_of(Line(accepting), render=render), agy_helpline=door_of(line))
    first, *behind = _send(house, officer, Case(asks=[JAG]), Case(asks=[HELPLINE]), Case(asks=[HELPLINE]))
    assert deliver_due(house, "test", 10) == 3
    assert (_view(house, officer, first).row.state.value, _view(house, officer, first).row.cause) == ("parked", cause)
    assert [_view(house, officer, referral).row.state.value for referral in behind] == ["sent", "sent"]
    assert len(line.came) == 2


@pytest.mark.parametrize("code", ["Not A Code", "", "x" * 500, "call_07700900123", "ünïcode", "UPPER"])
@pytest.mark.parametrize("kind", [Refused, TryLater, Unsure])
def test_a_strangers_code_never_keeps_an_attempt_from_being_settled(
    hub: Hub, officer: Actor, code: str, kind: type[Refused | TryLater | Unsure]
) -> None:
    house = _with(hub, agy_jag=door_of(Line(raising(kind(code, "no"))), code=code or "x"))
    (referral,) = _send(house, officer, Case(asks=[JAG]))
    assert deliver_due(house, "test", 10) == 1
    row = _view(house, officer, referral).row
    assert row.state.value == ("queued" if kind is TryLater else "parked")
    assert row.cause == "connector_code"


def test_a_partner_that_has_what_was_parked_in_doubt_settles_it(hub: Hub, officer: Actor) -> None:
    house = _with(hub, agy_jag=door_of(Line(raising(Unsure("no_answer", "no answer came")))))
    (referral,) = _send(house, officer, Case(asks=[JAG]))
    deliver_due(house, "test", 10)
    row = _view(house, officer, referral).row
    assert row.state.value == "parked"
    partner = somebody(hub, Role.PARTNER, "agy_jag")
    acknowledge(house, partner, row.id, "JAG/1")
    after = _view(house, officer, referral)
    assert (after.row.state.value, after.row.cause) == ("receipted", None)
    assert after.receipts[-1].partner_reference == "JAG/1"


def test_an_acknowledgement_ends_repeats_of_what_arrived_in_doubt(hub: Hub, officer: Actor) -> None:
    line = Line(raising(Unsure("no_answer", "no answer came")))
    house = _with(hub, agy_jag=door_of(line, repeats=Idempotency.BY_REFERENCE))
    (referral,) = _send(house, officer, Case(asks=[JAG]))
    deliver_due(house, "test", 10)
    row = _view(house, officer, referral).row
    assert row.state.value == "queued"
    acknowledge(house, somebody(hub, Role.PARTNER, "agy_jag"), row.id, None)
    assert isinstance(hub.house.clock, HandClock)
    hub.house.clock.move(hours=2)
    assert deliver_due(house, "test", 10) == 0
    assert _view(house, officer, referral).row.state.value == "receipted"
    assert line.came == [row.id]


@pytest.mark.parametrize("problem", [Refused("no", "no"), TryLater("later", "later")])
def test_a_partner_cannot_acknowledge_what_provably_never_left(hub: Hub, officer: Actor, problem: Exception) -> None:
    house = _with(hub, agy_jag=door_of(Line(raising(problem))))
    (referral,) = _send(house, officer, Case(asks=[JAG]))
    partner = somebody(hub, Role.PARTNER, "agy_jag")
    for _ in range(2):
        with pytest.raises(NotFound):
            acknowledge(house, partner, _view(house, officer, referral).row.id, None)
        deliver_due(house, "test", 10)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (accepting, True), (raising(Unsure("no_answer", "none")), True), (raising(Refused("no", "no")), False),
        (raising(TryLater("later", "later")), False),
    ],
)  # fmt: skip
def test_a_withdrawal_names_everybody_who_has_or_may_have_it_and_nobody_else(
    hub: Hub,
    officer: Actor,
    answer: Callable[[datetime], Receipt],
    told: bool,
) -> None:
    house = _with(hub, agy_helpline=door_of(Line(answer)))
    (referral,) = _send(house, officer, Case(asks=[HELPLINE]))
    deliver_due(house, "test", 10)
    disclosure = _view(house, officer, referral).row.id
    (consent,) = read_referral(house, officer, referral).consents
    assert withdraw(house, officer, consent.id).told_before == ((disclosure,) if told else ())


@pytest.mark.parametrize("taken", [True, False])
def test_a_pack_that_somebody_took_before_it_was_called_back_is_named(hub: Hub, officer: Actor, taken: bool) -> None:
    (referral,) = _send(hub.house, officer, Case(asks=[HELPLINE]))
    deliver_due(hub.house, "test", 10)
    disclosure = _view(hub.house, officer, referral).row
    packs = list((hub.settings.data_dir.parent / "out").iterdir())
    assert (disclosure.state.value, len(packs)) == ("prepared", 1)
    if taken:
        packs[0].unlink()
    (consent,) = read_referral(hub.house, officer, referral).consents
    done = withdraw(hub.house, officer, consent.id)
    assert done.told_before == ((disclosure.id,) if taken else ())
    assert done.cancelled == (disclosure.id,)
    assert not list((hub.settings.data_dir.parent / "out").iterdir())


def test_a_pack_that_was_handed_over_can_no_longer_be_called_back_and_is_named(hub: Hub, officer: Actor) -> None:
    (referral,) = _send(hub.house, officer, Case(asks=[HELPLINE]))
    deliver_due(hub.house, "test", 10)
    disclosure = _view(hub.house, officer, referral).row.id
    hand_over(hub.house, officer, disclosure, None)
    (consent,) = read_referral(hub.house, officer, referral).consents
    done = withdraw(hub.house, officer, consent.id)
    assert (done.told_before, done.cancelled) == ((disclosure,), ())
