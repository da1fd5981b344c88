"""The only wiring: settings to keys, store, rules, doors, house, entrances. Nothing here decides anything."""

import fcntl
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from celery import Celery
from fastapi import FastAPI

from connectors.contract import Connector
from connectors.registry import AgencyDoor, DoorsRefused, build, parse_doors, timeout_of
from connectors.signing import public_key_text
from hub.access.oidc import Provider, is_safe
from hub.access.passkeys import RelyingParty
from hub.api.app import make_api
from hub.audit.asking import Witnesses
from hub.audit.policy import PolicyError, parse_policy
from hub.clock import AlwaysSteady, Clock, SystemClock, SystemWatch
from hub.decision import rulebook
from hub.delivery.backlog import Backlog
from hub.delivery.checkpoint_mail import read_checkpoint_mail
from hub.delivery.doors import Doors
from hub.errors import BadInput, ConcordatError, Conflict, NotTrusted
from hub.flow import enrol, find_again, still, witness
from hub.flow.checkpoint import checkpoint
from hub.flow.house import House
from hub.flow.readiness import Looked, Readiness
from hub.flow.rotate import open_own_key
from hub.keys import KeyRing, KeySource, open_keys
from hub.logs import event
from hub.register.agencies import Agency
from hub.settings import Settings
from hub.store import migrate, walls
from hub.store.space import Space
from hub.store.unit_of_work import Store
from hub.watch.process import Watched
from hub.web.pages import make_pages
from hub.worker.app import make_celery
from hub.worker.broker import BrokerProbe
from hub.worker.courier import Courier
from protocols.agreement import Agreement
from protocols.parse import AgreementError, parse_agreement

RELEASE = version("concordat")

_log = logging.getLogger(__name__)

_ENTERED_AT_START = 500
"""Cases of before that are entered in the index of persons before the hub serves; the sweep goes on with the rest."""


@dataclass(frozen=True)
class Hub:
    """A hub, wired: the house and what was set up beside it."""

    settings: Settings
    house: House
    agencies: tuple[Agency, ...]
    agreements: tuple[Agreement, ...]

    def start(self, *, alone: bool = False) -> None:
        """Bring registers up to date, check the log, log the start, sign its head, and have it witnessed.

        `alone` only for whoever holds the data folder (`hold_alone`): leases of an earlier run end at once.
        """
        enrol.start(
            self.house, release=RELEASE, embedded=self.settings.is_embedded,
            alone=alone and self.settings.is_embedded, known=self.agencies, on_file=self.agreements,
        )  # fmt: skip
        checkpoint(self.house)
        find_again.enter_missing(self.house, _ENTERED_AT_START)
        witness.ask(self.house)

    def message_key(self) -> str:
        """The public key that what we send verifies under, as partners are given it (`whpk_...`)."""
        return public_key_text(self.house.keys.signing.public_key())

    def courier(self) -> Courier:
        """Who delivers in this process; running. The log names each door that may take longer than a lease lasts."""
        for agency in self.house.doors.outlasting(self.house.lease):
            event(_log, "lease_too_short", logging.WARNING, agency=agency, seconds=self.house.lease.total_seconds())
        return Courier(self.house, self.settings.workers, self.settings.sweep_seconds)

    def celery(self, wake: Callable[[], None] = lambda: None) -> Celery:
        """The Celery app of this hub; `wake` is the courier's of this process, if it has one."""
        return make_celery(
            self.house, self.settings.broker, self.settings.sweep_seconds, queue_name=self.settings.queue_name,
            wake=wake,
        )  # fmt: skip

    def readiness(self, broker_is_away: Callable[[], bool]) -> Readiness:
        """Whether this hub can take a referral now. `broker_is_away` must answer at once."""
        disk = Space(self.settings.data_dir, self.settings.disk_floor_mb * 1024 * 1024)
        # Of the embedded hub it is the database's own, which is looked at in any case.
        against = {} if self.settings.is_embedded else {"DISK_LOW": disk.is_short}
        return Readiness(self.house, beside={"BROKER_AWAY": broker_is_away}, against=against)

    def watched(self, app: Celery) -> Watched:
        """What this process shows to whoever watches it; running. `app` is whose broker is looked at."""
        readiness = self.readiness(BrokerProbe(app).is_away)
        return Watched(
            self.house, readiness.now, RELEASE, host=self.settings.metrics_host, port=self.settings.metrics_port,
            otlp_endpoint=self.settings.otlp_endpoint,
        )  # fmt: skip

    def api(
        self, wake: Callable[[Sequence[str]], None], readiness: Callable[[], Looked] | None = None
    ) -> FastAPI:  # fmt: skip
        """The HTTP application of this hub: the API, and the pages beside it. `wake` is told what is ready to go."""
        app = make_api(
            self.house, wake, RELEASE, self.settings.max_body_bytes, self.settings.proxy_secret, readiness,
            self.settings.most_requests,
        )  # fmt: skip
        app.include_router(make_pages(self.house))
        return app


