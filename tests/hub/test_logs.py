"""Log lines hold ids and codes from a list; nothing that a person wrote gets through, whoever logs it."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.logs import FIELDS, AllowListFormatter, event, set_up

CANARY = "Qanaryzq77 Example"


def _line(record: logging.LogRecord) -> dict[str, object]:
    text = AllowListFormatter().format(record)
    assert "\n" not in text
    found: dict[str, object] = json.loads(text)
    return found


def _record(message: object, *args: object, **more: object) -> logging.LogRecord:
    return logging.getLogger("stranger").makeRecord(
        "stranger", logging.ERROR, "/somewhere/stranger.py", 7, message, args, None, extra=more
    )  # fmt: skip


def test_an_event_is_its_name_and_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        event(logging.getLogger("hub.test"), "something_happened", disclosure="dsc_1", count=3, seconds=0.5)
    line = _line(caplog.records[0])
    assert (line["event"], line["disclosure"], line["count"], line["seconds"]) == (
        "something_happened",
        "dsc_1",
        3,
        0.5,
    )
    assert (line["level"], line["logger"]) == ("info", "hub.test")


def test_a_field_that_is_not_on_the_list_is_a_defect_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(KeyError):
        event(logging.getLogger("hub.test"), "something_happened", surname="x")
    assert not caplog.records


def test_no_field_on_the_list_is_a_word_for_personal_data() -> None:
    assert not FIELDS & {
        "name",
        "person",
        "subject",
        "phone",
        "email",
        "text",
        "message",
        "body",
        "reason",
        "exception",
    }


@given(st.text(min_size=1, max_size=200).filter(lambda text: not text.isascii() or " " in text or "@" in text))
def test_a_value_that_is_no_code_is_withheld(text: str) -> None:
    assert _line(_record("name", fields={"code": text}))["code"] == "[withheld]"


def test_a_strangers_values_are_not_put_into_its_message() -> None:
    line = _line(_record("cannot deliver to %s", CANARY))
    assert line["event"] == "cannot deliver to %s"
    assert CANARY not in json.dumps(line)


@pytest.mark.parametrize("message", [f"cannot deliver to {CANARY}", ValueError(CANARY), [CANARY]])
def test_of_a_strangers_finished_message_only_the_place_is_logged(message: object) -> None:
    line = _line(_record(message))
    assert line["event"] == "stranger.py:7"
    assert CANARY not in json.dumps(line)


def test_of_an_exception_only_its_kind_and_place_are_logged() -> None:
    try:
        int(CANARY)
    except ValueError as problem:
        record = _record("failed: %s", CANARY)
        record.exc_info = (type(problem), problem, problem.__traceback__)
    line = _line(record)
    assert line["error"] == "ValueError"
    assert str(line["raised_at"]).startswith("test_logs.py:")
    assert CANARY not in json.dumps(line)


def test_extra_attributes_that_a_stranger_adds_are_not_logged() -> None:
    assert CANARY not in json.dumps(_line(_record("a %s", 1, patient=CANARY)))


def test_every_logger_of_the_process_goes_through_the_list(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up()
        for name in ("hub.flow", "uvicorn.error", "sqlalchemy.engine", "asyncssh", "never.heard.of"):
            logging.getLogger(name).warning(f"about {CANARY}")  # noqa: G004 - what a careless stranger does
        logging.getLogger("httpx").info("GET https://partner.example/%s", CANARY)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    told = capfd.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 5
    assert CANARY not in told.err
