"""The bare stack: FastAPI POST, one commit, one Celery task, HTTPS POST, one commit of the receipt. Nothing else.

What one would write in an afternoon, on the same database, broker, libraries and receiver as the hub: no deciding, no
encryption, no log, no lease, no sweep. `python -m bench.bare_stack api|worker|both` with its places in the environment.
"""

import json
import os
import secrets
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx
import uvicorn
from celery import Celery
from celery.app.trace import setup_worker_optimizations
from celery.worker import WorkController
from fastapi import FastAPI
from sqlalchemy import (
    Column,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hub.api.listening import listen

METADATA = MetaData()
ITEMS = Table(
    "bare_item", METADATA, Column("id", String(40), primary_key=True), Column("body", LargeBinary, nullable=False),
    Column("receipt", String(40)),
)  # fmt: skip
_THREADS = 8  # the fastest of those measured (threads 8 before prefork 1 and 2)


class Bare:
    """Both halves, on the places that the environment names."""

    def __init__(self) -> None:
        """Connect lazily; the table is made where it is missing."""
        database, broker = os.environ["BARE_DATABASE"], os.environ["BARE_BROKER"]
        self.engine = _engine(database)
        METADATA.create_all(self.engine)
        # One writer on SQLite, as in the hub: without a queue in the process its worst case is a second.
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer: AbstractContextManager[object] = threading.Lock() if is_sqlite else nullcontext()
        self._target = os.environ["BARE_TARGET"]
        self._partner = httpx.Client(verify=os.environ["BARE_CA"], trust_env=False, timeout=20)
        self.celery = Celery("bare", broker=broker, backend=None, set_as_current=False)
        self.celery.conf.update(
            task_default_queue=os.environ["BARE_QUEUE"], task_ignore_result=True, task_acks_late=True,
            worker_prefetch_multiplier=4, worker_enable_remote_control=False, worker_hijack_root_logger=False,
            broker_transport_options=(
                {"confirm_publish": True} if broker.startswith("amqp") else {"polling_interval": 0.02}
            ),
        )  # fmt: skip
        if broker.startswith("amqp"):
            self.celery.conf.update(task_default_queue_type="quorum", worker_detect_quorum_queues=True)

        def deliver(item: str) -> None:
            self.deliver(item)

        self.task = self.celery.task(deliver, name="deliver", shared=False)

    def deliver(self, item: str) -> None:
        """POST one item and keep the receipt."""
        with self.engine.connect() as connection:
            body = connection.execute(select(ITEMS.c.body).where(ITEMS.c.id == item)).scalar_one()
        answer = self._partner.post(self._target, content=bytes(body), headers={"webhook-id": item})
        with self._writer, self.engine.begin() as connection:
            connection.execute(update(ITEMS).where(ITEMS.c.id == item).values(receipt=str(answer.status_code)))

    def take(self, body: bytes) -> str:
        """Keep one item and queue it."""
        item = secrets.token_hex(16)
        with self._writer, self.engine.begin() as connection:
            connection.execute(insert(ITEMS).values(id=item, body=body))
        self.task.delay(item)
        return item

    def api(self) -> FastAPI:
        """The half that accepts."""
        app = FastAPI()

        @app.post("/v1/referrals", status_code=201)
        def send(referral: dict[str, Any]) -> dict[str, str]:
            return {"referral": self.take(json.dumps(referral).encode())}

        return app


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=20, max_overflow=20)
    engine = create_engine(url, pool_size=20, max_overflow=20)

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            connection.cursor().execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", prepare)
    return engine


def main(half: str) -> None:
    """Run one half, or both in one process."""
    bare = Bare()
    if half == "worker":
        bare.celery.worker_main(["worker", "--pool", "threads", "--concurrency", str(_THREADS), "--loglevel", "ERROR",
                                 "--without-mingle", "--without-gossip", "--without-heartbeat"])  # fmt: skip
        return
    if half == "both":
        setup_worker_optimizations(bare.celery, "bare")
        worker = WorkController(app=bare.celery, pool_cls="threads", concurrency=_THREADS, hostname="bare",
                                without_mingle=True, without_gossip=True, without_heartbeat=True)  # fmt: skip
        threading.Thread(target=worker.start, daemon=True).start()
    listening = listen("127.0.0.1", 0)
    sys.stdout.write(f"running at http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(bare.api(), log_config=None, access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main(sys.argv[1])
