"""Whatever a connector gives back or raises, the doors answer in one of four ways, and each of them can be settled."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan
from typing import Any

import pytest

from connectors.contract import Message, Receipt, Refused, Rung, TryLater, Unsure
from hub.delivery.doors import Attempted, AttemptOutcome, Doors
from hub.errors import Conflict
from protocols.disclosure import Disclosure
from tests.connectors.conftest import GRAFFITI, disclosure
from tests.delivering import Line, raising, said

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
GOOD = Receipt(Rung.ACCEPTED, NOW, "250 ok", "REF 1")
FAULT = Attempted(AttemptOutcome.UNSURE, code="connector_fault")
UNPAIRED = "caf\udce9"
BEYOND_EXCEPTION = [SystemExit(1), asyncio.CancelledError(), GeneratorExit()]


class Doubtful(TryLater):
    """A stranger's own kind, which forgot what it is made of."""

    def __init__(self) -> None:
        Exception.__init__(self, "wait")
        self.code = 503  # type: ignore[assignment]


def _odd(**fields: Any) -> Receipt:  # noqa: ANN401 - of whatever type
    return replace(GOOD, **fields)


def _doors(line: Line) -> Doors:
    return Doors({"agy_police": line.connector()})


def _sent(answer: Callable[[datetime], Any]) -> Attempted:
    message = Message("dsc_1", "R-1", "text/plain", "x.txt", "x", b"x", frozenset())
    return _doors(Line(answer)).send("agy_police", message, "dsc_1", NOW)


def test_what_keeps_the_contract_is_handed_on_as_it_is() -> None:
    assert _sent(lambda _at: GOOD) == Attempted(AttemptOutcome.DONE, GOOD)
    assert _sent(raising(Refused("no", "no"))) == Attempted(AttemptOutcome.REFUSED, code="no")
    assert _sent(raising(Unsure("no_answer", "no"))) == Attempted(AttemptOutcome.UNSURE, code="no_answer")


@pytest.mark.parametrize(
    "odd",
    [
        None, "250 ok", _odd(rung=2), _odd(rung=None), _odd(at=NOW.replace(tzinfo=None)),
        _odd(at="now"), _odd(at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))),
        _odd(evidence=None), _odd(evidence=UNPAIRED), _odd(partner_reference=7),
        _odd(partner_reference=UNPAIRED),
    ],
    ids=str,
)  # fmt: skip
def test_a_receipt_that_is_none_leaves_unknown_whether_it_arrived(odd: object) -> None:
    assert _sent(lambda _at: odd) == FAULT


@pytest.mark.parametrize("problem", [*BEYOND_EXCEPTION, KeyError("x"), Doubtful()], ids=lambda one: type(one).__name__)
def test_whatever_is_raised_an_attempt_has_an_end(problem: BaseException) -> None:
    assert _sent(raising(problem)) == FAULT


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(None, None), (0, 0.0), (90, 90.0), (86_400.0, 86_400.0), (1e12, 86_400.0), (10**400, 86_400.0), (-1, None),
     (inf, None), (-inf, None), (nan, None), ("90", None), (timedelta(seconds=9), None)],
)  # fmt: skip
def test_a_partner_is_given_the_time_it_asks_for_where_that_is_a_time_and_a_day_at_the_most(
    asked: Any,  # noqa: ANN401 - what a connector may hand over
    waits: float | None,
) -> None:
    assert _sent(raising(TryLater("http_503", "later", asked))).after_seconds == waits


@pytest.mark.parametrize("code", [None, 503, "Not A Code", UNPAIRED])
def test_a_code_that_may_not_stand_in_the_log_is_told_as_such(code: Any) -> None:  # noqa: ANN401 - as above
    assert _sent(raising(Refused(code, "no"))) == Attempted(AttemptOutcome.REFUSED, code="connector_code")


def _one() -> Disclosure:
    return disclosure(*GRAFFITI)


@pytest.mark.parametrize(
    "odd",
    [{"paths": []}, {"paths": None}, {"body": "x"}, {"body": None}, {"filename": None}, {"subject": UNPAIRED},
     {"disclosure_id": 1}],
    ids=str,
)  # fmt: skip
def test_a_message_that_is_none_is_a_fault_of_the_connector(odd: dict[str, Any]) -> None:
    line = Line(render=lambda disclosure: replace(said(disclosure), **odd))
    with pytest.raises(Conflict) as refused:
        _doors(line).render("agy_police", _one())
    assert refused.value.code == "CONNECTOR_FAULT"


@pytest.mark.parametrize("problem", BEYOND_EXCEPTION, ids=lambda one: type(one).__name__)
def test_rendering_and_taking_back_end_in_a_fault_of_the_connector_whatever_they_raise(problem: BaseException) -> None:
    with pytest.raises(Conflict) as refused:
        _doors(Line(render=raising(problem))).render("agy_police", _one())
    assert refused.value.code == "CONNECTOR_FAULT"
    line = Line()
    line.recall = raising(problem)  # type: ignore[attr-defined]
    with pytest.raises(Conflict) as refused:
        _doors(line).recall("agy_police", "x.json")
    assert refused.value.code == "RECALL_FAILED"


def test_an_attempt_takes_its_time_out_where_that_fits_into_a_lease_and_a_quarter_of_it_otherwise() -> None:
    lease = timedelta(seconds=120)
    doors = Doors({}, timeouts={"agy_police": 90.0, "agy_social": 120.0})
    assert doors.takes("agy_police", lease) == timedelta(seconds=90)
    assert doors.takes("agy_social", lease) == doors.takes("agy_jag", lease) == timedelta(seconds=30)
    assert doors.outlasting(lease) == ("agy_social",)
