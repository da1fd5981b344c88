"""Joins each agency's partner profile to a transport, from settings; finds third-party connectors by entry point.

Every partner may be reached by every transport: a machine is sent an event, a person is handed paper.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Annotated, Literal, Protocol, runtime_checkable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from connectors.contract import (
    CONTRACT,
    Connector,
    Idempotency,
    Manifest,
    Message,
    Refused,
    Renderer,
    Rung,
    Transport,
)
from connectors.pace import Pace
from connectors.partners import (
    fire,
    housing_options,
    jag_citysafe,
    other_landlord,
    plain,
    police,
    social_services,
    stop_hate_uk,
    support_charity,
)
from connectors.partners.document import document
from connectors.partners.event import event
from connectors.partners.page import page
from connectors.partners.sections import Profile
from connectors.transports import carried, collection, secure_email, sftp, webhook
from connectors.transports.carried import Carried, CarriedSettings
from connectors.transports.collection import Collection, CollectionSettings
from connectors.transports.secure_email import SecureEmail, SecureEmailSettings
from connectors.transports.sftp import Sftp, SftpSettings
from connectors.transports.webhook import Webhook, WebhookSettings
from protocols.disclosure import Disclosure
from protocols.record.labels import Strict, wrong_fields
from protocols.record.referral import AgencyId
from protocols.vocabulary import AgencyKind

ENTRY_POINTS = "concordat.connectors"

PARTNERS: Mapping[str, tuple[Profile, ...]] = MappingProxyType({
    "fire": (fire.PROFILE,),
    "housing_options": (housing_options.PROFILE,),
    "jag_citysafe": (jag_citysafe.PROFILE,),
    "other_landlord": (other_landlord.PROFILE,),
    "plain": (plain.PROFILE,),
    "police": (police.PROFILE,),
    "social_services": (social_services.CHILDREN, social_services.ADULTS),
    "stop_hate_uk": (stop_hate_uk.PROFILE,),
    "support_charity": (support_charity.VICTIMS, support_charity.DRUGS_AND_ALCOHOL),
})  # fmt: skip
"""The built-in partners, each with one profile for each kind of recipient it speaks to."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the registry knows of a transport: its settings model, what it can prove, and whether a person reads it."""

    settings: type[Strict]
    highest_rung: Rung
    idempotency: Idempotency
    max_bytes: int
    for_people: bool = False


WAYS: Mapping[str, Way] = MappingProxyType({
    "carried": Way(
        CarriedSettings, carried.HIGHEST_RUNG, carried.IDEMPOTENCY, carried.MAX_BYTES, for_people=True
    ),
    "collection": Way(CollectionSettings, collection.HIGHEST_RUNG, collection.IDEMPOTENCY, collection.MAX_BYTES),
    "secure_email": Way(
        SecureEmailSettings, secure_email.HIGHEST_RUNG, secure_email.IDEMPOTENCY, secure_email.MAX_BYTES,
        for_people=True,
    ),
    "sftp": Way(SftpSettings, sftp.HIGHEST_RUNG, sftp.IDEMPOTENCY, sftp.MAX_BYTES),
    "webhook": Way(WebhookSettings, webhook.HIGHEST_RUNG, webhook.IDEMPOTENCY, webhook.MAX_BYTES),
})  # fmt: skip
"""The built-in transports."""

OWN = "own"
"""The transport of a third-party connector, which brings its own."""


class DoorsRefused(Exception):
    """The settings of the agencies' doors cannot be used: names agency and field, never the value found there."""


