"""What this process counts, for whoever watches it: counters and clocks, told by `/metrics` (docs/operations.md).

Labels are codes, operations and agencies of the register. No id of a case, a referral or a disclosure is ever a label:
it would name a case to whoever watches, and each would be a series of its own for good.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

REGISTRY: Final = CollectorRegistry()
"""Of this process. Figures that all processes share are asked of the database at a scrape (`hub.watch.collector`)."""

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REFERRALS: Final = Counter("concordat_referrals_accepted", "Referrals taken and durable.", registry=REGISTRY)
DECISIONS: Final = Counter(
    "concordat_decisions", "Decisions made and durable, at intake and again at the door.", ("outcome", "at"),
    registry=REGISTRY,
)  # fmt: skip
ATTEMPTS: Final = Counter(
    "concordat_attempts", "Attempts at a partner's door by how they ended.", ("agency", "outcome"), registry=REGISTRY
)
RECEIPTS: Final = Counter(
    "concordat_receipts", "Receipts on file by how far the disclosure had come.", ("rung",), registry=REGISTRY
)
LOG_ENTRIES: Final = Counter(
    "concordat_log_entries", "Entries of the audit log, durable.", ("kind",), registry=REGISTRY
)  # fmt: skip
NOT_YET_DURABLE: Final = Gauge(
    "concordat_decisions_not_yet_durable", "Decisions made in transactions that have not committed yet; none has been "
    "told to anybody, and nothing leaves on them.", registry=REGISTRY,
)  # fmt: skip
STORE_ERRORS: Final = Counter(
    "concordat_store_errors", "Times that the database did not do what was asked, by kind.", ("kind",),
    registry=REGISTRY,
)  # fmt: skip
WRITES: Final = Histogram(
    "concordat_write_seconds", "Writing transactions that committed, from the wait for their turn to durable.",
    buckets=_SECONDS, registry=REGISTRY,
)  # fmt: skip
EVENTS: Final = Counter(
    "concordat_events", "Lines of our own in the log of this process, by their name (hint_not_said, ...).", ("event",),
    registry=REGISTRY,
)  # fmt: skip
REQUESTS: Final = Histogram(
    "concordat_request_seconds", "Requests answered, by operation of the API and class of status.",
    ("operation", "status"), buckets=_SECONDS, registry=REGISTRY,
)  # fmt: skip
PROBLEMS: Final = Counter("concordat_problems", "Problems answered, by code.", ("code",), registry=REGISTRY)
SIGN_IN_FAILURES: Final = Counter(
    "concordat_sign_in_failures", "Credentials and tries to sign in that were refused, by code of the problem.",
    ("code",), registry=REGISTRY,
)  # fmt: skip

ProcessCollector(registry=REGISTRY)
