"""The only wiring: settings to keys, store, rules, doors, house, entrances. Nothing here decides anything."""

import fcntl
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from celery import Celery
from fastapi import FastAPI

from connectors.contract import Connector
from connectors.registry import AgencyDoor, DoorsRefused, build, parse_doors
from connectors.signing import public_key_text
from hub.api.app import make_api
from hub.clock import Clock, SystemClock
from hub.decision import rulebook
from hub.delivery.doors import Doors
from hub.errors import BadInput, Conflict, NotTrusted
from hub.flow import enrol
from hub.flow.checkpoint import checkpoint
from hub.flow.house import House
from hub.keys import KeyRing, open_keys
from hub.register.agencies import Agency
from hub.settings import Settings
from hub.store import migrate
from hub.store.unit_of_work import Store
from hub.web.pages import make_pages
from hub.worker.app import make_celery
from hub.worker.hints import Hints
from protocols.agreement import Agreement
from protocols.parse import AgreementError, parse_agreement

RELEASE = version("concordat")


@dataclass(frozen=True)
class Hub:
    """A hub, wired: the house and what was set up beside it."""

    settings: Settings
    house: House
    agencies: tuple[Agency, ...]
    agreements: tuple[Agreement, ...]

    def start(self, *, alone: bool = False) -> None:
        """Bring registers up to date, check the log, log the start, and sign the head of the log.

        `alone` only for whoever holds the data folder (`hold_alone`): leases of an earlier run end at once.
        """
        enrol.start(
            self.house, release=RELEASE, embedded=self.settings.is_embedded,
            alone=alone and self.settings.is_embedded, known=self.agencies, on_file=self.agreements,
        )  # fmt: skip
        checkpoint(self.house)

    def message_key(self) -> str:
        """The public key that what we send verifies under, as partners are given it (`whpk_...`)."""
        return public_key_text(self.house.keys.signing.public_key())

    def celery(self) -> Celery:
        """The Celery app of this hub."""
        return make_celery(
            self.house, self.settings.broker, self.settings.sweep_seconds, queue_name=self.settings.queue_name
        )

    def api(self, hints: Hints) -> FastAPI:
        """The HTTP application of this hub: the API, and the pages beside it."""
        app = make_api(self.house, hints.wake, RELEASE, self.settings.max_body_bytes)
        app.include_router(make_pages(self.house))
        return app


def open_hub(settings: Settings, *, create: bool, clock: Clock | None = None) -> Hub:
    """Open a hub; with `create`, make its folder, keys and tables where missing.

    Raises NotTrusted for keys that are exposed or missing, a database of another version, or settings files that
    cannot be used; BadInput names file and field.
    """
    if create:
        make_private(settings.data_dir)
    rules = rulebook.read()
    keys = open_keys(settings.keys, create=create)
    # The files first: a hub that they stop has opened no database.
    doors = read_doors(settings.data_dir / "partners.toml")
    connectors = build_doors(doors, keys, settings)
    agreements = read_agreements(settings.data_dir / "agreements")
    store = Store(settings.database, keys, pool_size=settings.workers + 10)
    if create:
        migrate.upgrade(store.engine)
    if not migrate.is_current(store.engine):
        store.close()
        raise NotTrusted("SCHEMA_OUTDATED", "the database is of another version; run 'concordat migrate'")
    house = House(
        store=store, clock=clock or SystemClock(), rulebook=rules, doors=Doors(connectors), keys=keys,
        name=settings.hub_name, lease=timedelta(seconds=settings.lease_seconds),
        give_up_after_hours=settings.give_up_after_hours,
    )  # fmt: skip
    known = tuple(
        Agency(agency, door.kind, door.name, connectors[agency].manifest.id, _digest(door))
        for agency, door in doors.items()
    )
    return Hub(settings, house, known, agreements)


def open_scaled_out(settings: Settings) -> Hub:
    """Open a hub that runs as several processes, as `open_hub` does.

    Raises Conflict on SQLite, where one process alone may deliver: the embedded hub.
    """
    if settings.is_embedded:
        raise Conflict("NEEDS_POSTGRESQL", "this runs on PostgreSQL alone; on SQLite, 'concordat up' runs everything")
    return open_hub(settings, create=False)


def hold_alone(settings: Settings) -> TextIO:
    """Be the only embedded hub on this data folder until the file returned is closed or the process ends.

    Raises Conflict where another one runs there.
    """
    make_private(settings.data_dir)
    held = (settings.data_dir / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise Conflict("HUB_RUNS_ALREADY", "another hub runs on this data folder; stop it first") from None
    return held


def make_private(folder: Path) -> None:
    """Make a folder of mode 0700; one that is there is narrowed to it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def read_doors(path: Path) -> Mapping[str, AgencyDoor]:
    """The doors set up in `partners.toml`; none when there is no such file. Raises BadInput."""
    if not path.exists():
        return {}
    try:
        return parse_doors(path.read_text(encoding="utf-8"))
    except DoorsRefused as problem:
        raise BadInput("PARTNERS_FILE", path.name, str(problem), "see docs/connectors.md") from None


def build_doors(doors: Mapping[str, AgencyDoor], keys: KeyRing, settings: Settings) -> Mapping[str, Connector]:
    """A connector for each door; nothing is opened. Raises BadInput where one cannot be built."""
    try:
        return build(doors, keys.signing, settings.hub_name) if doors else {}
    except DoorsRefused as problem:
        raise BadInput("PARTNERS_FILE", "partners.toml", str(problem), "see docs/connectors.md") from None


def read_agreements(folder: Path) -> tuple[Agreement, ...]:
    """The agreements in a folder, by file name; none when there is no such folder. Raises BadInput."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(parse_agreement(path.read_text(encoding="utf-8"), path.name))
        except AgreementError as problem:
            raise BadInput("AGREEMENT_FILE", path.name, str(problem), "see docs/agreements.md") from None
    return tuple(found)


def _digest(door: AgencyDoor) -> str:
    """SHA-256 of a door's settings, which name files of secrets and hold none: a change of address or key shows."""
    return hashlib.sha256(door.model_dump_json().encode()).hexdigest()
