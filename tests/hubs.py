"""A hub in this process, with partners that need no server: one is handed packs in a folder, another collects."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.access.roles import Actor, Role
from hub.bootstrap import Hub, open_hub
from hub.clock import Clock
from hub.flow import enrol
from hub.settings import Settings
from tests.cases import KINDS, write_agreements

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


def open_test_hub(data: Path, url: str, clock: Clock | None = None, *, create: bool = True) -> Hub:
    """A started hub. `agy_fire` collects; `agy_advice` is mailed through a relay that never answers; every other
    partner is carried to, in the folder `out` beside `data`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    carried = f'transport = "carried"\nsettings = {{ folder = "{data.parent / "out"}" }}'
    ways = {
        "agy_fire": 'transport = "collection"',
        "agy_advice": 'transport = "secure_email"\nsettings = { host = "127.0.0.1", port = 1, '
        'sender = "hub@homes.harbour.example", recipient = "cases@advice.example" }',
    }
    doors = [
        f'[agencies.{agency}]\nkind = "{KINDS[agency]}"\nname = "Example"\npartner = "{partner}"\n'
        f"{ways.get(agency, carried)}\n"
        for agency, partner in PARTNERS.items()
    ]
    (data / "partners.toml").write_text("\n".join(doors), encoding="utf-8")
    write_agreements(data / "agreements")
    hub = open_hub(Settings(data_dir=data, database_url=url), create=create, clock=clock)
    hub.start()
    enrol.set_policy_document(hub.house, None, "LMH", hub.house.clock.now() + timedelta(days=300))
    return hub


def somebody(hub: Hub, role: Role, agency: str | None = None) -> Actor:
    """A person of the landlord LMH, or a partner, signed in."""
    landlord = "LMH" if role in (Role.OFFICER, Role.AUTHORISER, Role.DPO) else None
    made = enrol.enrol(hub.house, None, role=role, landlord=landlord, agency=agency)
    return enrol.who_is(hub.house, made.token)
