"""Log lines: a static name, ids and codes from an allow-list; content never.

Third-party libraries log what they like, so their lines are cut down as well: the message as written in their code
where its values stand apart from it, else only where it was logged; of an exception its type and where it was raised.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType

from hub import metrics

FIELDS = frozenset({
    "referral", "decision", "disclosure", "attempt", "agency", "credential", "consent", "case", "outcome", "code",
    "state", "rung", "count", "size", "status", "method", "route", "worker", "landlord", "address", "seconds",
})  # fmt: skip
"""What a log line may carry beside its name."""

_SAFE = re.compile(r"[A-Za-z0-9_.:/{}-]{0,120}")


def event(logger: logging.Logger, name: str, level: int = logging.INFO, **fields: str | int | float | None) -> None:
    """Log one event. `name` is static text; `fields` must be in `FIELDS` (KeyError otherwise: a defect, not input)."""
    unknown = fields.keys() - FIELDS
    if unknown:
        raise KeyError(f"log field not on the allow-list: {sorted(unknown)}")
    metrics.EVENTS.labels(name).inc()
    logger.log(level, name, extra={"fields": fields})


class AllowListFormatter(logging.Formatter):
    """One JSON object a line, holding nothing but what the allow-list lets through."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for one record."""
        line: dict[str, str | int | float | None] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _name(record),
        }
        for name, value in getattr(record, "fields", {}).items():
            safe = not isinstance(value, str) or _SAFE.fullmatch(value) is not None
            line[name] = value if safe else "[withheld]"
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["raised_at"] = _place(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def _name(record: logging.LogRecord) -> str:
    """The static name. A stranger's line without arguments may have its values in it already: then only its place."""
    is_static = hasattr(record, "fields") or bool(record.args)
    return record.msg if is_static and isinstance(record.msg, str) else f"{record.filename}:{record.lineno}"


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-3:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))


def set_up(level: int = logging.INFO) -> None:
    """Send every logger of this process through the allow-list, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AllowListFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "asyncssh", "celery", "kombu", "amqp", "uvicorn.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