class AgencyDoor(Strict):
    """One agency's door: what kind it is, which partner profile it hears, by which transport, with which settings."""

    kind: Annotated[AgencyKind, Field(strict=False)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    partner: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
    transport: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
    settings: dict[str, object] = Field(default_factory=dict)
    capacities: tuple[Literal["relevant_authority", "competent_authority"], ...] = Field(default=(), strict=False)
    pace: Pace = Pace()


@runtime_checkable
class ThirdParty(Protocol):
    """What an entry point of the group `concordat.connectors` yields; its name is the partner's name in settings."""

    manifest: Manifest

    def build(self, settings: Mapping[str, object]) -> Connector:
        """A connector for one agency. Raises ValueError, naming the field and not the value, on unusable settings."""
        ...


def parse_doors(text: str) -> Mapping[str, AgencyDoor]:
    """The doors of a TOML text with one table `[agencies.<id>]` each. Raises DoorsRefused."""
    try:
        tables: object = tomllib.loads(text).get("agencies")
    except tomllib.TOMLDecodeError as problem:
        raise DoorsRefused(f"not TOML: {problem}") from None
    if not isinstance(tables, dict) or not tables:
        raise DoorsRefused("no agency has a door; write one table [agencies.agy_...] for each")
    return MappingProxyType({_agency_id(agency): _door(agency, table) for agency, table in tables.items()})


def build(agencies: Mapping[str, AgencyDoor], signing_key: Ed25519PrivateKey, hub_name: str) -> Mapping[str, Connector]:
    """A connector for each agency. Opens nothing and reads no secret.

    `hub_name` is how the hub greets others (user agent, mail greeting); a host name of the landlord's is best.
    Raises DoorsRefused where a door names no known partner or transport, the kind is not one the partner speaks to,
    or an installed third-party connector is made for another contract or takes a name already taken.
    """
    third_parties = _third_parties()
    greeting = re.sub(r"[^A-Za-z0-9.-]+", "-", hub_name).strip("-.") or "concordat"
    connectors: dict[str, Connector] = {}
    for agency, door in agencies.items():
        if door.partner in third_parties:
            connectors[agency] = _brought(agency, door, third_parties[door.partner])
        else:
            connectors[agency] = _built_in(agency, door, signing_key, greeting)
    return MappingProxyType(connectors)


def timeout_of(door: AgencyDoor) -> float | None:
    """How many seconds an attempt at this door takes at the most; None where its transport has no such setting."""
    if door.transport not in WAYS:
        return None
    settings = WAYS[door.transport].settings.model_validate(door.settings)
    found: object = getattr(settings, "timeout", None)
    return found if isinstance(found, float) else None


def _agency_id(agency: str) -> str:
    try:
        return TypeAdapter(AgencyId).validate_python(agency)
    except ValidationError:
        raise DoorsRefused("agencies: an id is not agy_ and small letters, digits or _") from None


def _door(agency: str, table: object) -> AgencyDoor:
    try:
        door = AgencyDoor.model_validate(table)
        if door.transport in WAYS:
            WAYS[door.transport].settings.model_validate(door.settings)
    except ValidationError as problem:
        raise DoorsRefused(_says(agency, problem)) from None
    return door


def _says(agency: str, problem: ValidationError) -> str:
    within = "" if problem.title == AgencyDoor.__name__ else "settings."
    return f"agencies.{agency}: {wrong_fields(problem, within)}"


def _built_in(agency: str, door: AgencyDoor, signing_key: Ed25519PrivateKey, hub_name: str) -> Connector:
    if door.partner not in PARTNERS:
        raise DoorsRefused(f"agencies.{agency}: partner: none of that name; there are {', '.join(PARTNERS)}")
    if door.transport not in WAYS:
        raise DoorsRefused(f"agencies.{agency}: transport: none of that name; there are {', '.join(WAYS)}")
    manifest = built_in_manifest(door.partner, door.transport)
    if door.kind not in manifest.recipients:
        raise DoorsRefused(f"agencies.{agency}: kind: the partner profile does not speak to that kind of agency")
    try:
        transport = _transport(door, signing_key, hub_name)
    except ValidationError as problem:
        raise DoorsRefused(_says(agency, problem)) from None
    return Connector(manifest, _renderer(PARTNERS[door.partner], WAYS[door.transport].for_people), transport)


def built_in_manifest(partner: str, transport: str) -> Manifest:
    """The manifest of one built-in pair. KeyError where there is no such partner or transport."""
    way = WAYS[transport]
    return Manifest(
        id=f"{partner}.{transport}",
        version="1",
        contract=CONTRACT,
        recipients=frozenset(kind for profile in PARTNERS[partner] for kind in profile.recipients),
        highest_rung=way.highest_rung,
        idempotency=way.idempotency,
        max_bytes=way.max_bytes,
        carried_by_a_person=transport == "carried",
        collected=transport == "collection",
    )


def _renderer(profiles: tuple[Profile, ...], for_people: bool) -> Renderer:
    by_kind = {kind: profile for profile in profiles for kind in profile.recipients}
    papers = {"document": document, "page": page}

    def render(disclosure: Disclosure) -> Message:
        profile = by_kind.get(disclosure.recipient)
        if profile is None:
            raise Refused("wrong_recipient", "this door's profile does not speak to that kind of recipient")
        return papers[profile.paper](profile, disclosure) if for_people else event(profile, disclosure)

    return render


def _transport(door: AgencyDoor, signing_key: Ed25519PrivateKey, hub_name: str) -> Transport:
    match door.transport:
        case "carried":
            return Carried(CarriedSettings.model_validate(door.settings))
        case "collection":
            CollectionSettings.model_validate(door.settings)
            return Collection()
        case "secure_email":
            return SecureEmail(SecureEmailSettings.model_validate(door.settings), hub_name)
        case "sftp":
            return Sftp(SftpSettings.model_validate(door.settings))
        case _:
            return Webhook(WebhookSettings.model_validate(door.settings), signing_key, hub_name)


def _third_parties() -> Mapping[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        if entry.name in PARTNERS or entry.name in found:
            raise DoorsRefused(f"two connectors are called {entry.name}; uninstall one or rename its entry point")
        found[entry.name] = entry
    return found


def _brought(agency: str, door: AgencyDoor, entry: EntryPoint) -> Connector:
    if door.transport != OWN:
        raise DoorsRefused(f'agencies.{agency}: transport: this connector brings its own; write "{OWN}"')
    try:
        offered: object = entry.load()
    except (ImportError, AttributeError):
        raise DoorsRefused(f"connector {entry.name} cannot be loaded from {entry.value}") from None
    if not isinstance(offered, ThirdParty) or not isinstance(offered.manifest, Manifest):
        raise DoorsRefused(f"connector {entry.name} offers no manifest and build; see docs/connectors.md")
    if offered.manifest.contract != CONTRACT:
        says = f"is made for contract {offered.manifest.contract}; this hub keeps contract {CONTRACT}"
        raise DoorsRefused(f"connector {entry.name} {says}")
    if door.kind not in offered.manifest.recipients:
        raise DoorsRefused(f"agencies.{agency}: kind: the connector does not speak to that kind of agency")
    try:
        return offered.build(door.settings)
    except ValueError as problem:
        raise DoorsRefused(f"agencies.{agency}: settings: {problem}") from None
