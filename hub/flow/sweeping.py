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

    What fails stays due for the next time, and is logged under the name `failed` with its ids and the error's code.
    Raises Unavailable: nothing can be made durable now, neither this nor the next.
    """
    return sum([_is_done(one, act, failed, ids) for one in many])


def _is_done(one: T, act: Callable[[T], bool], failed: str, ids: Callable[[T], dict[str, str]]) -> bool:
    try:
        return act(one)
    except Unavailable:
        raise
    except ConcordatError as problem:
        event(_log, failed, logging.ERROR, code=problem.code, **ids(one))
        return False
