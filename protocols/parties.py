"""Who stands on either side of an agreement: the landlord that controls the data, the agency that receives it.

UK GDPR Art 4(7)-(9) for controller, processor and recipient, Art 26 for joint controllers, Art 28 for processors.
"""

from collections.abc import Callable
from enum import StrEnum, unique
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from protocols.vocabulary import AgencyKind

LandlordCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,19}$")]
AgencyId = Annotated[str, StringConstraints(pattern=r"^agy_[a-z0-9_]{2,60}$")]
OrganisationName = Annotated[str, StringConstraints(min_length=2, max_length=120)]


@unique
class PartyRole(StrEnum):
    """What an organisation is to the data that an agreement lets pass."""

    CONTROLLER = "controller"  # decides why and how; here always the landlord that discloses
    JOINT_CONTROLLER = "joint_controller"  # decides together with another (Art 26)
    RECIPIENT = "recipient"  # receives, and from then on answers for its copy itself
    PROCESSOR = "processor"  # receives to act on the landlord's instructions alone (Art 28)


def _limited_to(*allowed: PartyRole) -> Callable[[PartyRole], PartyRole]:
    def check(role: PartyRole) -> PartyRole:
        if role not in allowed:
            words = ", ".join(allowed)
            raise PydanticCustomError("role", "this side cannot have that role", {"remedy": f"use one of: {words}"})
        return role

    return check


ControllerRole = Annotated[
    PartyRole, Field(strict=False), AfterValidator(_limited_to(PartyRole.CONTROLLER, PartyRole.JOINT_CONTROLLER))
]
RecipientRole = Annotated[
    PartyRole,
    Field(strict=False),
    AfterValidator(_limited_to(PartyRole.RECIPIENT, PartyRole.JOINT_CONTROLLER, PartyRole.PROCESSOR)),
]


class _Party(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    name: OrganisationName


class Controller(_Party):
    """A landlord that discloses under the agreement; `landlord` is its code on the hub ("LMH")."""

    landlord: LandlordCode
    role: ControllerRole = PartyRole.CONTROLLER


class Recipient(_Party):
    """One named agency that receives under the agreement: its id on the register, its kind, its name.

    An agreement binds organisations that signed it, never a whole kind of agency.
    """

    agency: AgencyId
    kind: AgencyKind = Field(strict=False)
    role: RecipientRole = PartyRole.RECIPIENT
