"""Who runs the hub's own machine: opens the hub's data beside it, as every command does, and once for all of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.access.roles import AuthoriserKind, Role
from hub.bootstrap import open_hub
from hub.flow import agree, enrol
from hub.ids import Prefix, new_id
from hub.settings import Settings


class Operator:
    """The operator of the hub over `data`, which was started before."""

    def __init__(self, data: Path) -> None:
        """Open it, as no setting of the environment says otherwise. Raises ConcordatError."""
        self._hub = open_hub(Settings(_env_prefix="NO_SETTING_OF_THE_DEMO_", data_dir=data), create=False)

    def close(self) -> None:
        """Let go of the hub's data."""
        self._hub.house.store.close()

    def token(self, role: Role, landlord: str | None, agency: str | None = None, person: str | None = None) -> str:
        """The token of somebody new, or of this person; an authoriser is one of every kind (`concordat token`)."""
        kinds = frozenset(AuthoriserKind) if role is Role.AUTHORISER else frozenset[AuthoriserKind]()
        made = enrol.enrol(
            self._hub.house, None, role=role, landlord=landlord, agency=agency, person=person, kinds=kinds
        )
        return made.token

    def approve(self, references: Sequence[str], landlords: Iterable[str]) -> None:
        """Have agreements count for landlords, two people behind each (`concordat agreements approve`)."""
        people = [new_id(Prefix.PERSON), new_id(Prefix.PERSON)]
        for landlord in landlords:
            agree.take_here(self._hub.house, landlord, references, agree.Step.APPROVED, people)
