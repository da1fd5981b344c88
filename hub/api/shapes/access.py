"""What is said and told at the door: signing in, credentials, policy documents."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from hub.access.roles import Role
from hub.intake.strict_json import Instant
from protocols.record import Strict


class SignInRequest(Strict):
    """A one-time code."""

    code: Annotated[str, StringConstraints(min_length=20, max_length=100)]


class SignedIn(BaseModel):
    """A credential for a while. The token is told once."""

    token: str
    role: Role
    expires_at: datetime


class NewCredential(Strict):
    """Whom to enrol. Officers, authorisers and DPOs belong to a landlord, partners to an agency."""

    role: Role = Field(strict=False)
    landlord: Literal["LMH", "OHG", "FAIRHIVE", "MHP", "PCHA"] | None = None
    agency: Annotated[str, StringConstraints(pattern=r"^agy_[a-z0-9_]{2,60}$")] | None = None
    person: Annotated[str, StringConstraints(pattern=r"^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")] | None = None


class CredentialMade(BaseModel):
    """A credential, and whose it is. The token is told once. Give `person` again to make the same person another."""

    id: str
    person: str
    token: str


class PolicyDocument(Strict):
    """Until when a landlord's appropriate policy document is in date; null: there is none."""

    review_by: Instant | None = Field(strict=False)
