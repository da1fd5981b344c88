"""Shared: what one row failed by is its own, and it alone is parked; the store's trouble is that of all rows."""

import logging

from hub.errors import ConcordatError
from hub.logs import event
from hub.store.troubles import is_of_the_store

_log = logging.getLogger(__name__)


def code_of(problem: Exception, disclosure_id: str) -> str:
    """The code under which a disclosure is parked that could not be decided, whatever it failed by.

    Raises the problem itself where it is no row's own: the store makes nothing durable now.
    """
    if is_of_the_store(problem):
        raise problem
    if isinstance(problem, ConcordatError):
        return problem.code
    # A defect of ours, of the rules or of a connector. Nothing goes on it, and what is behind it must not wait for it.
    event(_log, "not_decided", logging.ERROR, disclosure=disclosure_id, code=type(problem).__name__)
    return "UNDECIDABLE"
