"""In a sweep one thing that fails keeps no other waiting, and is told of by its ids."""

import json

import pytest

from hub.errors import NotTrusted, Unavailable
from hub.flow.sweeping import each
from hub.logs import AllowListFormatter


def _ids(one: str) -> dict[str, str]:
    return {"disclosure": one}


def test_what_fails_is_passed_over_and_logged_by_its_ids_and_code(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def act(one: str) -> bool:
        if one == "dsc_2":
            raise NotTrusted("CONTENT_UNREADABLE", "what it holds is not repeated in a log")
        done.append(one)
        return one != "dsc_3"

    assert each(["dsc_1", "dsc_2", "dsc_3", "dsc_4"], act, "looked_at", _ids) == 2
    assert done == ["dsc_1", "dsc_3", "dsc_4"]
    (line,) = [json.loads(AllowListFormatter().format(record)) for record in caplog.records]
    assert (line["event"], line["outcome"], line["level"]) == ("sweep_passed_over", "looked_at", "error")
    assert (line["disclosure"], line["code"]) == ("dsc_2", "CONTENT_UNREADABLE")
    assert "repeated" not in json.dumps(line)


def test_a_defect_of_ours_at_one_of_them_keeps_no_other_waiting(caplog: pytest.LogCaptureFixture) -> None:
    def act(one: str) -> bool:
        return 1 / (one != "dsc_1") > 0

    assert each(["dsc_1", "dsc_2"], act, "looked_at", _ids) == 1
    (line,) = [json.loads(AllowListFormatter().format(record)) for record in caplog.records]
    assert (line["disclosure"], line["code"]) == ("dsc_1", "ZeroDivisionError")


def test_where_nothing_can_be_stored_the_sweep_ends_at_once() -> None:
    tried: list[str] = []

    def act(one: str) -> bool:
        tried.append(one)
        raise Unavailable("STORE_UNAVAILABLE", "nothing was taken", after=5)

    with pytest.raises(Unavailable):
        each(["dsc_1", "dsc_2"], act, "looked_at", _ids)
    assert tried == ["dsc_1"]
