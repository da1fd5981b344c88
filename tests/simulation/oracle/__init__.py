"""The oracle: what must be true of every history, told from ledgers, log and answers by code that is not the hub's.

The log's order is the order of commits. Its rules are written anew here; none of them asks the hub whether it is right.
"""

from tests.simulation.evidence import Evidence
from tests.simulation.oracle.deliveries import duplicated, leases, lost, ordered, unended, unlogged
from tests.simulation.oracle.heads import grew, signed
from tests.simulation.oracle.past import answered, corrected, erased, noticed, told
from tests.simulation.oracle.permission import (
    agreed,
    expired,
    introduced,
    overridden,
    suspended,
    unauthorised,
    withdrawn,
)
from tests.simulation.oracle.stopped import abandoned, hurried, packed

RULES = (
    lost, unended, duplicated, unlogged, ordered, leases, unauthorised, withdrawn, expired, suspended, agreed,
    overridden, introduced, abandoned, hurried, packed, noticed, answered, corrected, told, erased, grew, signed,
)  # fmt: skip


def judge(evidence: Evidence) -> tuple[str, ...]:
    """Everything that is wrong with a history, in words, ids and codes."""
    return tuple(f"{rule.__name__}: {said}" for rule in RULES for said in rule(evidence))