def open_hub(settings: Settings, *, create: bool, clock: Clock | None = None) -> Hub:
    """Open a hub; with `create`, make its folder, keys and tables where missing, on PostgreSQL as the tables' owner.

    Raises NotTrusted for keys that are exposed or missing, a database of another version or that does not keep
    landlords apart, or settings files that cannot be used; BadInput names file and field.
    """
    if create:
        make_private(settings.data_dir)
    rules = rulebook.read()
    keys = open_keys(settings.keys, create=create, source=KeySource(settings.root_key, settings.root_key_before))
    # The files first: a hub that they stop has opened no database.
    doors = read_doors(settings.data_dir / "partners.toml")
    connectors = build_doors(doors, keys, settings)
    agreements = read_agreements(settings.data_dir / "agreements")
    witnesses = read_witnesses(settings, keys, (clock or SystemClock()).now())
    checkpoint_mail = read_checkpoint_mail(settings.data_dir, settings.hub_name)
    store = Store(
        settings.database, keys, pool_size=settings.workers + 10, least_free=settings.disk_floor_mb * 1024 * 1024
    )
    try:
        _make_ready(store, settings.query_role, create=create)
    except ConcordatError:
        store.close()
        raise
    house = House(
        store=store, clock=clock or SystemClock(), rulebook=rules, doors=hub_doors(doors, connectors), keys=keys,
        name=settings.hub_name, lease=timedelta(seconds=settings.lease_seconds),
        party=RelyingParty(settings.public_url, settings.hub_name), provider=read_provider(settings),
        session_idle=timedelta(minutes=settings.session_idle_minutes),
        session_lasting=timedelta(hours=settings.session_hours),
        cooling_off=timedelta(hours=settings.cooling_off_hours),
        give_up_after_hours=settings.give_up_after_hours, max_attachment_bytes=settings.max_attachment_bytes,
        watch=AlwaysSteady() if clock else SystemWatch(timedelta(seconds=settings.lease_seconds)),
        backlog=Backlog(settings.most_waiting), hold=timedelta(minutes=settings.hold_minutes),
        witnesses=witness.remembering(store, witnesses), checkpoint_mail=checkpoint_mail,
    )  # fmt: skip
    open_own_key(house)
    still.hear(house)
    known = tuple(
        Agency(agency, door.kind, door.name, connectors[agency].manifest.id, _digest(door), capacities=door.capacities)
        for agency, door in doors.items()
    )
    return Hub(settings, house, known, agreements)


def _make_ready(store: Store, query_role: str | None, *, create: bool) -> None:
    if create:
        migrate.upgrade(store.engine)
    with store.engine.begin() as connection:
        if create:
            walls.admit(connection, query_role, store.keys)
        else:
            walls.stand(connection)
    if not migrate.is_current(store.engine):
        raise NotTrusted("SCHEMA_OUTDATED", "the database is of another version; run 'concordat migrate'")


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


def read_witnesses(settings: Settings, keys: KeyRing, began: datetime) -> Witnesses:
    """Who must witness the log, as `witnesses.policy` in the data folder says (C2SP tlog-policy); nobody without it.

    Raises BadInput naming the line that is wrong.
    """
    path = settings.data_dir / "witnesses.policy"
    if not path.exists():
        return Witnesses()
    try:
        policy = parse_policy(path.read_text(encoding="utf-8"), keys.public_keys())
    except (PolicyError, UnicodeDecodeError) as problem:
        raise BadInput("POLICY_WRONG", path.name, str(problem), "see docs/witnessing.md") from None
    return Witnesses(policy, began, ca_file=settings.witness_ca_file)


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


def read_provider(settings: Settings) -> Provider | None:
    """The OpenID provider that is set up, if any. Raises BadInput for one that is not set up whole, or without TLS."""
    given = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file)
    issuer, client, secret = given
    if issuer is None and client is None and secret is None:
        return None
    if issuer is None or client is None or secret is None or not is_safe(issuer) or not settings.oidc_two_factors:
        raise BadInput("OIDC_SETTINGS", "oidc_issuer", "not all of the provider is set, or it has no TLS",
                       "see docs/signing-in.md")  # fmt: skip
    return Provider(issuer, client, secret.read_text().strip(), f"{settings.public_url}/v1/sign-in/oidc/callback",
                    frozenset(settings.oidc_two_factors.split()))  # fmt: skip


def read_agreements(folder: Path) -> tuple[Agreement, ...]:
    """The agreements in a folder, by file name; none when there is no such folder. Raises BadInput."""
    return tuple(read_agreement_file(path) for path in sorted(folder.glob("*.toml")))


def read_agreement_file(path: Path) -> Agreement:
    """The agreement that a file holds. Raises BadInput with every defect found."""
    try:
        return parse_agreement(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError:
        raise BadInput("AGREEMENT_FILE", path.name, "is not UTF-8", "save it as UTF-8") from None
    except AgreementError as problem:
        raise BadInput("AGREEMENT_FILE", path.name, str(problem), "see docs/agreements.md") from None


def hub_doors(doors: Mapping[str, AgencyDoor], connectors: Mapping[str, Connector]) -> Doors:
    """The doors as delivery uses them, each with the digest it is pinned by and the addresses its settings name."""
    return Doors(
        connectors, {agency: _digest(door) for agency, door in doors.items()},
        {agency: tuple(map(str, door.settings.values())) for agency, door in doors.items()},
        {agency: door.pace for agency, door in doors.items()},
        {agency: known for agency, door in doors.items() if (known := timeout_of(door)) is not None},
    )  # fmt: skip


def _digest(door: AgencyDoor) -> str:
    """SHA-256 of a door's settings, which name files of secrets and hold none: a change of address or key shows."""
    # How often and when is no matter of where to; and doors of before have the digest of before.
    left_out = {"pace"} if door.capacities else {"pace", "capacities"}
    return hashlib.sha256(door.model_dump_json(exclude=left_out).encode()).hexdigest()
