"""A hub in this process, with partners that need no server: one is handed packs in a folder, another collects."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, make_url

from hub.access.roles import LANDLORD_ROLES, Actor, AuthoriserKind, Role, Strength
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.bootstrap import Hub, open_hub
from hub.clock import Clock
from hub.delivery import introductions
from hub.flow import agree, document, enrol
from hub.flow.document import NewDocument
from hub.ids import Prefix, new_id
from hub.register.documents import Kind
from hub.settings import Settings
from hub.store import migrate
from hub.store.scope import NOBODY, of_landlord
from tests.cases import KINDS, write_agreements
from tests.servers import POSTGRES_URL, as_owner, copy_over, fresh_database, owning, query_role

LMH = of_landlord("LMH")
"""Whose cases most tests write."""

PARTNERS = {
    "agy_police": "police", "agy_social": "social_services", "agy_helpline": "stop_hate_uk", "agy_jag": "jag_citysafe",
    "agy_fire": "fire", "agy_refusing": "police", "agy_advice": "stop_hate_uk",
}  # fmt: skip


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def move(self, **by: float) -> None:
        """Go forward."""
        self.at += timedelta(**by)


def open_test_hub(
    data: Path, url: str, clock: Clock | None = None, *, create: bool = True, hold_minutes: float = 0,
    introduced: bool = True, answers: Mapping[str, str] | None = None,
) -> Hub:  # fmt: skip
    """A started hub. `agy_fire` collects; `agy_advice` is mailed through a relay that never answers; every other
    partner is carried to, in the folder `out` beside `data`. Routine sharing waits for nothing, and the landlords know
    all agencies, unless said otherwise. `answers`: what is awaited of an agency, as its door says it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    carried = f'transport = "carried"\nsettings = {{ folder = "{data.parent / "out"}" }}'
    ways = {
        "agy_fire": 'transport = "collection"',
        "agy_advice": 'transport = "secure_email"\nsettings = { host = "127.0.0.1", port = 1, '
        'sender = "hub@homes.harbour.example", recipient = "cases@advice.example" }',
    }
    doors = [
        f'[agencies.{agency}]\nkind = "{KINDS[agency]}"\nname = "{agency} example"\npartner = "{partner}"\n'
        f"{ways.get(agency, carried)}\n"
        + (f"[agencies.{agency}.pace.answers]\n{answers[agency]}\n" if answers and agency in answers else "")
        for agency, partner in PARTNERS.items()
    ]
    (data / "partners.toml").write_text("\n".join(doors), encoding="utf-8")
    write_agreements(data / "agreements")
    settings = Settings(data_dir=data, database_url=url, hold_minutes=hold_minutes)
    if create and settings.is_embedded:
        _lay_down(make_url(url).database)
    elif create:
        migrate_as_owner(data, url)
    hub = open_hub(settings, create=create and settings.is_embedded, clock=clock)
    hub.start()
    document.set_policy_document(hub.house, None, "LMH", hub.house.clock.now() + timedelta(days=300))
    put_in_force(hub)
    if introduced:
        introduce_everybody(hub)
    return hub


def _lay_down(database: str | None) -> None:
    """Where there is no database yet, one that was migrated before: doing it for every test takes half of all time."""
    if database is not None and not Path(database).exists():
        file = Path(database)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        engine = create_engine(f"sqlite:///{file}")
        migrate.upgrade(engine)
        engine.dispose()
        return file.read_bytes()


@cache
def _migrated_on_postgresql() -> str:
    made = fresh_database()
    url = made.__enter__()
    atexit.register(made.__exit__, None, None, None)
    with owning(url) as owner:
        migrate.upgrade(owner)
    return url


@contextmanager
def migrated_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a database of one's own, of that kind, that was migrated before; on SQLite in `folder`."""
    if kind == "sqlite":
        file = folder / "concordat.sqlite3"
        _lay_down(str(file))
        yield f"sqlite:///{file}"
        return
    with fresh_database(template=_migrated_on_postgresql()) as url:
        yield url


def introduce_everybody(hub: Hub) -> None:
    """Have every landlord of these tests know every agency."""
    for landlord in ("LMH", "OHG"):
        with hub.house.store.write(of_landlord(landlord)) as tx:
            for agency in PARTNERS:
                introductions.record(tx, landlord, agency, introductions.BY_RELEASE, hub.house.clock.now())


def migrate_as_owner(data: Path, url: str, server_url: str = POSTGRES_URL) -> None:
    """What `concordat migrate` does, by the owner of a `fresh_database`, for the role of its URL."""
    if server_url == POSTGRES_URL:
        copy_over(url, _migrated_on_postgresql())
    owner = Settings(data_dir=data, database_url=as_owner(url, server_url), query_role=query_role(url))
    open_hub(owner, create=True).house.store.close()


def put_in_force(hub: Hub) -> None:
    """Have two people approve what is on file for LMH, and the assessment of its routine sharing on record."""
    drafts = [seen.paper.reference for seen in agree.list_agreements(hub.house, None) if seen.life == "draft"]
    if drafts:
        people = [new_id(Prefix.PERSON), new_id(Prefix.PERSON)]
        agree.take_here(hub.house, "LMH", drafts, agree.Step.APPROVED, people)
    until = hub.house.clock.now() + timedelta(days=300)
    document.record(hub.house, None, "LMH", NewDocument(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, None, None, until))


EVERY_KIND = frozenset(AuthoriserKind)


def somebody(
    hub: Hub, role: Role, agency: str | None = None, *, person: str | None = None,
    kinds: frozenset[AuthoriserKind] = EVERY_KIND,
) -> Actor:  # fmt: skip
    """A person of the landlord LMH, or a partner, signed in; an authoriser of every kind unless said otherwise."""
    landlord = "LMH" if role in LANDLORD_ROLES else None
    made = enrol.enrol(
        hub.house, None, role=role, landlord=landlord, agency=agency, person=person,
        kinds=kinds if role is Role.AUTHORISER else frozenset(),
    )  # fmt: skip
    return enrol.who_is(hub.house, made.token)


def proved(hub: Hub, actor: Actor) -> Actor:
    """The same person, who proved just now who they are, by two factors."""
    return replace(actor, proved_at=hub.house.clock.now(), strength=Strength.TWO_FACTORS)


def lengthen_log(hub: Hub, count: int) -> None:
    """Add so many entries to the log, of a kind that is about nobody; each has a time of its own, as the clock goes."""
    facts = {"release": "test", "mode": "test", "size": 0}
    with hub.house.store.write(NOBODY) as tx:
        log.append(tx, [Entry(EntryKind.HUB_STARTED, hub.house.clock.now(), "hub", facts) for _ in range(count)])
