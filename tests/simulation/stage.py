"""The house on its simulated ground, and the databases from which histories begin."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.access.passkeys import RelyingParty
from hub.access.roles import Actor, AuthoriserKind, Role, Strength
from hub.decision import rulebook
from hub.delivery.backlog import Backlog
from hub.delivery.doors import Doors
from hub.delivery.introductions import Introduced
from hub.flow import agree, document, enrol
from hub.flow.document import NewDocument
from hub.flow.house import House
from hub.flow.refer import refer
from hub.flow.rotate import open_own_key
from hub.ids import Prefix, new_id
from hub.keys import KeyRing, LocalRoot, Roots
from hub.register import relied_on
from hub.register.agencies import Agency
from hub.register.documents import Kind
from hub.store import migrate
from protocols.vocabulary import AgencyKind
from tests.cases import KINDS, agreement
from tests.simulation.choices import Repeated
from tests.simulation.partners import Folder, Ledger, Line, connector
from tests.simulation.randomness import all_from
from tests.simulation.scenes import BEGINS, LEASE, STRANGER, WAYS, Plan, Scene, plans
from tests.simulation.world import Disk, World

GIVES_UP_HOURS = 4.0


class Stage:
    """One hub, built once in a process; every history begins from a scene of it."""

    def __init__(self) -> None:
        with all_from("stage"):
            self.world = World(Repeated(()), BEGINS)
            self.keys = KeyRing(Roots(LocalRoot(b"r" * 32)), Ed25519PrivateKey.from_private_bytes(b"s" * 32),
                                Ed25519PrivateKey.from_private_bytes(b"l" * 32))  # fmt: skip
            self.rules = rulebook.read()
            self.disk = Disk(self.world, self.keys)
            self.people = _people()
            self.house, self.ledger = self._house(), Ledger()
            self._set_up()
            bare = self.disk.file.serialize()
            self.scenes = tuple(self._scene(bare, plan) for plan in plans())

    def begin(self, world: World, scene: Scene) -> tuple[House, Ledger]:
        """The house and the ledgers of a new history."""
        self.disk.load(scene.database)
        relied_on._KNOWN.clear()  # what a process remembers of its database is of this database
        self.disk.world = self.world = world
        self.ledger = Ledger()
        self.house = replace(self.house, clock=world, doors=self._doors(), backlog=_backlog(world),
                             introduced=Introduced(), hold=scene.hold)  # fmt: skip
        return self.house, self.ledger

    def start_again(self) -> None:
        """As an embedded hub starts: nothing is remembered, and the leases of those who died end."""
        relied_on._KNOWN.clear()
        self.house = replace(self.house, introduced=Introduced(), backlog=_backlog(self.world))
        enrol.start(self.house, release="0", embedded=True, alone=True, known=_agencies(self.house.doors), on_file=())

    def _house(self) -> House:
        self.ledger = Ledger()
        return House(
            store=self.disk, clock=self.world, rulebook=self.rules, doors=self._doors(), keys=self.keys,
            name="hub.harbour.example", lease=LEASE, give_up_after_hours=GIVES_UP_HOURS,
            party=RelyingParty("https://hub.harbour.example", "hub"), provider=None,
            session_idle=timedelta(hours=1), session_lasting=timedelta(hours=8), backlog=_backlog(self.world),
        )  # fmt: skip

    def _doors(self) -> Doors:
        made = {}
        for agency, (way, repeats) in WAYS.items():
            line = (Folder if way == "carried" else Line)(self.world, self.disk, self.ledger, agency)
            made[agency] = connector(line, way, repeats)
        return Doors(made, dict.fromkeys(WAYS, "ab" * 32))

    def _set_up(self) -> None:
        migrate.upgrade(self.disk.engine)
        open_own_key(self.house)
        known = _agencies(self.house.doors)
        papers = tuple(agreement(agency) for agency in WAYS if agency != STRANGER)
        enrol.start(self.house, release="0", embedded=True, alone=True, known=known, on_file=papers)
        document.set_policy_document(self.house, None, "LMH", BEGINS + timedelta(days=300))
        drafts = [seen.paper.reference for seen in agree.list_agreements(self.house, None)]
        agree.take_here(self.house, "LMH", drafts, agree.Step.APPROVED, [new_id(Prefix.PERSON) for _ in range(2)])
        until = BEGINS + timedelta(days=300)
        document.record(self.house, None, "LMH", NewDocument(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, None, None, until))

    def _scene(self, bare: bytes, plan: Plan) -> Scene:
        self.disk.load(bare)
        house, officer = replace(self.house, hold=plan.hold), self.people["officer"]
        accepted = {each.key: refer(house, officer, each.raw, each.key).referral_id for each in plan.told}
        return Scene(plan.name, plan.told, plan.later, plan.hold, self.disk.file.serialize(), accepted)


def _backlog(world: World) -> Backlog:
    return Backlog(1_000, lambda: (world.now() - BEGINS).total_seconds())  # noqa: PLW0108 - the clock of the moment it is asked


def _people() -> dict[str, Actor]:
    def one(role: Role, **more: Any) -> Actor:  # noqa: ANN401 - the other fields of an actor
        return Actor(new_id(Prefix.CREDENTIAL), new_id(Prefix.PERSON), role, strength=Strength.TWO_FACTORS, **more)

    people = {
        "officer": one(Role.OFFICER, landlord="LMH"), "supervisor": one(Role.SUPERVISOR, landlord="LMH"),
        "authoriser": one(Role.AUTHORISER, landlord="LMH", kinds=frozenset(AuthoriserKind)),
        "dpo": one(Role.DPO, landlord="LMH"), "administrator": one(Role.ADMINISTRATOR),
    }  # fmt: skip
    return people | {agency: one(Role.PARTNER, agency=agency) for agency in WAYS}


def _agencies(doors: Doors) -> tuple[Agency, ...]:
    return tuple(
        Agency(agency, AgencyKind(KINDS[agency]), f"{agency} example", doors.transport_code(agency), "ab" * 32)
        for agency in WAYS
    )
