"""A landlord's routine flows: to which kind of body, for what purpose, by which section of its policy.

Routine sharing goes under an agreement (LMH 4, Fairhive 3.12, MHP 8.2, PCHA 3.5.2; ICO data sharing code): a data
protection officer wants to know of a flow that none covers before the first case. The flows are data: `routine.toml`.
"""

import tomllib
from typing import Annotated

from pydantic import Field, StringConstraints

from protocols.record import PersonRole, Strict
from protocols.vocabulary import AgencyKind, Purpose


class Flow(Strict):
    """One routine flow: a kind of recipient, the purposes, whom it is about, and the section that speaks of it."""

    landlord: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,20}$")]
    recipient: AgencyKind = Field(strict=False)
    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    about: PersonRole = Field(default=PersonRole.VICTIM, strict=False)
    source: Annotated[str, StringConstraints(min_length=3, max_length=120)]


class _File(Strict):
    flow: tuple[Flow, ...] = Field(min_length=1, strict=False)


def parse_flows(text: str) -> tuple[Flow, ...]:
    """The flows that the TOML text lists. Raises ValueError for what is no list of flows."""
    return _File.model_validate(tomllib.loads(text)).flow
