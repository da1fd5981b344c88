"""Shared: many things done one after another, each in its own transaction; one that fails keeps no other waiting."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from hub.errors import ConcordatError, Unavailable
from hub.logs import event

T = TypeVar("T")

_log = logging.getLogger(__name__)


def each(many: Iterable[T], act: Callable[[T], bool], failed: str, ids: Callable[[T], dict[str, str]]) -> int:
    """Do it with each; returns with how many it was done.

    What fails, whatever by, stays due for the next time, and is logged as `sweep_passed_over` with `failed` (what was
    not done), its ids and the error's code. Raises Unavailable: nothing can be made durable now.
    """
    return sum([_is_done(one, act, failed, ids) for one in many])


def _is_done(one: T, act: Callable[[T], bool], failed: str, ids: Callable[[T], dict[str, str]]) -> bool:
    try:
        return act(one)
    except Unavailable:
        raise
    except ConcordatError as problem:
        event(_log, "sweep_passed_over", logging.ERROR, outcome=failed, code=problem.code, **ids(one))
    except Exception as problem:  # noqa: BLE001 - a defect of ours at one of them
        event(_log, "sweep_passed_over", logging.ERROR, outcome=failed, code=type(problem).__name__, **ids(one))
    return False
