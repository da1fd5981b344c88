"""What the database tells of itself: whether a commit is on the disk when it returns, and what time it has."""

from datetime import datetime

from sqlalchemy import func, select

from hub.store.unit_of_work import Reading


def commits_are_durable(tx: Reading) -> bool:
    """Whether a power cut takes nothing that was committed. SQLite: as we set it for each connection."""
    if tx.is_sqlite:
        return True
    row = tx.connection.execute(
        select(func.current_setting("fsync").label("fsync"), func.current_setting("synchronous_commit").label("waits"))
    ).one()
    return bool(row.fsync == "on" and row.waits != "off")


def time_there(tx: Reading) -> datetime | None:
    """The time that the database server has; None where it is this machine's."""
    if tx.is_sqlite:
        return None
    found: datetime = tx.connection.execute(select(func.clock_timestamp())).scalar_one()
    return found
