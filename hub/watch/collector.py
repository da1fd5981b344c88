"""The figures that all processes share, asked of the database at a scrape; counters are each process's own."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hub.errors import ConcordatError
from hub.flow.house import House
from hub.flow.readiness import Looked
from hub.flow.status import Figures, figures

_FRESH: Final = 5.0
"""Seconds for which figures are told again: counting a long queue is not free."""

_SHARE: Final = 20
"""Counting takes at most one part in so many of the time, however much waits and however often somebody scrapes."""

Family = GaugeMetricFamily


class HubCollector(Collector):
    """Figures of the hub, as Prometheus has them."""

    def __init__(self, house: House, readiness: Callable[[], Looked]) -> None:
        """Nothing is asked before somebody scrapes."""
        self._house, self._readiness = house, readiness
        self._lock = threading.Lock()
        self._found: Figures | None = None
        self._until = 0.0

    def describe(self) -> Iterable[Family]:
        """Nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Family]:
        """All families. Where the store does not answer that is told, and what this process counts remains."""
        looked = self._readiness()
        yield _plain("concordat_ready", "1 when a referral sent now would be durable.", not looked.unready)
        yield _by("concordat_reason", "Why the hub is not ready, or is degraded.", "code",
                  dict.fromkeys([*looked.unready, *looked.degraded], 1))  # fmt: skip
        try:
            found = self._figures()
        except ConcordatError:
            yield _plain("concordat_figures_known", "1 when the figures below could be had.", 0)
            return
        yield _plain("concordat_figures_known", "1 when the figures below could be had.", 1)
        yield from _queues(found)
        yield from _needing_a_person(found)
        yield from _house(found)

    def _figures(self) -> Figures:
        with self._lock:
            began = time.monotonic()
            if self._found is None or began >= self._until:
                self._found = figures(self._house)
                ended = time.monotonic()
                self._until = ended + max(_FRESH, (ended - began) * _SHARE)
            return self._found


def _queues(found: Figures) -> Iterator[Family]:
    labels = ("lane", "agency")
    waiting = Family("concordat_queue_waiting", "Disclosures that wait for a worker.", labels=labels)
    due = Family("concordat_queue_due", "Those of them that may go now.", labels=labels)
    late = Family("concordat_queue_late_seconds", "How long the oldest of these has been free to go.", labels=labels)
    age = Family("concordat_queue_age_seconds", "How long ago the oldest that waits was taken in.", labels=labels)
    for queue in found.queues.queues:
        for family, value in ((waiting, queue.waiting), (due, queue.due), (late, _seconds(found.late(queue))),
                              (age, _since(found, queue.accepted_at))):  # fmt: skip
            family.add_metric((queue.lane, queue.agency), value)
    yield from (waiting, due, late, age)
    yield _plain("concordat_oldest_unsent_seconds", "How long ago the oldest that waits was taken in, of all queues.",
                 _since(found, found.oldest_unsent))  # fmt: skip
    yield _by("concordat_in_flight", "Attempts under way.", "agency", found.queues.in_flight)
    states = Family("concordat_disclosures", "Disclosures not settled, by state.", labels=("state", "agency"))
    for state, counts in found.queues.by_state.items():
        for agency, count in counts.items():
            states.add_metric((state.value, agency), count)
    yield states
    breakers = Family("concordat_breaker", "1 for the state of each door that was used.", labels=("agency", "state"))
    for agency, door in found.queues.doors.items():
        breakers.add_metric((agency, door.state.value), 1)
    yield breakers


def _needing_a_person(found: Figures) -> Iterator[Family]:
    yield _by("concordat_held_overdue", "Held disclosures that nobody answered in time.", "agency",
              found.queues.held_overdue)  # fmt: skip
    yield _by("concordat_receipts_overdue", "Disclosures whose partner has not answered in time.", "agency",
              found.queues.receipts_overdue)  # fmt: skip


def _house(found: Figures) -> Iterator[Family]:
    yield _plain("concordat_log_size", "Entries of the audit log.", found.log.size)
    yield _plain("concordat_log_unsigned", "Entries that no checkpoint covers yet.", found.log.unsigned)
    yield _plain("concordat_decisions_unsigned", "Decisions among them.", found.log.decisions_unsigned)
    yield _plain("concordat_checkpoint_age_seconds", "How long ago the head of the log was signed.",
                 _since(found, found.log.signed_at))  # fmt: skip
    if found.free_bytes is not None:
        yield _plain("concordat_disk_free_bytes", "Free on the disk of the embedded database.", found.free_bytes)


def _plain(name: str, says: str, value: float) -> Family:
    return Family(name, says, value=value)


def _by(name: str, says: str, label: str, values: Mapping[str, int]) -> Family:
    family = Family(name, says, labels=(label,))
    for of, value in values.items():
        family.add_metric((of,), value)
    return family


def _since(found: Figures, at: datetime | None) -> float:
    return _seconds(found.at - at) if at is not None else 0.0


def _seconds(time_gone: timedelta) -> float:
    return max(0.0, time_gone.total_seconds())
