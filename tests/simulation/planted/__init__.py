"""Bugs planted on purpose, for one history: what the oracle must catch, or its silence about the rest means nothing.

Each is what somebody could have written instead of what stands there.
"""

from tests.simulation.planted.changing import IN_CHANGES
from tests.simulation.planted.delivering import IN_DELIVERY

__all__ = ["PLANTED"]

PLANTED = IN_DELIVERY | IN_CHANGES
