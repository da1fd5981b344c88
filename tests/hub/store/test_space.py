"""Room on the disk: too little is seen before it hurts, and that there is enough again is seen by itself."""

import logging
from pathlib import Path

import pytest

from hub.store.space import BELIEVED_SECONDS, Space


class Passing:
    """Time that goes by when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_disk_with_less_free_than_should_be_is_short_and_one_with_enough_is_not(tmp_path: Path) -> None:
    assert Space(tmp_path, least_free=2**62).is_short()
    assert not Space(tmp_path, least_free=1).is_short()
    assert not Space(None, least_free=2**62).is_short()


def test_a_disk_that_cannot_be_asked_is_short(tmp_path: Path) -> None:
    assert Space(tmp_path / "gone", least_free=0).is_short()


def test_a_database_that_says_it_is_full_is_believed_for_a_while_and_then_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    time = Passing()
    space = Space(None, elapsed=time)
    space.told_full()
    assert space.is_short()
    time.at += BELIEVED_SECONDS - 1
    space.told_full()
    time.at += BELIEVED_SECONDS - 1
    assert space.is_short()
    time.at += 1
    assert not space.is_short()
    assert not space.is_short()
    assert [record.message for record in caplog.records] == ["disk_is_short", "disk_has_room_again"]
