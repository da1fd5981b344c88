"""The register of disclosures, as a data protection officer reads it and takes it away. Each reading is an entry.

What went and on what ground is content, because that "health" went tells of health: it stays sealed, and is looked at
after the rows were found by what stands in the clear. So a page may hold fewer than asked for, or none, and go on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from hub.access.cases import ReadFor, purpose_of
from hub.access.roles import Act, Actor, require, require_landlord
from hub.audit import log
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.audit.shape import Fact
from hub.delivery import disclosed
from hub.delivery.disclosed import Disclosed, Place, Which
from hub.errors import BadInput, NotFound
from hub.flow.house import House
from hub.flow.went import Went, opened
from hub.ids import Prefix, new_id
from hub.register import agencies
from hub.store.unit_of_work import Reading
from protocols.record import known_paths
from protocols.vocabulary import Basis

MOST: Final = 100
"""Disclosures that one reading shows at the most, and `MOST_TAKEN` that one export does."""
MOST_TAKEN: Final = 200
_LOOKED_AT: Final = 200
"""Disclosures that one reading opens at the most: on SQLite whoever writes an entry keeps all others waiting."""
_TOGETHER: Final = 50
_IN_ONE_ENTRY: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the register. `basis`, `agreement` and `path` are looked at once a disclosure was opened."""

    agency: str | None = None
    officer: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    basis: Basis | None = None
    agreement: str | None = None
    path: str | None = None
    landlord: str | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of what is filtered by, for the log."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is not None)

    @property
    def opens(self) -> bool:
        """Whether it is shown only once a disclosure was opened that it fits."""
        return (self.basis, self.agreement, self.path) != (None, None, None)

    def fits(self, went: Went | None) -> bool:
        """Whether what went is what is asked for; of somebody erased nobody knows any more."""
        if went is None:
            return not self.opens
        return (
            (self.basis is None or self.basis in went.basis)
            and (self.agreement is None or went.is_under(self.agreement))
            and (self.path is None or self.path in went.paths)
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A disclosure with its agency's name and what went; `went` is None where the person was erased."""

    disclosed: Disclosed
    agency: str
    went: Went | None


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the register, the last released first. `following`: where it goes on; None at its end."""

    shown: tuple[Shown, ...]
    following: Place | None


def read_register(
    house: House, actor: Actor, asked: Asked, *, after: Place | None = None, at_most: int = MOST,
    purpose: ReadFor | None = None,
) -> Page:  # fmt: skip
    """The next part of the register of the actor's landlord.

    Raises NotFound for another landlord, BadInput for what no disclosure can be asked by, NotAllowed.
    """
    require(actor, Act.READ_REGISTER)
    return _read(house, actor, asked, after, min(at_most, MOST), "list", purpose)


def take_register(
    house: House, actor: Actor, asked: Asked, form: str, *, after: Place | None = None, purpose: ReadFor | None = None
) -> Page:
    """As `read_register`, to be taken away as that form: its name is in the entry."""
    require(actor, Act.EXPORT_REGISTER)
    return _read(house, actor, asked, after, MOST_TAKEN, f"export.{form}", purpose)


def _read(
    house: House, actor: Actor, asked: Asked, after: Place | None, at_most: int, view: str, purpose: ReadFor | None
) -> Page:
    reads_for, landlord = purpose_of(actor, purpose), landlord_of(actor)
    require_landlord(actor, asked.landlord or landlord)
    _check(asked)
    with house.store.write(actor.scope) as tx:
        if asked.agency is not None:
            agencies.get(tx, asked.agency)
        page = _scan(tx, landlord, asked, after, at_most)
        about: dict[str, Fact] = {"filters": asked.filters, "disclosures": len(page.shown)}
        shown = [one.disclosed.row.referral_id for one in page.shown]
        now = house.clock.now()
        log.append(tx, readings(EntryKind.REGISTER_READ, actor, view, reads_for, now, shown, about))
    return page


def landlord_of(actor: Actor) -> str:
    """Whose register it is. Raises NotFound for somebody of no landlord."""
    if actor.landlord is None:
        raise NotFound("NOT_FOUND", "this credential belongs to no landlord")
    return actor.landlord


def readings(
    kind: EntryKind, actor: Actor, view: str, purpose: ReadFor, now: datetime, referral_ids: Sequence[str],
    about: dict[str, Fact],
) -> list[Entry]:  # fmt: skip
    """The entries of one reading: whose referrals were shown, by id, so many in each as an entry takes."""
    reading, shown = new_id(Prefix.ENTRY), list(dict.fromkeys(referral_ids))
    parts = [shown[start : start + _IN_ONE_ENTRY] for start in range(0, len(shown), _IN_ONE_ENTRY)] or [[]]
    return [
        Entry(kind, now, actor.person, {
            "reading": reading, "part": number, "view": view, "purpose": purpose.value,
            "strength": actor.strength.value, "referrals": part, **about,
        })
        for number, part in enumerate(parts, start=1)
    ]  # fmt: skip


def show(tx: Reading, landlord: str, rows: Sequence[Disclosed]) -> Iterator[Shown]:
    """These disclosures, opened together."""
    went = opened(tx, landlord, rows)
    for row in rows:
        yield Shown(row, agencies.get(tx, row.row.agency).name, went.get(row.row.id))


def _scan(tx: Reading, landlord: str, asked: Asked, after: Place | None, at_most: int) -> Page:
    looks_at = _LOOKED_AT if asked.opens else at_most
    which = Which(asked.agency, asked.officer, asked.since, asked.before)
    found = disclosed.page(tx, which, after, looks_at + 1)
    shown: list[Shown] = []
    for start in range(0, min(looks_at, len(found)), _TOGETHER):
        together = found[start : min(start + _TOGETHER, looks_at)]
        for one in show(tx, landlord, together):
            shown += [one] if asked.fits(one.went) else []
            if len(shown) == at_most:
                return Page(tuple(shown), one.disclosed.place if one.disclosed != found[-1] else None)
    return Page(tuple(shown), found[looks_at - 1].place if len(found) > looks_at else None)


def _check(asked: Asked) -> None:
    if asked.path is not None and asked.path not in known_paths():
        raise BadInput("PATH_UNKNOWN", "field", "no field of a record has that path",
                       "use a path as a disclosure shows it, such as victim.name")  # fmt: skip
    if asked.since is not None and asked.before is not None and asked.since >= asked.before:
        raise BadInput("DATES_WRONG", "to", "lies before from", "give the first and the last day")
